"""Giving the space of forgotten records back, in transactions of a few milliseconds.

Readers do not see what lies behind the horizon any more, so its rows go
piece by piece while others commit in between; what a killed process left
of them goes with the next compaction.

A full disk has no room for the pages that this changes, not even to end
the write-ahead log where it stands. For that there is a reserve, a file
without contents: it is given up, all is done in one transaction, which
writes the fewest pages, and the reserve is laid up again.
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

RESERVE = "tega.reserve"
RESERVE_OCTETS = 512 << 10
"""Enough for a state of some hundred kilobytes: what stays may have to move to the front of the file."""

_RECORDS = f"DELETE FROM commits WHERE rev <= ? AND rev < (SELECT min(rev) FROM commits) + {RECORDS}"
_TOUCHED = (
    "DELETE FROM touched WHERE root = ? AND rev IN"
    f" (SELECT rev FROM touched WHERE root = ? AND rev <= ? ORDER BY rev LIMIT {TOUCHED})"
)


def steps(db: sqlite3.Connection, horizon: Rev) -> Iterator[None]:
    """Remove what lies behind the horizon; each step is one transaction.

    Args:
        db: In no transaction whenever a step begins.
        horizon: Newest revision that is forgotten.
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
    yield from _pages(db)


def _cut(db: sqlite3.Connection, pages: int = 1 << 31) -> int:
    """Take free pages off the end of the file; returns how many are left.

    Up to Python 3.11 one call of the pragma takes a single page, whatever it is told.
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


def lay_up(folder: str) -> None:
    """Make the reserve, where it is missing and there is room for it."""
    path = os.path.join(folder, RESERVE)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:  # it is there, or cannot be
        return
    try:
        os.posix_fallocate(fd, 0, RESERVE_OCTETS)
    except OSError:
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


def _pages(db: sqlite3.Connection) -> Iterator[None]:
    """Cut the file to what is in use; one made before that was possible is written anew, once."""
    if not db.execute("PRAGMA auto_vacuum").fetchone()[0]:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("VACUUM")
        yield
    free = 1
    while free:
        db.execute("BEGIN IMMEDIATE")
        try:
            free = _cut(db, PAGES)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        yield
    end_wal(db)
