"""What the engine asks of a driver, and what a driver asks of the place it works in.

A driver serves a few kinds of resources. It may block; it never prints and
never decides what is wanted. Foreign exceptions end here: an operation that
fails is an `ApplyError` in its outcome, with the kernel's or daemon's words.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from nlan.errors import NlanError
from nlan.plan import Operation
from nlan.resources import Resource


class Place(Protocol):
    """Where a lab lives: namespaces to talk to and to start processes in (`nlan.runtimes`)."""

    @property
    def lab(self) -> str:
        """The lab's name."""

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, sorted (`nlan.resources.Key.namespace`)."""

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return a socket that lives in that namespace whichever thread uses it.

        Raises:
            HostError: The namespace does not exist.
        """

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets of these families, kinds and protocols, all or none, as `open_socket` does one.

        Raises:
            HostError: The namespace does not exist.
        """

    def netns_fd(self, namespace: str) -> int:
        """Return a new file descriptor of the network namespace; the caller closes it.

        Raises:
            HostError: The namespace does not exist.
        """

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Move the calling thread into the network namespace for the length of the block."""

    def directory(self, namespace: str) -> Path:
        """Return the path of the node's own run directory; it exists once something was made in it.

        It is root's alone. Inside the node's mount namespace ``etc-frr`` of it is /etc/frr, ``run-frr``
        is /run/frr and so on (all owned by frr: `nlan.safefiles`), so that FRR's daemons and vtysh use
        their usual paths.
        """

    def make_directory(self, namespace: str) -> Path:
        """Return the node's own run directory, made on first use; it is removed with the node."""

    def spawn(
        self,
        namespace: str,
        argv: Sequence[str],
        *,
        output: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start a process in all namespaces and the cgroup of the node, in a session of its own.

        It outlives the caller. Standard input is /dev/null, output and errors go to `output`
        (appended) or /dev/null. Returns its process id.

        Raises:
            HostError: The program cannot be started.
        """

    def all_processes(self, namespaces: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return, by namespace, process ids and program names (/proc/PID/comm) of all that runs there."""


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
        state: ``Established``, ``Active``, ``Idle``, …
        peer_asn: Its AS as configured.
        established: How often the session came up since the daemon started.
        uptime_s: Seconds since it came up; while it is down, since it went down (FRR) or 0 (GoBGP).
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
        """Whether its configuration keeps it down (FRR's ``neighbor … shutdown``)."""
        return "Admin" in self.state


class Driver(Protocol):
    """One door to the world for a few kinds of resources."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resources that it serves."""

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return every resource of the driver's kinds that nlan made in these namespaces.

        Only reads. A namespace that vanished meanwhile is left out. What bears no mark of nlan is
        not returned.
        """

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry out operations that do not depend on each other, in the order given.

        Idempotent: creating what exists with equal spec and deleting what is absent succeed. The
        answer has one entry per operation, None for success; one failure does not stop the rest.
        """
