"""What engines share whose routers run one daemon each: its files, its start, its end."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from nlan import processes
from nlan.engines.base import BgpAlone, Daemon
from nlan.errors import ApplyError, NlanError, os_words
from nlan.resources import Key
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

RECEIPT_MAX = 1 << 28
"""Bytes of a receipt."""
LOG_MAX = 1 << 26
"""Bytes of the log that are looked at, from its end."""

T = TypeVar("T")
D = TypeVar("D", bound=Daemon)
F = TypeVar("F", bound="DaemonFiles")


class DaemonFiles:
    """The paths of a node's daemon, all in its run directory.

    Class attributes:
        names: Of what lies there: ``config``, what it reads; ``log``, what it says; and, written by nlan,
            ``pid``, its process id, and ``receipt``, what was asked of it.
    """

    names: ClassVar[Mapping[str, str]]

    def __init__(self, directory: Path) -> None:
        """Take the node's run directory."""
        self.directory = directory

    @property
    def config(self) -> Path:
        """What it reads at its start, and when it is told to."""
        return self.directory / self.names["config"]

    @property
    def log(self) -> Path:
        """What it says: sessions that come and go, and who configures it."""
        return self.directory / self.names["log"]

    @property
    def pid(self) -> Path:
        """Its process id."""
        return self.directory / self.names["pid"]

    @property
    def receipt(self) -> Path:
        """What was asked, and what came of it."""
        return self.directory / self.names["receipt"]

    def all(self) -> tuple[Path, ...]:
        """Return what it leaves behind."""
        return (self.config, self.log, self.pid, self.receipt)

    def remove(self) -> None:
        """Remove what it leaves behind."""
        for path in self.all():
            safefiles.remove(path)

    def read(self, parse: Callable[[Any], T]) -> T | None:
        """Return the receipt; None where there is none, or where it cannot be made out any more."""
        try:
            return parse(json.loads(safefiles.read(self.receipt, RECEIPT_MAX)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: it is as good as lost
            return None

    def log_text(self) -> str:
        """Return what the process has said so far."""
        with suppress(OSError):
            return safefiles.read_end(self.log, LOG_MAX).decode(errors="replace")
        return ""

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log_text().strip().splitlines()
        return " | ".join(lines[-3:]) if lines else "it said nothing"


def write(path: Path, text: str, *, private: bool = False) -> None:
    """Replace a file in one step; a private one (it may hold keys) is root's alone."""
    safefiles.write(path, text.encode(), mode=0o600 if private else 0o644)


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

    def __init__(self, place: Nodes) -> None:
        """Work in that place."""
        self._place = place
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
        return processes.open_daemon(self._place, namespace, self.daemon, self._files(namespace).pid)

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
        self._place.make_directory(daemon.namespace)
        if failure := self._end([daemon.key])[daemon.key]:
            raise failure
        return self._files(daemon.namespace)

    def _launch(self, daemon: D, argv: Sequence[str]) -> None:
        files = self._files(daemon.namespace)
        pid = self._place.spawn(daemon.namespace, list(argv), output=files.log)
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
        deadline = time.monotonic() + self.deadline_s
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        while not is_ready():
            late = time.monotonic() > deadline
            if late or ended.poll(self.look_ms):
                why = f"not ready after {self.deadline_s:.0f} s" if late else "it ended at its start"
                words = self._files(daemon.namespace).last_words()
                raise ApplyError(daemon.namespace, f"start {self.daemon}", f"{why}: {words}")

    # Ending

    def _end(self, keys: Sequence[Key]) -> dict[Key, NlanError | None]:
        """End all at once; what is gone already has been ended."""
        if not keys:
            return {}
        words = {key: [str(self._files(key.namespace).config)] for key in keys}
        left = processes.end(processes.open_all(self._place, words))
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
