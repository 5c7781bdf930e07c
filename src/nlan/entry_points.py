"""Whether installed packages add to nlan, found out without reading all their metadata.

That takes 15 ms and more; so the files are asked first whether any speaks of nlan.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache

PREFIX = "nlan."
"""What the groups of entry points begin with that are ours."""


def are_there() -> bool:
    """Tell whether any distribution on the path has entry points of ours; found out once for a path."""
    return _are_on(tuple(sys.path))


@lru_cache(maxsize=1)
def _are_on(path: tuple[str, ...]) -> bool:
    return any(map(_speaks_of_nlan, path))


def _speaks_of_nlan(directory: str) -> bool:
    """Tell whether a distribution in the directory has entry points of ours."""
    try:
        entries = [
            e.path for e in os.scandir(directory or ".") if e.name.endswith((".dist-info", ".egg-info"))
        ]
    except OSError:  # what is on the path need not be there, or a directory
        return False
    return any(f"[{PREFIX}" in _text(os.path.join(path, "entry_points.txt")) for path in entries)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:  # most distributions have none
        return ""
