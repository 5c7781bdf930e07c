"""Whose something is: which distribution brings an object at a seam, and whose code raised an error.

Asked where something is wrong only; so it costs what it costs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType

from nlan.registry import Part, Registry, load

_PRODUCT = "nlan.api."
"""What a plugin calls as anybody does: what is wrong behind it is nlan's."""


def words_of(part: Part) -> str:
    """Return a part in words, for errors: ``the service gre of our-tunnels 1.2``."""
    return f"the {_SINGULAR.get(part.seam, part.seam)} {part.name} of {part.origin}"


_SINGULAR = {
    "services": "service",
    "kinds": "kind",
    "engines": "routing engine",
    "dataplanes": "data plane",
    "runtimes": "runtime",
    "importers": "importer",
    "exporters": "exporter",
    "verbs": "verb",
}


def owner(found: object, parts: Iterable[Part] | None = None) -> Part | None:
    """Return the part that a distribution other than nlan's brings the object as; None for nlan's own."""
    for part in Registry().strangers if parts is None else parts:
        if part.target.partition(":")[0] in sys.modules and load(part) is found:
            return part
    return None


def blamed(error: BaseException, parts: Iterable[Part] | None = None) -> Part | None:
    """Return the part of another distribution whose code raised an error; None where that was nlan's.

    It is the last one on the way to the error, unless that called nlan as a product (`nlan.api`).

    Args:
        error: As it was caught.
        parts: What other distributions bring; what is installed, where none are given.
    """
    strangers = tuple(Registry().strangers if parts is None else parts)
    found: Part | None = None
    for module in _modules(error.__traceback__) if strangers else ():
        if module.startswith(_PRODUCT):
            found = None
        elif not module.startswith(("nlan.", "tega.")):
            found = _part_with(module, strangers) or found
    return found


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    """Yield the names of the modules on the way to an error."""
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next


def _part_with(module: str, parts: Iterable[Part]) -> Part | None:
    """Return the part whose code a module most likely is: the one that shares most of its path."""
    best, length = None, 0
    for part in parts:
        target = part.target.partition(":")[0].split(".")
        own = module.split(".")
        common = next(
            (n for n, pair in enumerate(zip(target, own, strict=False)) if pair[0] != pair[1]), None
        )
        shared = min(len(target), len(own)) if common is None else common
        if shared > length:
            best, length = part, shared
    return best
