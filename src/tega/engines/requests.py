"""The index of request ids: which commit a caller's id belongs to, and proof where there is none.

A lost row would let a retry be committed a second time. So each row has
a checksum and names the next id in order: looking for an id finds its row
or the two between which it would stand, which have to be neighbours. The
first row is that of the empty text.
"""

from __future__ import annotations

from zlib import crc32

from tega.errors import KnownRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import NoReturn

    from tega.api import Rev

SCHEMA = (
    "CREATE TABLE request (id TEXT PRIMARY KEY, rev INTEGER NOT NULL,"
    " next TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID"
)
WHAT = "the index of request ids"
PORTION = 2000
"""Rows that one transaction looks through."""

_INSERT = "INSERT INTO request VALUES (?, ?, ?, ?)"
_LINK = "UPDATE request SET next = ?, checksum = ? WHERE id = ?"
_NEAR = (
    "SELECT id, rev, next, checksum,"
    " coalesce((SELECT id FROM request WHERE id > ? ORDER BY id LIMIT 1), '')"
    " FROM request WHERE id <= ? ORDER BY id DESC LIMIT 1"
)
_PORTION = f"SELECT id, rev, next, checksum FROM request WHERE id > ? ORDER BY id LIMIT {PORTION}"


class IndexDamaged(Exception):  # noqa: N818 - what happened
    """The index is not what was written; `SqliteLog` says so with the directory."""


def create(db: sqlite3.Connection) -> None:
    """Make the table, empty."""
    db.execute(SCHEMA)
    _write(db, "", 0, "")


def convert(db: sqlite3.Connection) -> None:
    """Turn the table of format 1, which has id and revision alone, into this one."""
    rows = db.execute("SELECT id, rev FROM request ORDER BY id").fetchall()
    db.execute("DROP TABLE request")
    db.execute(SCHEMA)
    following = [*(found for found, _ in rows), ""]
    _write(db, "", 0, following[0])
    for (request_id, rev), after in zip(rows, following[1:], strict=True):
        _write(db, request_id, rev, after)


def find(db: sqlite3.Connection, request_id: str) -> Rev | None:
    """Return the revision of an id, None where it surely is not.

    Raises:
        IndexDamaged: Whether it is cannot be known.
    """
    found, rev, _ = _near(db, request_id)
    return rev if found == request_id else None


def add(db: sqlite3.Connection, request_id: str, rev: Rev, horizon: Callable[[], Rev]) -> None:
    """Add an id; that of a commit up to the horizon, which is forgotten, is given to the new one.

    Raises:
        KnownRequest: It is that of a commit which is kept.
        IndexDamaged: Whether it is cannot be known.
    """
    before, there, after = _near(db, request_id)
    if before == request_id:
        if there > horizon():
            raise KnownRequest
        db.execute("UPDATE request SET rev = ? WHERE id = ?", (rev, request_id))
        _link(db, request_id, rev, after)
        return
    _write(db, request_id, rev, after)
    _link(db, before, there, request_id)


def forget(db: sqlite3.Connection, position: str, horizon: Rev) -> str | None:
    """Remove the ids of commits up to the horizon from the next few rows.

    Args:
        db: In a transaction.
        position: The row of this id is looked at already; begin with the empty text.
        horizon: The newest revision that is forgotten.

    Returns:
        The position to go on from; None at the end.
    """
    found = db.execute("SELECT id, rev, next, checksum FROM request WHERE id = ?", (position,)).fetchone()
    kept, kept_rev, after = _checked(found)
    gone = []
    rows = db.execute(_PORTION, (position,)).fetchall()
    for row in rows:
        request_id, rev, following = _checked(row)
        if request_id != after:
            _fail(f"{after!r} is gone")
        after = following
        if rev <= horizon:
            gone.append((request_id,))
            continue
        if gone:
            _link(db, kept, kept_rev, request_id)
            _delete(db, gone)
        kept, kept_rev = request_id, rev
    if gone:
        _link(db, kept, kept_rev, after)
        _delete(db, gone)
    return kept if len(rows) == PORTION else None


def check(db: sqlite3.Connection) -> None:
    """Look at every row; raises IndexDamaged."""
    after = ""
    for number, row in enumerate(db.execute("SELECT id, rev, next, checksum FROM request ORDER BY id")):
        request_id, _, following = _checked(row)
        if request_id != after or (number == 0) is not (request_id == ""):
            _fail(f"{after!r} is gone")
        after = following
    if after:
        _fail(f"{after!r} is gone")


def _near(db: sqlite3.Connection, request_id: str) -> tuple[str, Rev, str]:
    """The row of the id, or the one before the place where it would stand."""
    row = db.execute(_NEAR, (request_id, request_id)).fetchone()
    if row is None:
        _fail("its first row is gone")
    found, rev, following = _checked(row[:4])
    if following != row[4]:
        _fail(f"what stands behind {found!r} is not what was put there")
    return found, rev, following


def _checked(row: tuple[object, ...] | None) -> tuple[str, Rev, str]:
    if row is None:
        _fail("a row is gone")
    request_id, rev, following, checksum = row
    if not isinstance(request_id, str) or not isinstance(rev, int) or not isinstance(following, str):
        _fail("a row holds other kinds of values than were written")
    if _checksum(request_id, rev, following) != checksum:
        _fail(f"the row of {request_id!r} does not match its checksum")
    return request_id, rev, following


def _checksum(request_id: str, rev: Rev, following: str) -> int:
    return crc32(f"{len(request_id)} {rev} {request_id} {following}".encode(errors="surrogatepass"))


def _write(db: sqlite3.Connection, request_id: str, rev: Rev, following: str) -> None:
    db.execute(_INSERT, (request_id, rev, following, _checksum(request_id, rev, following)))


def _link(db: sqlite3.Connection, request_id: str, rev: Rev, following: str) -> None:
    db.execute(_LINK, (following, _checksum(request_id, rev, following), request_id))


def _delete(db: sqlite3.Connection, gone: list[tuple[str]]) -> None:
    db.executemany("DELETE FROM request WHERE id = ?", gone)
    gone.clear()


def _fail(found: str) -> NoReturn:
    raise IndexDamaged(f"{WHAT}: {found}")
