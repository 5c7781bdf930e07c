"""Giving the space of forgotten records back, in transactions of a few milliseconds.

Readers do not see what lies behind the horizon any more, so its rows go
piece by piece while others commit in between; what a killed process left
of them goes with the next compaction.

A full disk has no room for the pages that this changes, not even to end
the write-ahead log where it stands. For that there is a reserve, a file
without contents, as large as what the log may have to bring into the
database and some more. It is given up, the log is ended, and all goes in
transactions of few pages, each of which leaves the log empty again. In a
database so young that its reserve is too small for that, all is done in
one transaction, which writes the fewest pages.
"""

from __future__ import annotations

import contextlib
import os

from tega.engines import requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from tega.api import Rev

RECORDS = 200
"""Records that one transaction removes."""
TOUCHED = 2000
"""Rows of the index of roots that one transaction removes."""
PAGES = 500
"""Pages that one transaction gives back to the file system."""

FEW_PAGES = 24
"""The same on a full disk: each may take several others along into the log."""

RESERVE = "tega.reserve"
RESERVE_BYTES = 512 << 10
"""What one transaction on a full disk may write."""
WAL_BYTES = 4 << 20
"""The part of the reserve for what the log brings into the database: SQLite ends it at a thousand pages."""
LARGE_BYTES = 256 << 10
"""From here on there has to be room for what is written, in the log and in the database."""

_RECORDS = f"DELETE FROM commits WHERE rev <= ? AND rev < (SELECT min(rev) FROM commits) + {RECORDS}"
_TOUCHED = (
    "DELETE FROM touched WHERE root = ? AND rev IN"
    f" (SELECT rev FROM touched WHERE root = ? AND rev <= ? ORDER BY rev LIMIT {TOUCHED})"
)


def steps(db: sqlite3.Connection, horizon: Rev, pages: int = PAGES) -> Iterator[None]:
    """Remove what lies behind the horizon; each step is one transaction.

    Args:
        db: In no transaction whenever a step begins.
        horizon: Newest revision that is forgotten.
        pages: How many one transaction gives back to the file system.
    """
    while db.execute(_RECORDS, (horizon,)).rowcount:
        yield
    root = db.execute("SELECT min(root) FROM touched").fetchone()[0]
    while root is not None:
        while db.execute(_TOUCHED, (root, root, horizon)).rowcount == TOUCHED:
            yield
        yield
        root = db.execute("SELECT min(root) FROM touched WHERE root > ?", (root,)).fetchone()[0]
    yield from _requests(db, horizon)
    yield from _pages(db, pages)


def _cut(db: sqlite3.Connection, pages: int = 1 << 31) -> int:
    """Take free pages off the end of the file; returns how many are left.

    Up to Python 3.11 one call of the pragma takes a single page, whatever its argument.
    """
    free = left = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    goal = max(0, free - pages)
    while left > goal:
        before = left
        db.execute(f"PRAGMA incremental_vacuum({left - goal})").fetchall()
        left = int(db.execute("PRAGMA freelist_count").fetchone()[0])
        if left >= before:
            return 0
    return left


def can_end_wal(db: sqlite3.Connection, folder: str, database: str) -> bool:
    """Whether there is room for what the write-ahead log adds to the file; to try in vain would use it up."""
    growth = _bytes_of(db, "page_count") - os.stat(os.path.join(folder, database)).st_size
    return growth <= _room(folder)


def end_wal(db: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the file and empty it; where a reader still needs it, later."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def squeeze(db: sqlite3.Connection, horizon: Rev, older: Sequence[str]) -> None:
    """Remove all that lies behind the horizon in one transaction, and cut the file.

    Args:
        db: In a transaction, which is committed.
        horizon: Newest revision that is forgotten.
        older: Names of the states that go.
    """
    _keep_only(db, "commits", horizon)
    _keep_only(db, "touched", horizon)
    db.executemany("DELETE FROM blob WHERE name = ?", [(name,) for name in older])
    position: str | None = ""
    while position is not None:
        position = requests.forget(db, position, horizon)
    _cut(db)
    db.execute("COMMIT")


@contextlib.contextmanager
def whole_transactions(db: sqlite3.Connection) -> Iterator[None]:
    """Have nothing written before the end of a transaction, when most of what it changed is gone again."""
    spill = db.execute("PRAGMA cache_spill").fetchone()[0]
    db.execute("PRAGMA cache_spill = OFF")  # heeded outside of transactions only
    try:
        yield
    finally:
        db.execute(f"PRAGMA cache_spill = {spill}")


def _keep_only(db: sqlite3.Connection, table: str, horizon: Rev) -> None:
    """Empty the table and put back what stays: a whole table, unlike single rows, goes unwritten."""
    kept = db.execute(f"SELECT * FROM {table} WHERE rev > ?", (horizon,)).fetchall()
    db.execute(f"DELETE FROM {table}")
    if kept:
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kept[0]))})", kept)


def lay_up(folder: str, database: str) -> None:
    """Make the reserve as large as a database of that name wants it, where there is room for it."""
    path = os.path.join(folder, RESERVE)
    size = RESERVE_BYTES + min(WAL_BYTES, os.stat(os.path.join(folder, database)).st_size)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # a disk without room for a name, or no right to it: then there is none
        return
    try:
        before = os.fstat(fd).st_size
        try:
            if before < size:
                os.posix_fallocate(fd, 0, size)
        except OSError:  # a full disk; what was there stays
            os.ftruncate(fd, before)
            if not before:
                os.unlink(path)
    finally:
        os.close(fd)


def give_up(folder: str) -> None:
    """Remove the reserve, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, RESERVE))


def _requests(db: sqlite3.Connection, horizon: Rev) -> Iterator[None]:
    position: str | None = ""
    while position is not None:
        db.execute("BEGIN IMMEDIATE")
        try:
            position = requests.forget(db, position, horizon)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        yield


def _pages(db: sqlite3.Connection, pages: int) -> Iterator[None]:
    """Cut the file to what is in use; one made before that was possible is written anew, once."""
    if not db.execute("PRAGMA auto_vacuum").fetchone()[0]:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("VACUUM")
        yield
    free = 1
    while free:
        db.execute("BEGIN IMMEDIATE")
        try:
            free = _cut(db, pages)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        yield
    end_wal(db)


def is_short(db: sqlite3.Connection, folder: str, size: int) -> bool:
    """Whether there is too little room to write so much, first into the log and then into the database."""
    return _room(folder) < size + max(0, size - _bytes_of(db, "freelist_count"))


def _room(folder: str) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _bytes_of(db: sqlite3.Connection, pages: str) -> int:
    """The bytes of the pages that a pragma counts."""
    page, count = (int(db.execute(f"PRAGMA {what}").fetchone()[0]) for what in ("page_size", pages))
    return page * count
