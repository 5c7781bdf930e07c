"""What the file means and cannot come up: sessions and adjacencies, each with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec


class Hindrance(msgspec.Struct, frozen=True, order=True):
    """A session or adjacency that cannot come up; one for both of its ends.

    Attributes:
        kind: Such as ``BGP session`` or ``OSPFv2 adjacency``.
        cause: Why, in words that others of the same sort share.
        node: One end.
        other: The other end.
        detail: Why, in full.
    """

    kind: str
    cause: str
    node: str
    other: str
    detail: str

    def __str__(self) -> str:
        return f"{self.node} – {self.other}: no {self.kind}: {self.detail}"


def summary(found: Sequence[Hindrance]) -> str:
    """Return how many of what cannot come up, and why: ``11 BGP sessions cannot come up: no route to …``."""
    counts = Counter(hindrance.kind for hindrance in found)
    kinds = (f"{n} {kind if n == 1 else _plural(kind)}" for kind, n in counts.items())
    causes = dict.fromkeys(hindrance.cause for hindrance in found)
    return f"{' and '.join(kinds)} cannot come up: {', '.join(causes)}"


def details(found: Sequence[Hindrance]) -> list[str]:
    """Return a line for each cause: the first in full, and how many others are alike."""
    alike: dict[tuple[str, str], list[Hindrance]] = {}
    for hindrance in found:
        alike.setdefault((hindrance.kind, hindrance.cause), []).append(hindrance)
    return [f"{those[0]}{_more(len(those) - 1)}" for those in alike.values()]


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def _more(number: int) -> str:
    return f" (and {number} more like it)" if number else ""
