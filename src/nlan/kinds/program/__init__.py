"""Programs: a process in a node, such as dnsmasq, with files of its own.

Each has a directory of its own in the node's run directory, which holds its files; what it keeps there itself
(leases) outlives a restart. A process bears nlan's mark in its environment, so that it is found by what runs,
even where the file with its number was never written. What it runs with is the receipt's and the files' to
tell: a file that somebody changed, or a change that was cut short, is a difference.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import Any

from nlan.kinds.base import Driver, Kind
from nlan.kinds.program.driver import ProgramDriver
from nlan.kinds.program.resource import (
    CUT_SHORT,
    DIRECTORY,
    STANDS_STILL,
    WITHOUT_ID,
    File,
    Program,
)
from nlan.resources.base import Resource

__all__ = [
    "CUT_SHORT",
    "DIRECTORY",
    "KIND",
    "STANDS_STILL",
    "WITHOUT_ID",
    "File",
    "Program",
    "ProgramDriver",
]


class ProgramKind(Kind[Program]):
    """How programs are run and found."""

    resource = Program

    def why_not(self, desired: Program, place: Any) -> Iterable[tuple[str, str]]:
        """Say where the program is not installed."""
        if shutil.which(desired.argv[0]) is None:
            how = f"; the package {desired.package} has it" if desired.package else ""
            yield desired.name, f"{desired.argv[0]} is not installed{how}"

    def driver(self, place: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver."""
        return ProgramDriver(place)


KIND = ProgramKind()
