"""Whether a database is still what was opened, without opening its files.

A process that closes a file loses its locks on it (POSIX), and the database relies on them. So files
are only asked for their inode, size and time; where these tell that something is amiss, or that the
main file has changed, as it rarely does, a process of its own reads everything. The head file is
locked otherwise (flock), and read here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tega.database import open_database
from tega.engines.files import DATABASE, FILES, HEAD
from tega.engines.head import SIZE, Head
from tega.engines.space import RESERVE
from tega.errors import DamagedStore, StoreError

WAL, SHARED = f"{DATABASE}-wal", f"{DATABASE}-shm"
LEAST = {DATABASE: 512, SHARED: 32768, HEAD: SIZE}
"""Bytes that are read through memory maps: less, and the kernel ends who reads."""
WAL_HEADER, FRAME = 32, 24 + 4096
ATTEMPTS = 5
DEADLINE_S = 60.0


class Stamp(NamedTuple):
    """What a file is known by, and when it was written."""

    inode: tuple[int, int]
    size: int
    time: int


class Soundness:
    """Watches the files of a database that is open."""

    def __init__(self, directory: Path) -> None:
        """Take the files as they are now for sound."""
        self._directory = directory
        self._first = self._known = self._stamps()

    def why_not(self) -> str:
        """Return what is wrong, or nothing; to be asked before the database is used."""
        now = self._stamps()
        if now == self._known:
            return ""
        for name, first in self._first.items():
            if (found := now.get(name)) is None:
                return f"{name} is gone"
            if found.inode != first.inode:
                return f"{name} is another file than it was"
            if found.size < LEAST.get(name, 0):
                return f"{name} is cut short"
        if now[HEAD] != self._known[HEAD] and not _is_whole(self._directory / HEAD):
            return f"{HEAD} does not tell where the log ends"
        suspicious = now[DATABASE] != self._known[DATABASE] or _is_odd(now.get(WAL))
        self._known = now
        return examined(self._directory) if suspicious else ""

    def _stamps(self) -> dict[str, Stamp]:
        found = {}
        for name in FILES:
            if name == RESERVE:  # holds nothing, and comes and goes
                continue
            try:
                stat = os.stat(self._directory / name)
            except OSError:
                continue
            found[name] = Stamp((stat.st_dev, stat.st_ino), stat.st_size, stat.st_mtime_ns)
        return found


def _is_whole(head: Path) -> bool:
    """Tell whether a head file holds what it should; tried again, as it may be written meanwhile."""
    for _ in range(ATTEMPTS):
        try:
            view = Head(str(head), writable=False)
        except (OSError, ValueError):
            return False
        content = view.read()
        view.close()
        if content is not None:
            return True
    return False


def _is_odd(wal: Stamp | None) -> bool:
    """Tell whether the write-ahead log ends within a frame: a commit is on its way, or was cut short."""
    return wal is not None and wal.size > 0 and (wal.size < WAL_HEADER or (wal.size - WAL_HEADER) % FRAME > 0)


def examined(directory: Path) -> str:
    """Read the whole database in a process of its own and return what is wrong with it, or nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nlan.keep.soundness", str(directory)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # nothing is known
    return done.stdout.strip()


def damage(directory: str) -> str:
    """Return what is wrong with a database, or nothing."""
    try:
        with open_database(directory, read_only=True) as database:
            database.verify()
    except DamagedStore as error:
        return error.found
    except StoreError as error:
        return "" if os.path.exists(os.path.join(directory, DATABASE)) else str(error)
    return ""


if __name__ == "__main__":
    sys.stdout.write(damage(sys.argv[1]))
