"""The files of a store's directory: their names, who may read them, how they are opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3

from tega.engines import space
from tega.engines.failures import os_error
from tega.engines.head import Head

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

DATABASE = "tega.db"
HEAD = "tega.head"
FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", HEAD, space.RESERVE)
"""Everything that a store keeps in its directory."""


def connect(folder: str, directory: str, busy_s: float) -> sqlite3.Connection:
    try:
        make_private(folder)
    except OSError as error:
        raise os_error(error, directory) from error
    path = os.path.join(folder, DATABASE)
    return sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)


def make_private(folder: str) -> None:
    """Let nobody but the owner read the files: they hold what a tree keeps, secrets included.

    An existing file is changed by its name: closing another descriptor of
    it would end the locks that this process has on it.
    """
    for name in FILES:
        path = os.path.join(folder, name)
        try:
            mode = os.stat(path).st_mode & 0o777
        except FileNotFoundError:
            if name == DATABASE:  # SQLite gives the others its mode
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            continue
        if mode & 0o077:
            with contextlib.suppress(PermissionError):  # somebody else's: theirs to say
                os.chmod(path, mode & 0o700)


def open_head(directory: str) -> Head:
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return Head(os.path.join(directory, HEAD))
    except OSError as error:
        raise os_error(error, directory) from error


def sync_directory(directory: str) -> None:
    """Make the names of new files durable, in the directory and of the directory itself."""
    for path in (directory, os.path.dirname(os.path.abspath(directory))):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
