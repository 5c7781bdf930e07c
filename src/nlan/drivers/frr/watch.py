"""Waiting for files to appear: inotify, which Python does not offer."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_ATTRIB = 0x2, 0x80, 0x100, 0x4
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """An inotify descriptor; readable whenever something appears in a watched directory."""

    def __init__(self) -> None:
        """Open it."""
        self._fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def fileno(self) -> int:
        """Return the descriptor, for poll."""
        return self._fd

    def add(self, path: Path, events: int = IN_CREATE | IN_MOVED_TO) -> None:
        """Watch a directory (or a file, with `events` IN_MODIFY)."""
        if _libc.inotify_add_watch(self._fd, os.fsencode(path), events) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(path))

    def drain(self) -> None:
        """Forget what was reported so far."""
        try:
            while os.read(self._fd, 1 << 16):
                continue
        except BlockingIOError:
            return
