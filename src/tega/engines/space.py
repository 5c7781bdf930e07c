"""Giving the space of forgotten records back, in transactions of a few milliseconds.

Readers do not see what lies behind the horizon any more, so its rows go
piece by piece while others commit in between; what a killed process left
of them goes with the next compaction.
"""

from __future__ import annotations

from tega.engines import requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tega.api import Rev

RECORDS = 200
"""Records that one transaction removes."""
TOUCHED = 2000
"""Rows of the index of roots that one transaction removes."""
PAGES = 500
"""Pages that one transaction gives back to the file system."""

_RECORDS = f"DELETE FROM commits WHERE rev <= ?1 AND rev < (SELECT min(rev) FROM commits) + {RECORDS}"
_TOUCHED = (
    "DELETE FROM touched WHERE root = ?1 AND rev IN"
    f" (SELECT rev FROM touched WHERE root = ?1 AND rev <= ?2 ORDER BY rev LIMIT {TOUCHED})"
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
        while db.execute(_TOUCHED, (root, horizon)).rowcount == TOUCHED:
            yield
        yield
        root = db.execute("SELECT min(root) FROM touched WHERE root > ?", (root,)).fetchone()[0]
    yield from _requests(db, horizon)
    yield from _pages(db)


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
    while db.execute("PRAGMA freelist_count").fetchone()[0]:
        db.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
        yield
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
