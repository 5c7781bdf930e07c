"""Waiting for files to appear: inotify, which Python does not offer."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

from nlan.errors import HostError

_IN_Q_OVERFLOW = 0x4000
_EVENT = struct.Struct("@iIII")
IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_ATTRIB = 0x2, 0x80, 0x100, 0x4
_libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """An inotify descriptor; readable whenever something appears in a watched directory."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            HostError: The user's programs have all inotify descriptors that the kernel allows.
        """
        self._fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise _refused("fs.inotify.max_user_instances")
        self._paths: dict[int, Path] = {}

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def fileno(self) -> int:
        """Return the descriptor, for poll."""
        return self._fd

    def add(self, path: Path, events: int = IN_CREATE | IN_MOVED_TO) -> None:
        """Watch a directory (or a file, with `events` IN_MODIFY)."""
        number = _libc.inotify_add_watch(self._fd, os.fsencode(path), events)
        if number < 0:
            raise _refused("fs.inotify.max_user_watches")
        self._paths[number] = path

    def drain(self) -> set[Path]:
        """Return what was reported of so far; all that is watched where reports were lost."""
        found: set[Path] = set()
        try:
            while data := os.read(self._fd, 1 << 16):
                found |= self._named(data)
        except BlockingIOError:
            return found
        return found

    def _named(self, data: bytes) -> set[Path]:
        found: set[Path] = set()
        offset = 0
        while offset < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            if mask & _IN_Q_OVERFLOW:
                return set(self._paths.values())
            if number in self._paths:
                found.add(self._paths[number])
            offset += _EVENT.size + length
        return found


def _refused(limit: str) -> HostError:
    words = os.strerror(ctypes.get_errno())
    return HostError(f"the kernel does not watch files: {words} (the sysctl {limit} is the limit)")
