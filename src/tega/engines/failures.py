"""What SQLite and the operating system refuse, as exceptions of tega."""

from __future__ import annotations

import sqlite3

from tega.engines.requests import IndexDamaged
from tega.errors import (
    DamagedStore,
    ReadOnly,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreIOError,
    TooLarge,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


_SPOILT = ("malformed", "no such table", "no such column", "has no column", "values for", "decode to UTF-8")
"""What SQLite says where the schema or a text is not what was written, without a code of its own."""


def translate(error: sqlite3.Error, directory: str) -> StoreError:
    """Return the exception of ours for one of SQLite's."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    where = f"{directory}: "
    match code:
        case sqlite3.SQLITE_FULL:
            return full(directory)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return ReadOnly(f"{where}the database cannot be written ({error})")
        case sqlite3.SQLITE_CANTOPEN:
            return ReadOnly(f"{where}the database cannot be opened for writing ({error})")
        case (
            sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_FORMAT | sqlite3.SQLITE_CONSTRAINT
        ):
            return DamagedStore(directory, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"{where}another process keeps the database locked; retry")
        case sqlite3.SQLITE_TOOBIG:
            return TooLarge(f"{where}the commit is larger than SQLite takes")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return StoreIOError(f"{where}the operating system failed to read or write the database ({error})")
    if any(sign in str(error) for sign in _SPOILT):
        return DamagedStore(directory, str(error))
    return StoreError(f"{where}{error}")


class Translating:
    """A context that turns SQLite's exceptions into ours; plain, as every commit passes it often."""

    __slots__ = ("_directory",)

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise translate(error, self._directory) from error
        if isinstance(error, IndexDamaged):
            raise DamagedStore(self._directory, str(error)) from error


def os_error(error: OSError, directory: str) -> StoreError:
    """Return the exception of ours for one of the operating system's."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full(directory)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ReadOnly(
            f"{directory}: cannot be written ({error.strerror}); open it with read_only=True to read"
        )
    return StoreIOError(f"{directory}: cannot be opened ({error.strerror or error})")


def full(directory: str) -> StoreFull:
    return StoreFull(f"{directory}: the disk or quota is full; free some space and retry")
