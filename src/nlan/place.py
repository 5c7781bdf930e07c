"""What a driver asks of the place it works in."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


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
