"""The files of a process that nlan started, and how it is waited for until it is ready."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from nlan.system import safefiles

RECEIPT_MAX = 1 << 28
"""Bytes of a receipt."""
LOG_MAX = 1 << 26
"""Bytes of the log that are looked at, from its end."""

T = TypeVar("T")


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


def why_not_ready(pidfd: int, is_ready: Callable[[], bool], deadline_s: float, look_ms: int) -> str:
    """Wait until a process is ready, and return why it is not; empty where it is.

    Args:
        pidfd: A descriptor of it, which tells its end.
        is_ready: Asked again and again: such processes tell nobody.
        deadline_s: How long that may take.
        look_ms: How often to ask.
    """
    deadline = time.monotonic() + deadline_s
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    while not is_ready():
        if time.monotonic() > deadline:
            return f"not ready after {deadline_s:.0f} s"
        if ended.poll(look_ms):
            return "it ended at its start"
    return ""
