"""Where events come from: the kernel, processes, logs, directories, the database; one descriptor.

Sockets in a namespace keep it alive, so they are closed the moment its pin goes.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nlan.api.events.logs import Logs
from nlan.api.events.sysctls import DIRECTORY, Sysctls
from nlan.engines.base import Engines, LogEvent
from nlan.errors import HostError
from nlan.kinds.base import AnyKind
from nlan.netlink.events import ALL, EventWatcher
from nlan.netlink.events import Event as Event
from nlan.paths import namespace_name
from nlan.processes import PID_MAX
from nlan.resources import FABRIC
from nlan.runtimes.base import Nodes
from nlan.system import inotify, safefiles
from nlan.system.inotify import Inotify
from tega.database import Database

NEEDED = (".json", ".pid", ".vty")
"""Ends of the names of files that daemons cannot be kept without."""
COMES, GOES = inotify.CREATE | inotify.MOVED_TO, inotify.DELETE | inotify.MOVED_FROM


class Ended(NamedTuple):
    """A daemon's process ended."""

    namespace: str
    daemon: str


class Started(NamedTuple):
    """A daemon's process file was written: it may have been started."""

    namespace: str
    daemon: str


class Logged(NamedTuple):
    """A daemon wrote something worth knowing."""

    namespace: str
    daemon: str
    event: LogEvent


class Lost(NamedTuple):
    """A file is gone without which nobody can speak to a daemon, or knows what it was asked."""

    namespace: str


class Appeared(NamedTuple):
    """A namespace of the lab was made (or something that bears its name)."""

    namespace: str


class Vanished(NamedTuple):
    """A namespace of the lab is gone."""

    namespace: str


class Switched(NamedTuple):
    """A kernel switch that netlink does not tell of has another value than it shall have."""

    namespace: str


class Touched(NamedTuple):
    """A file of the lab changed."""

    name: str


class Committed(NamedTuple):
    """The lab's database may have new commits."""


LabEvent = Event | Switched | Ended | Started | Logged | Lost | Appeared | Vanished | Touched | Committed


class Sources:
    """All events of a lab; a context that closes its descriptors."""

    def __init__(
        self,
        nodes: Nodes,
        engines: Engines,
        database: Database | None,
        *,
        kinds: Iterable[AnyKind] | None = None,
        names: bool = False,
    ) -> None:
        """Watch what is there; call `sync` when more may have come.

        Args:
            nodes: The lab.
            engines: The routing engines, who know their programs and files.
            database: The lab's, None where it has none.
            kinds: The kinds of resources whose events are wanted; all events where none are given.
            names: Name the interfaces in the kernel's events.
        """
        self._nodes, self._database = nodes, database
        self._epoll = select.epoll()
        events = ALL if kinds is None else frozenset(what for kind in kinds for what in kind.events)
        self._kernel = EventWatcher(nodes, events, names=names)
        self._node_watch = nodes.watch()
        self._inotify = Inotify()
        self._logs = Logs(engines)
        watches = [engine.watches for engine in engines]
        self._programs = frozenset(program for one in watches for program in one.programs)
        self._log_folders = sorted({one.logs for one in watches if one.logs})
        self._run_folders = sorted({one.run for one in watches if one.run is not None})
        self.sysctls = Sysctls(nodes, self._inotify)
        self._lab_directory = nodes.machine.paths.lab(nodes.lab)
        self._watched: set[str] = set()
        self._extra: set[int] = set()
        self._epoll.register(self._kernel.fileno(), select.EPOLLIN)
        self._epoll.register(self._node_watch.fileno(), select.EPOLLIN)
        self._epoll.register(self._inotify.fileno(), select.EPOLLIN)
        self._wake = -1
        self.follow(database)
        self.sync()

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Watch nothing more."""
        self._kernel.close()
        self.sysctls.close()
        self._inotify.close()
        self._node_watch.close()
        self._epoll.close()

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that are watched."""
        return frozenset(self._watched)

    def links(self, namespace: str) -> dict[str, str]:
        """Return which links of a namespace were up or down when watching it by names began."""
        return self._kernel.states(namespace)

    def include(self, descriptor: int) -> None:
        """Let `wait` return when that descriptor turns readable too."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._extra.add(descriptor)

    def follow(self, database: Database | None) -> None:
        """Hear of the commits of this database, and of the former one no more."""
        if self._wake >= 0:
            self._epoll.unregister(self._wake)
        self._database = database
        self._wake = -1 if database is None else database.wake_fd()
        if self._wake >= 0:
            self._epoll.register(self._wake, select.EPOLLIN)

    # Whom to watch

    def sync(self) -> None:
        """Watch everything that is there by now."""
        self._node_watch.sync()
        self._inotify.add(self._lab_directory, inotify.CLOSE_WRITE | COMES | GOES)
        present = set(self._nodes.namespaces())
        for gone in self._watched - present:
            self.forget(gone)
        for namespace in sorted(present - self._watched):
            with contextlib.suppress(HostError):
                self._kernel.add(namespace)
                self._watched.add(namespace)
        self.sync_daemons()

    def sync_daemons(self) -> None:
        """Watch the processes and logs of all daemons that run by now."""
        nodes = [name for name in self._watched if "/" not in name and name != FABRIC]
        for namespace in nodes:
            directory = self._nodes.directory(namespace)
            self._follow(directory, *(directory / name for name in self._log_folders))
            for name in self._run_folders:
                self._inotify.add(directory / name, COMES | GOES)
        for namespace, found in self._nodes.all_processes(nodes).items():
            for pid, program in found.items():
                if program in self._programs:
                    self._node_watch.follow(namespace, pid, program)
                elif pid in (named := self._named(namespace)):
                    self._node_watch.follow(namespace, pid, named[pid])

    def _named(self, namespace: str) -> dict[int, str]:
        """Return what else of nlan's runs in a node, by the files with its process id."""
        found = {}
        for path in self._nodes.directory(namespace).glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):
                found[int(safefiles.read(path, PID_MAX))] = path.stem
        return found

    def _follow(self, *directories: Path) -> None:
        for directory in directories:
            if self._inotify.add(directory, inotify.MODIFY | COMES | GOES):
                for log in directory.glob("*.log"):
                    self._logs.follow(log)

    def forget(self, namespace: str) -> None:
        """Watch a namespace no more: it is gone, or would live on for our sockets in it."""
        self._kernel.remove(namespace)
        self.sysctls.forget(namespace)
        self._watched.discard(namespace)

    # What happens

    def wait(self, timeout_s: float) -> list[LabEvent]:
        """Return what has happened, waiting at most so many seconds for the first."""
        found: list[LabEvent] = []
        for descriptor, _ in self._epoll.poll(max(0.0, timeout_s)):
            found += self._read(descriptor)
        return found

    def _read(self, descriptor: int) -> Iterable[LabEvent]:
        if descriptor == self._kernel.fileno():
            return self._kernel.events()
        if descriptor == self._node_watch.fileno():
            return self._node_events()
        if descriptor == self._inotify.fileno():
            return self._changes()
        if descriptor == self._wake and self._database is not None:
            self._database.drain_wake()
            return [Committed()]
        return []

    def _node_events(self) -> Iterator[LabEvent]:
        for event in self._node_watch.read():
            match event.what:
                case "appeared":
                    yield Appeared(event.namespace)
                case "vanished":
                    self.forget(event.namespace)
                    yield Vanished(event.namespace)
                case "ended":
                    yield Ended(event.namespace, event.program)
                case "lost":
                    yield Touched("")

    def pause_kernel(self) -> None:
        """Hear nothing of the kernel for a while."""
        self._epoll.unregister(self._kernel.fileno())

    def resume_kernel(self) -> None:
        """Hear the kernel again; what came meanwhile is thrown away."""
        self._kernel.skip()
        self._epoll.register(self._kernel.fileno(), select.EPOLLIN)

    def _changes(self) -> Iterator[LabEvent]:
        grown: dict[Path, None] = {}
        for change in self._inotify.changes():
            if change.path is None:
                yield Touched("")
            elif change.path.parent == DIRECTORY:
                namespace = self.sysctls.written(change.path.name)
                if namespace is not None:
                    yield Switched(namespace)
            elif change.path == self._lab_directory:
                if change.name:
                    yield Touched(change.name)
            elif change.name.endswith(".log") and change.path.name not in self._run_folders:
                grown[change.path / change.name] = None
            elif change.name.endswith(NEEDED) and change.mask & GOES:
                yield Lost(namespace_name(self._node_of(change.path / change.name)))
            elif change.name.endswith(".pid") and change.mask & COMES:
                path = change.path / change.name
                yield Started(namespace_name(self._node_of(path)), path.stem)
        for path in grown:
            node = namespace_name(self._node_of(path))
            for event in self._logs.news(path):
                yield Logged(node, path.stem, event)

    def _node_of(self, path: Path) -> str:
        """Return the name of the run directory that a file is in, itself or in a folder of its daemons'."""
        parent = path.parent
        return parent.parent.name if parent.name in (*self._log_folders, *self._run_folders) else parent.name
