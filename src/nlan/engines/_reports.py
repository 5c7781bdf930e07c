"""What daemons of all engines tell alike: sessions, neighbours, programs, lines of their logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class LogEvent(NamedTuple):
    """What a line of a daemon's log tells.

    Attributes:
        kind: ``configured``: somebody gave it a configuration command.
        subject: The peer or neighbour, or the command.
    """

    kind: Literal["session-up", "session-down", "configured"]
    subject: str


class BgpSession(NamedTuple):
    """One BGP peer as a daemon sees it.

    Attributes:
        peer: Its address.
        state: ``Established``, ``Active``, ``Idle``, …; with ``Admin`` in it where the configuration keeps
            the session down.
        peer_asn: Its AS as configured.
        established: How often the session came up since the daemon started.
        uptime_s: Seconds since it came up; while it is down, since it went down, or 0.
        prefixes: Received, per family (``ipv4``, ``ipv6``).
    """

    peer: str
    state: str
    peer_asn: int
    established: int
    uptime_s: float
    prefixes: dict[str, int]

    @property
    def up(self) -> bool:
        """Whether routes can be exchanged."""
        return self.state == "Established"

    @property
    def shut_down(self) -> bool:
        """Whether its configuration keeps it down."""
        return "Admin" in self.state


class OspfNeighbor(NamedTuple):
    """One OSPF neighbour.

    Attributes:
        router_id: Its identifier.
        address: Its address on the segment.
        interface: Ours.
        state: ``Full``, ``2-Way``, ``ExStart``, …
        role: ``DR``, ``Backup``, ``DROther`` or ``-``.
        up_s: Seconds in this state.
        version: 2, or 3 for IPv6.
        has_dr: Whether the segment has a designated router that we are adjacent to.
    """

    router_id: str
    address: str
    interface: str
    state: str
    role: str
    up_s: float
    version: int
    has_dr: bool = False

    @property
    def up(self) -> bool:
        """Whether the adjacency is complete, or complete as it gets between two that are not DR."""
        two_way = self.state in ("2-Way", "Twoway") and self.role == "DROther"
        return self.state == "Full" or (two_way and self.has_dr)


class Program(NamedTuple):
    """A program that an engine runs, or that helps to look at it, as ``nlan doctor`` shows it.

    Attributes:
        name: Such as ``bgpd``.
        present: Whether it is there.
        needed: Whether nlan's services need it; False for what is only useful.
        detail: A version, or why it is missing.
        purpose: What it is for.
        remedy: How to get it, where it is missing.
    """

    name: str
    present: bool
    needed: bool
    detail: str
    purpose: str
    remedy: str


class RawPlace(NamedTuple):
    """Where the raw configuration of a node stands: the file, and of each of its lines the line there."""

    file: str
    lines: tuple[int, ...]


class Watches(NamedTuple):
    """What tells of an engine's daemons while they run.

    Attributes:
        programs: Names of the processes (/proc/PID/comm) whose end is the end of a daemon.
        logs: The folder, in the node's run directory, with a file ``DAEMON.log`` of each daemon; empty for
            the run directory itself.
        run: The folder likewise with the daemons' sockets and process ids; None where those are in the run
            directory itself. Only names count there: programs may write what they like.
    """

    programs: frozenset[str]
    logs: str
    run: str | None = None


def version(argv: Sequence[str]) -> str:
    """Return the first line that a program says of its version, or why it says none."""
    import subprocess

    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    return next(iter((done.stdout or done.stderr).splitlines()), "says no version")


def tool(name: str, purpose: str, package: str, *, needed: bool = False) -> Program:
    """Return a program that is looked for on the path; of one that is needed the version is told."""
    import shutil

    path = shutil.which(name)
    detail = version([path, "--version"]) if path is not None and needed else path or "not found"
    return Program(name, path is not None, needed, detail, purpose, f"apt-get install {package}")
