"""What the file means and cannot come up: sessions and adjacencies, each with the reason.

Only what the model tells for certain: where raw lines speak of the protocol at either end, they may have
made it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from typing import Literal

import msgspec

from nlan.expect.segments import Topology
from nlan.services.router.expect import bgp, ospf
from nlan.services.router.expect.bgp import Known, Session
from nlan.values import natural

_PLURAL = {
    "BGP session": "BGP sessions",
    "OSPFv2 adjacency": "OSPFv2 adjacencies",
    "OSPFv3 adjacency": "OSPFv3 adjacencies",
}


class Hindrance(msgspec.Struct, frozen=True, order=True):
    """A session or adjacency that cannot come up; one for both of its ends.

    Attributes:
        kind: ``BGP session``, ``OSPFv2 adjacency`` or ``OSPFv3 adjacency``.
        cause: Why, in words that others of the same sort share.
        node: One end.
        other: The other end.
        detail: Why, in full.
    """

    kind: Literal["BGP session", "OSPFv2 adjacency", "OSPFv3 adjacency"]
    cause: str
    node: str
    other: str
    detail: str

    def __str__(self) -> str:
        return f"{self.node} – {self.other}: no {self.kind}: {self.detail}"


def hindrances(topology: Topology, known: Known, sessions: Collection[Session]) -> tuple[Hindrance, ...]:
    """Return what cannot come up, sorted by cause and node.

    Args:
        topology: Of the lab.
        known: Prefixes that each router learns by any means: a session may come up over what another
            one brings.
        sessions: Those that come up.
    """
    found: dict[tuple[str, ...], Hindrance] = {}
    for version, hindrance in _all(topology, known, {(s.node, s.peer) for s in sessions}):
        pair = sorted((hindrance.node, hindrance.other), key=natural)
        found.setdefault((hindrance.kind, str(version), *pair), hindrance)
    return tuple(sorted(found.values(), key=lambda h: (h.kind, h.cause, natural(h.node), natural(h.other))))


def _all(topology: Topology, known: Known, up: Container[tuple[str, str]]) -> Iterator[tuple[int, Hindrance]]:
    for node, other, version, cause, detail in bgp.hindered(topology, known, up):
        yield version, Hindrance("BGP session", cause, node, other, detail)
    for node, other, cause, detail in ospf.hindered(topology, 4):
        yield 4, Hindrance("OSPFv2 adjacency", cause, node, other, detail)
    for node, other, cause, detail in ospf.hindered(topology, 6):
        yield 6, Hindrance("OSPFv3 adjacency", cause, node, other, detail)


def summary(found: Sequence[Hindrance]) -> str:
    """Return how many of what cannot come up, and why: ``11 BGP sessions cannot come up: no route to …``."""
    counts = Counter(hindrance.kind for hindrance in found)
    kinds = (f"{n} {kind if n == 1 else _PLURAL[kind]}" for kind, n in counts.items())
    causes = dict.fromkeys(hindrance.cause for hindrance in found)
    return f"{' and '.join(kinds)} cannot come up: {', '.join(causes)}"


def details(found: Sequence[Hindrance]) -> list[str]:
    """Return a line for each cause: the first in full, and how many others are alike."""
    alike: dict[tuple[str, str], list[Hindrance]] = {}
    for hindrance in found:
        alike.setdefault((hindrance.kind, hindrance.cause), []).append(hindrance)
    return [f"{those[0]}{_more(len(those) - 1)}" for those in alike.values()]


def _more(number: int) -> str:
    return f" (and {number} more like it)" if number else ""
