"""What nlan is made of on this machine: the parts at each seam, where they come from, and what is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nlan.errors import PluginError
from nlan.kinds.base import by_name
from nlan.registry import Broken, Part, Registry, Seam, seams
from nlan.schema.resolving.contributors import contributors, vocabulary


class Parts(NamedTuple):
    """The parts of a registry.

    Attributes:
        usable: Sorted by seam, nlan's own first.
        broken: Other people's that are left out, and why.
        clashes: What does not go together, in sentences.
    """

    usable: tuple[Part, ...]
    broken: tuple[Broken, ...]
    clashes: tuple[str, ...] = ()


def parts(registry: Registry, more: Iterable[Seam[Any]] = ()) -> Parts:
    """Return all parts; other people's are imported, to see whether they can be.

    Args:
        registry: Where they are.
        more: Seams that a front adds to those of nlan's packages.
    """
    known: Mapping[str, Seam[Any]] = {seam.name: seam for seam in (*seams(), *more)}
    usable = tuple(part for name in sorted(known) for part in registry.parts(known[name]))
    strange = (part for part in registry.strangers if part.seam not in known)
    lost = tuple(Broken(part, f"nlan has no seam that is called {part.seam}") for part in strange)
    return Parts(usable, (*registry.broken, *lost), tuple(_clashes(registry)))


def _clashes(registry: Registry) -> Iterator[str]:
    tried: tuple[Callable[[], object], ...] = (
        lambda: by_name(registry),
        lambda: vocabulary(contributors(registry)),
    )
    for attempt in tried:
        try:
            attempt()
        except PluginError as clash:
            yield str(clash)
