"""Kernel sysctls whose change netlink does not tell.

Each one's file is held open: so its inode stays, inotify tells of writes to it, and reading it costs a
microsecond without entering its namespace. An open file of /proc/sys does not keep a namespace alive.
Writes through another mount of /proc are not reported; reading finds them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nlan.errors import HostError
from nlan.netlink.watch import allow_descriptors
from nlan.resources.base import KernelFile
from nlan.runtimes.base import Nodes
from nlan.system import inotify
from nlan.system.inotify import Inotify

PORTION = 500
"""So many are read at a time."""
DIRECTORY = Path("/proc/self/fd")


class _Held(NamedTuple):
    namespace: str
    value: bytes


class Sysctls:
    """Open files of the wanted sysctls."""

    def __init__(self, nodes: Nodes, changes: Inotify) -> None:
        """Hold none yet."""
        self._nodes, self._inotify = nodes, changes
        self._held: dict[int, _Held] = {}
        self._of: dict[str, list[int]] = {}
        self._cursor = 0

    def want(self, wanted: Mapping[str, Sequence[KernelFile]], present: Iterable[str]) -> None:
        """Hold exactly the wanted sysctls of the namespaces that are there."""
        self.close()
        allow_descriptors(sum(len(sysctls) for sysctls in wanted.values()) + len(wanted))
        for namespace in present:
            if namespace in wanted:
                self._open(namespace, wanted[namespace])

    def _open(self, namespace: str, sysctls: Sequence[KernelFile]) -> None:
        try:
            with self._nodes.inside(namespace):
                opened = [(_open(file.name), file.value.encode()) for file in sysctls]
        except HostError:
            return  # gone meanwhile
        for descriptor, value in opened:
            if descriptor >= 0:
                self._held[descriptor] = _Held(namespace, value)
                self._of.setdefault(namespace, []).append(descriptor)
                self._inotify.add(DIRECTORY / str(descriptor), inotify.MODIFY)

    def forget(self, namespace: str) -> None:
        """Let go of a namespace's sysctls."""
        for descriptor in self._of.pop(namespace, ()):
            del self._held[descriptor]
            self._inotify.remove(DIRECTORY / str(descriptor))
            os.close(descriptor)

    def close(self) -> None:
        """Let go of all."""
        for namespace in list(self._of):
            self.forget(namespace)

    def written(self, name: str) -> str | None:
        """Return whose switch was written, by the descriptor's number, if it has another value now."""
        held = self._held.get(int(name))
        return held.namespace if held is not None and _differs(int(name), held) else None

    def drifted(self) -> set[str]:
        """Read the next portion and return the namespaces where a value differs."""
        held = list(self._held.items())
        if self._cursor >= len(held):
            self._cursor = 0
        portion = held[self._cursor : self._cursor + PORTION]
        self._cursor += PORTION
        return {one.namespace for descriptor, one in portion if _differs(descriptor, one)}


def _open(name: str) -> int:
    try:
        return os.open(f"/proc/sys/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1  # the kernel lacks it; planning says so


def _differs(descriptor: int, held: _Held) -> bool:
    try:
        return os.pread(descriptor, 64, 0).rstrip() != held.value
    except OSError:
        return False  # its namespace goes
