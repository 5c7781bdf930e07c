"""Which namespaces of a lab come and go, by their pins, and which of its programs end, by their processes."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator

from nlan.paths import Paths, namespace_name
from nlan.runtimes.base import NodeEvent
from nlan.system import inotify
from nlan.system.inotify import Change, Inotify

COMES, GOES = inotify.CREATE | inotify.MOVED_TO, inotify.DELETE | inotify.MOVED_FROM


class PinWatch:
    """A `nlan.runtimes.base.NodeWatch` of this machine's files and processes."""

    def __init__(self, paths: Paths, lab: str) -> None:
        """Watch the pins; call `sync` where the directory that they are in may not have been there."""
        self._paths, self._lab = paths, lab
        self._epoll = select.epoll()
        self._pins = Inotify()
        self._epoll.register(self._pins.fileno(), select.EPOLLIN)
        self._processes: dict[int, tuple[int, NodeEvent]] = {}
        self._followed: set[tuple[str, int]] = set()
        self.sync()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to be read."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Watch no more."""
        self._pins.close()
        for pidfd in self._processes:
            os.close(pidfd)
        self._processes.clear()
        self._epoll.close()

    def sync(self) -> None:
        """Watch directories that were made since."""
        for directory in (self._paths.netns, self._paths.lab(self._lab) / "ns"):
            self._pins.add(directory, COMES | GOES)

    def follow(self, namespace: str, pid: int, program: str) -> None:
        """Say when that process ends; twice is once, and one that is gone already is nobody's concern."""
        if (namespace, pid) in self._followed:
            return
        with contextlib.suppress(ProcessLookupError):
            pidfd = os.pidfd_open(pid)
            self._followed.add((namespace, pid))
            self._processes[pidfd] = pid, NodeEvent("ended", namespace, program)
            self._epoll.register(pidfd, select.EPOLLIN)

    def read(self) -> list[NodeEvent]:
        """Return what happened since the last call, without waiting."""
        found: list[NodeEvent] = []
        for descriptor, _ in self._epoll.poll(0):
            found += self._changes() if descriptor == self._pins.fileno() else [self._ended(descriptor)]
        return found

    def _ended(self, pidfd: int) -> NodeEvent:
        pid, ended = self._processes.pop(pidfd)
        self._followed.discard((ended.namespace, pid))
        self._epoll.unregister(pidfd)
        os.close(pidfd)
        return ended

    def _changes(self) -> Iterator[NodeEvent]:
        for change in self._pins.changes():
            if change.path is None:
                yield NodeEvent("lost")
            elif (namespace := self._namespace(change)) is not None and change.mask & (COMES | GOES):
                yield NodeEvent("vanished" if change.mask & GOES else "appeared", namespace)

    def _namespace(self, change: Change) -> str | None:
        """Return the namespace that a pin's name stands for, None for others."""
        prefix = f"{self._lab}."
        if change.path == self._paths.netns:
            name = change.name
            return namespace_name(name[len(prefix) :]) if name.startswith(prefix) else None
        return change.name if change.name.startswith("@") and "." not in change.name else None
