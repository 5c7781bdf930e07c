"""FRR's programs on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from nlan.engines.base import Program, tool, version
from nlan.engines.frr.capabilities import Capabilities
from nlan.errors import HostError

DIRECTORIES = ("/usr/lib/frr", "/usr/libexec/frr", "/usr/local/sbin", "/usr/sbin")
"""Where distributions put FRR's daemons."""
MANAGER = "mgmtd"
NEEDED = ("zebra", MANAGER, "bgpd", "ospfd", "ospf6d", "staticd")
"""The daemons that a lab without raw lines may ask for."""


class FrrPrograms:
    """FRR's daemons and its shell."""

    def capabilities(self) -> Capabilities:
        """Return what this machine's FRR can do."""
        from nlan.engines.frr.config.words import RAW_DAEMONS

        return Capabilities(manager=has_manager(), absent=absent(RAW_DAEMONS))

    def missing(self, daemons: Iterable[str]) -> dict[str, str]:
        """Return those that are not installed."""
        found = {}
        for daemon in sorted(set(daemons)):
            try:
                program(daemon)
            except HostError as error:
                found[daemon] = f"{error} (Debian: apt-get install frr)"
        return found

    def all(self) -> Iterator[Program]:
        """Yield the daemons that labs need, and vtysh."""
        for daemon in NEEDED:
            if daemon != MANAGER or has_manager():
                yield _described(daemon)
        yield tool("vtysh", "talking to FRR in nodes", "frr")


def _described(daemon: str) -> Program:
    try:
        detail, present = version([program(daemon), "--version"]), True
    except HostError as error:
        detail, present = str(error), False
    return Program(daemon, present, True, detail, "routing", "apt-get install frr")


def program(daemon: str) -> str:
    """Return the path of a daemon's program; ``ospfd-2`` is ospfd's for its instance 2.

    Raises:
        HostError: FRR is not installed, or not that part of it.
    """
    if (path := find_program(daemon.partition("-")[0])) is not None:
        return path
    raise HostError(f"{daemon} is missing: install FRR (looked in {', '.join(DIRECTORIES)})")


def find_program(daemon: str, folders: Sequence[str] = DIRECTORIES) -> str | None:
    """Return the path of a daemon's program, None where it is in none of the folders."""
    paths = (f"{folder}/{daemon}" for folder in folders)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def absent(daemons: Iterable[str]) -> frozenset[str]:
    """Return those of the daemons that this machine's FRR lacks; none where there is no FRR at all."""
    if find_program("zebra") is None:
        return frozenset()
    return frozenset(daemon for daemon in daemons if find_program(daemon) is None)


def has_manager(folders: Sequence[str] = DIRECTORIES) -> bool:
    """Tell whether the FRR in these folders works with mgmtd, as it does since version 9.

    Where no FRR is installed at all, a new one is assumed.
    """
    return find_program(MANAGER, folders) is not None or find_program("zebra", folders) is None
