"""Which network namespaces are a lab's, and the sockets in them.

A pin that bears the lab's mark is nlan's, whatever files say; a pin file without a namespace stands for
nothing. So a lab can be listed and removed with neither its file nor its database.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from nlan.errors import HostError
from nlan.paths import Paths, namespace_name
from nlan.runtimes.netns import pins
from nlan.runtimes.netns.kernel import mark, syscalls
from nlan.values import natural

SELF_NET = "/proc/thread-self/ns/net"
"""The calling thread's network namespace."""


class Inventory:
    """The namespaces of one lab, as far as they are pinned and marked."""

    def __init__(self, paths: Paths, lab: str) -> None:
        """Look at a lab, which need not exist."""
        self.paths, self._lab = paths, lab
        self.device = pins.namespace_device()
        self._owned: dict[str, int] = {}

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, in natural order."""
        return sorted((name for name in self._pinned() if self.inode(name) is not None), key=natural)

    def _pinned(self) -> list[str]:
        prefix = f"{self._lab}."
        nodes = [namespace_name(n[len(prefix) :]) for n in names(self.paths.netns) if n.startswith(prefix)]
        inner = [n for n in names(self.paths.lab(self._lab) / "ns") if n.startswith("@") and "." not in n]
        return nodes + inner

    def inode(self, namespace: str) -> int | None:
        """Return the inode number of a namespace of the lab's, None where there is none."""
        try:
            status = os.stat(self.paths.pin(self._lab, namespace))
        except FileNotFoundError:
            return None
        if status.st_dev != self.device:
            return None
        if self._owned.get(namespace) != status.st_ino:
            if self._read_mark(namespace) != mark.alias(self._lab, namespace):
                return None
            self._owned[namespace] = status.st_ino
        return status.st_ino

    def add(self, namespace: str) -> None:
        """Take note of a namespace that was marked and pinned just now."""
        self._owned[namespace] = os.stat(self.paths.pin(self._lab, namespace)).st_ino

    def unpin(self, namespace: str) -> None:
        """Let go of a namespace."""
        pins.unpin(self.paths.pin(self._lab, namespace))
        self._owned.pop(namespace, None)

    def is_foreign(self, namespace: str) -> bool:
        """Tell whether somebody else's namespace has that name, of those that are not the lab's."""
        return pins.is_pin(self.paths.pin(self._lab, namespace), self.device)

    def _read_mark(self, namespace: str) -> str:
        try:
            route = (socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            with self.open_sockets(namespace, [route])[0] as asked:
                return mark.read_mark(asked)
        except HostError:
            return ""  # gone meanwhile

    def netns_fd(self, namespace: str) -> int:
        """Return a new descriptor of the network namespace; the caller closes it."""
        try:
            return os.open(self.paths.pin(self._lab, namespace), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as failure:
            raise HostError(f"{namespace}: its namespace cannot be opened: {failure.strerror}") from failure

    @contextlib.contextmanager
    def inside(self, namespace: str) -> Iterator[None]:
        """Move the calling thread into the network namespace for the length of the block."""
        back = os.open(SELF_NET, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._enter(namespace)
            try:
                yield
            finally:
                syscalls.setns(back, syscalls.CLONE_NEWNET)
        finally:
            os.close(back)

    def _enter(self, namespace: str) -> None:
        descriptor = self.netns_fd(namespace)
        try:
            syscalls.setns(descriptor, syscalls.CLONE_NEWNET)
        except OSError as failure:
            raise HostError(f"{namespace}: its namespace does not exist") from failure
        finally:
            os.close(descriptor)

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return sockets that live in that namespace whichever thread uses them."""
        with self.inside(namespace):
            return [
                socket.socket(family, kind | socket.SOCK_CLOEXEC, number) for family, kind, number in kinds
            ]


def names(directory: Path) -> list[str]:
    """Return the names in a directory, none where it is not there."""
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
