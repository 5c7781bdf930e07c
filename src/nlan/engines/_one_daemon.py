"""What engines share whose routers run one daemon each: its files, its start, its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from nlan import processes
from nlan.engines.base import BgpAlone, Daemon
from nlan.errors import ApplyError, NlanError, os_words
from nlan.processes.files import DaemonFiles, why_not_ready, write
from nlan.resources import Key
from nlan.runtimes.base import Nodes

D = TypeVar("D", bound=Daemon)
F = TypeVar("F", bound=DaemonFiles)


class OneDaemonDriver(BgpAlone, Generic[D, F]):
    """Starts and ends such daemons, and finds them again.

    Class attributes:
        daemon: The program's name.
        deadline_s: How long a start may take.
        look_ms: Such daemons tell nobody when they are ready: they are asked this often.
    """

    daemon: ClassVar[str]
    deadline_s: ClassVar[float]
    look_ms: ClassVar[int]

    def __init__(self, nodes: Nodes) -> None:
        """Work in that place."""
        self._nodes = nodes
        self._spawned: dict[str, int] = {}

    def log_path(self, namespace: str) -> Path:
        """Return the log that grows when a session or an adjacency changes."""
        return self._files(namespace).log

    def pid_path(self, namespace: str, daemon: str = "") -> Path:
        """Return the file with its process id."""
        return self._files(namespace).pid

    def _files(self, namespace: str) -> F:
        """Return its files in a node."""
        raise NotImplementedError

    def _open(self, namespace: str) -> int | None:
        """Return a descriptor of the process that runs in a node, None where none does."""
        return processes.open_daemon(self._nodes, namespace, self.daemon, self._files(namespace).pid)

    def _runs(self, namespace: str) -> bool:
        if (pidfd := self._open(namespace)) is not None:
            os.close(pidfd)
        return pidfd is not None

    def _guarded(self, daemon: D, what: str, step: Callable[[D], object]) -> NlanError | None:
        """Take a step, and return why it failed."""
        operation = f"{what} {self.daemon}"
        try:
            step(daemon)
        except ApplyError as error:
            return error
        except OSError as error:
            return ApplyError(daemon.namespace, operation, os_words(error))
        except NlanError as error:
            return ApplyError(daemon.namespace, operation, str(error))
        return None

    # Starting

    def _prepare(self, daemon: D) -> F:
        """Make the node's directory, and end what ran there before."""
        self._nodes.make_directory(daemon.namespace)
        if failure := self._end([daemon.key])[daemon.key]:
            raise failure
        return self._files(daemon.namespace)

    def _launch(self, daemon: D, argv: Sequence[str]) -> None:
        files = self._files(daemon.namespace)
        pid = self._nodes.spawn(daemon.namespace, list(argv), output=files.log)
        self._spawned[daemon.namespace] = os.pidfd_open(pid)
        write(files.pid, str(pid))

    @contextmanager
    def _launched(self, daemon: D) -> Iterator[int]:
        """Give the descriptor of what was launched: of a child that may not have its new name yet."""
        pidfd = self._spawned.pop(daemon.namespace)
        try:
            yield pidfd
        finally:
            os.close(pidfd)

    def _await_ready(self, daemon: D, pidfd: int, is_ready: Callable[[], bool]) -> None:
        if why := why_not_ready(pidfd, is_ready, self.deadline_s, self.look_ms):
            words = self._files(daemon.namespace).last_words()
            raise ApplyError(daemon.namespace, f"start {self.daemon}", f"{why}: {words}")

    # Ending

    def _end(self, keys: Sequence[Key]) -> dict[Key, NlanError | None]:
        """End all at once; what is gone already has been ended."""
        if not keys:
            return {}
        words = {key: [str(self._files(key.namespace).config)] for key in keys}
        left = processes.end(processes.open_all(self._nodes, words))
        return {key: self._clear(key, ended=key not in left) for key in keys}

    def _clear(self, key: Key, *, ended: bool) -> NlanError | None:
        """Remove what an ended daemon leaves behind."""
        why = "" if ended else "it does not end, not even by SIGKILL"
        try:
            if ended:
                self._files(key.namespace).remove()
        except OSError as failure:
            why = os_words(failure)
        return ApplyError(key.namespace, f"stop {self.daemon}", why) if why else None
