"""inotify(7) with the names of what changed, which Python does not offer."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nlan.errors import HostError

MODIFY, CLOSE_WRITE, MOVED_TO, CREATE, DELETE, MOVED_FROM = 0x2, 0x8, 0x80, 0x100, 0x200, 0x40
IGNORED, OVERFLOW = 0x8000, 0x4000
_HEAD = struct.Struct("=iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Change(NamedTuple):
    """A change in a watched directory.

    Attributes:
        path: The directory; None where events were lost.
        mask: What happened.
        name: In the directory; empty for itself.
    """

    path: Path | None
    mask: int
    name: str


class Inotify:
    """One descriptor for any number of directories."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            HostError: The user has too many of them.
        """
        self._fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            number = ctypes.get_errno()
            hint = "the sysctl fs.inotify.max_user_instances says how many a user may have"
            raise HostError(f"changes of files cannot be watched: {os.strerror(number)}; {hint}")
        self._paths: dict[int, Path] = {}
        self._numbers: dict[Path, int] = {}

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def close(self) -> None:
        """Watch nothing more."""
        os.close(self._fd)

    def add(self, path: Path, mask: int) -> bool:
        """Watch a directory; tell whether it is there. Twice is once."""
        number: int = _libc.inotify_add_watch(self._fd, os.fsencode(path), mask)
        if number >= 0:
            self._paths[number] = path
            self._numbers[path] = number
        return number >= 0

    def remove(self, path: Path) -> None:
        """Watch it no more; fine if nobody did."""
        number = self._numbers.pop(path, None)
        if number is not None and self._paths.get(number) == path:
            _libc.inotify_rm_watch(self._fd, number)
            del self._paths[number]

    def changes(self) -> Iterator[Change]:
        """Yield what has changed since the last call, without waiting."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fd, 1 << 16):
                yield from self._parse(data)

    def _parse(self, data: bytes) -> Iterator[Change]:
        offset = 0
        while offset < len(data):
            number, mask, _, size = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size
            name = data[offset : offset + size].rstrip(b"\0").decode(errors="surrogateescape")
            offset += size
            if mask & OVERFLOW:
                yield Change(None, mask, "")
            elif (path := self._paths.get(number)) is not None:
                if mask & IGNORED:
                    del self._paths[number]
                yield Change(path, mask, name)
