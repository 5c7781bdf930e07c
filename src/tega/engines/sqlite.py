"""The log in a directory: SQLite in WAL mode, shared by any number of processes.

A commit is one row. ``full`` synchronises the write-ahead log at every
group of commits, ``normal`` only at checkpoints: it survives the death of
any process, not the loss of power. Never on a network file system.
"""

from __future__ import annotations

import sqlite3

from tega.api import LeaseInfo, Limits
from tega.engines import requests, space
from tega.engines.failures import translate
from tega.engines.files import DATABASE
from tega.engines.opened import HORIZON, LAST, PUT_BLOB, OpenedFile, horizon_data
from tega.errors import (
    CommitUnknown,
    DamagedStore,
    StoreBusy,
    StoreClosed,
    StoreFull,
    WrongLast,
)
from tega.log.codec import HASH_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tega.api import Record, Rev

COMMIT_BYTES = 64 << 20
CHUNK = 256
CHUNK_BYTES = 4 << 20
"""Most records that a reader fetches at a time, and their bytes after which it takes no more."""

_INSERT = "INSERT INTO commits VALUES (?, ?)"
_TOUCH = "INSERT INTO touched VALUES (?, ?, ?)"
_LEASES = "SELECT id, ttl, deadline, boot, owner FROM lease"
_LEASE_KINDS = ((str,), (int, float), (int, float), (str,), (str,))


class SqliteLog(OpenedFile):
    """The log of one directory, see `OpenedFile`."""

    def limits(self) -> Limits:
        return Limits(COMMIT_BYTES, 1 << 20, 0.05, "fsync" if self._durable else "lazy", "native")

    # ------------------------------------------------------------ records

    def last(self) -> Rev:
        if self._held_last >= 0:
            return self._held_last
        with self._lock, self._errors():
            return self._db.execute(LAST).fetchone()[0] or 0

    def horizon(self) -> Rev:
        data = self.get_blob(HORIZON)
        if data is None:
            if self._horizon:
                raise DamagedStore(self.directory, "it is no longer known up to where history was forgotten")
            return 0
        rev = int.from_bytes(data[HASH_SIZE : HASH_SIZE + 8])
        if data != horizon_data(rev) or rev < self._horizon:
            raise DamagedStore(self.directory, "up to where history was forgotten is not what was written")
        self._horizon = rev
        return rev

    def hint(self) -> Rev:
        if self._closed:
            raise StoreClosed(f"{self.directory}: the store was closed")
        rev, under_way = self._head.intent(), self._under_way
        # a commit of this process is not there before the disk has it, and nobody else can commit meanwhile
        return under_way[1] if under_way is not None and under_way[0] == rev else rev

    def append(self, records: Sequence[Record], *, expect_last: Rev) -> None:
        with self._lock:
            if self._held_last < 0:
                with self.hold():
                    self.append(records, expect_last=expect_last)
                return
            with self._errors():
                if self._held_last != expect_last:
                    raise WrongLast(self._held_last)
                self._insert(records)
            if not records:
                self._seal()
                return
            newest = records[-1]
            self._under_way = (newest.rev, expect_last)
            try:
                self._head.intend(newest.rev)
                self._seal()
            finally:
                self._under_way = None
            self._head.seal(newest.rev, newest.data[:HASH_SIZE], self._boot_bytes, self._durable)

    def adopt(self, records: Sequence[Record], horizon: Rev, state: tuple[str, bytes] | None) -> None:
        with self.hold(), self._errors():
            if state is not None:
                self._db.execute(PUT_BLOB, state)
                self._db.execute(PUT_BLOB, (HORIZON, horizon_data(horizon)))
            self.append(records, expect_last=0)

    def _insert(self, records: Sequence[Record]) -> None:
        self._want_room(sum([len(record.data) for record in records]))
        if len(records) == 1:
            self._insert_one(records[0])
            return
        many = self._db.executemany
        many(_INSERT, [(record.rev, record.data) for record in records])
        many(_TOUCH, [(root, version, r.rev) for r in records for root, version in r.roots.items()])
        for record in records:
            if record.request_id:
                requests.add(self._db, record.request_id, record.rev, self.horizon)

    def _insert_one(self, record: Record) -> None:
        rev, data, request_id, roots = record
        execute = self._db.execute
        execute(_INSERT, (rev, data))
        for root, version in roots.items():
            execute(_TOUCH, (root, version, rev))
        if request_id:
            requests.add(self._db, request_id, rev, self.horizon)

    def _seal(self) -> None:
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            wrong = translate(error, self.directory)
            if isinstance(wrong, StoreFull | StoreBusy):
                raise wrong from error
            raise CommitUnknown("", str(wrong)) from error

    def read(
        self, *, after: Rev, until: Rev | None = None, root: str | None = None
    ) -> Iterator[tuple[Rev, bytes]]:
        limit = until if until is not None else (1 << 62)
        after, limit = min(after, 1 << 62), min(limit, 1 << 62)
        query = "SELECT rev, data FROM commits WHERE rev > ? AND rev <= ? ORDER BY rev LIMIT ?"
        extra: tuple[str, ...] = ()
        if root is not None:
            query = (
                "SELECT c.rev, c.data FROM touched t JOIN commits c ON c.rev = t.rev"
                " WHERE t.rev > ? AND t.rev <= ? AND t.root = ? ORDER BY t.rev LIMIT ?"
            )
            extra = (root,)
        whole = False
        while not whole:
            with self._lock, self._errors():
                rows, whole = _fetch(self._db.execute(query, (after, limit, *extra, CHUNK)))
            for rev, data in rows:
                yield rev, self._record_bytes(data, rev)
            after = rows[-1][0] if rows else after

    def find_request(self, request_id: str) -> Rev | None:
        with self._lock, self._errors():
            found = requests.find(self._db, request_id)
            return found if found is not None and found > self.horizon() else None

    def version_rev(self, root: str, version: Rev) -> Rev | None:
        return self._revision("SELECT rev FROM touched WHERE root = ? AND version = ?", root, version)

    def touched_last(self, root: str, until: Rev) -> Rev | None:
        return self._revision("SELECT max(rev) FROM touched WHERE root = ? AND rev <= ?", root, until)

    def touched_next(self, root: str, after: Rev) -> Rev | None:
        return self._revision("SELECT min(rev) FROM touched WHERE root = ? AND rev > ?", root, after)

    def truncate(self, before: Rev, state: str) -> bool:
        with self.hold(), self._errors():
            if before > self._held_last or not self._has_blob(state):
                return False
            if before - 1 > self.horizon():
                self._db.execute(PUT_BLOB, (HORIZON, horizon_data(before - 1)))
                self._db.execute("COMMIT")
        return True

    def reclaim(self) -> Iterator[None]:
        for _ in self._reclaim(space.PAGES):
            yield
        self._lay_up()

    def _reclaim(self, pages: int) -> Iterator[None]:
        pieces = space.steps(self._db, self.horizon(), pages)
        while True:
            with self._lock, self._errors():
                if next(pieces, self) is self:
                    return
            yield

    def squeeze(self, before: Rev, state: str, older: Sequence[str]) -> None:
        space.give_up(self._folder)
        with self._lock, self._errors():
            room = space.can_end_wal(self._db, self._folder, DATABASE)
        if not room:
            self._squeeze_at_once(before, state, older)
            self._end_wal()
            return
        self._end_wal()
        if not self.truncate(before, state):
            return
        for name in older:
            self.drop_blob(name)
            self._end_wal()
        for _ in self._reclaim(space.FEW_PAGES):
            self._end_wal()

    def _squeeze_at_once(self, before: Rev, state: str, older: Sequence[str]) -> None:
        with self._lock, self._errors(), space.whole_transactions(self._db), self.hold():
            if before > self._held_last or not self._has_blob(state):
                return
            horizon = max(self.horizon(), before - 1)
            self._db.execute(PUT_BLOB, (HORIZON, horizon_data(horizon)))
            space.squeeze(self._db, horizon, older)

    def _end_wal(self) -> None:
        with self._lock, self._errors():
            space.end_wal(self._db)

    # -------------------------------------------------------------- blobs

    def put_blob(self, name: str, data: bytes) -> None:
        with self._lock, self._errors():
            self._want_room(len(data))
            self._db.execute(PUT_BLOB, (name, data))
        self._lay_up()

    def get_blob(self, name: str) -> bytes | None:
        found = self._one("SELECT data FROM blob WHERE name = ?", name)
        if found is None or isinstance(found, bytes):
            return found
        raise DamagedStore(self.directory, f"{name} holds no bytes")

    def _has_blob(self, name: str) -> bool:
        return self._one("SELECT 1 FROM blob WHERE name = ?", name) is not None

    def drop_blob(self, name: str) -> None:
        with self._lock, self._errors():
            self._db.execute("DELETE FROM blob WHERE name = ?", (name,))

    def blobs(self) -> list[str]:
        with self._lock, self._errors():
            names = [name for (name,) in self._db.execute("SELECT name FROM blob ORDER BY name")]
        if all(isinstance(name, str) for name in names):
            return names
        raise DamagedStore(self.directory, "the name of a state is no text")

    # ------------------------------------------------------------- leases

    def leases(self) -> list[LeaseInfo]:
        with self._lock, self._errors():
            rows = self._db.execute(_LEASES).fetchall()
        return [self._as_lease(row) for row in rows]

    def lease(self, lease_id: str) -> LeaseInfo | None:
        with self._lock, self._errors():
            row = self._db.execute(f"{_LEASES} WHERE id = ?", (lease_id,)).fetchone()
        return self._as_lease(row) if row is not None else None

    def _as_lease(self, row: tuple[str, float, float, str, str]) -> LeaseInfo:
        """One of before a restart of the machine gets its whole time again, once."""
        if not all(map(isinstance, row, _LEASE_KINDS)):
            raise DamagedStore(self.directory, f"the lease {row[0]!r} holds other values than were written")
        lease_id, ttl, deadline, boot, owner = row
        now = self._clock()
        if boot != self._boot:
            self._write_lease(lease_id, ttl, owner)
            deadline = now + ttl
        return LeaseInfo(lease_id, ttl, deadline - now, owner)

    def put_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        self._write_lease(lease_id, ttl, owner)

    def _write_lease(self, lease_id: str, ttl: float, owner: str) -> None:
        row = (lease_id, ttl, self._clock() + ttl, self._boot, owner)
        with self._lock, self._errors():
            self._db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?)", row)

    def keep_lease(self, lease_id: str) -> bool:
        row = (self._clock(), self._boot, lease_id)
        with self._lock, self._errors():
            return (
                self._db.execute("UPDATE lease SET deadline = ? + ttl, boot = ? WHERE id = ?", row).rowcount
                > 0
            )

    def drop_lease(self, lease_id: str) -> bool:
        with self._lock, self._errors():
            return self._db.execute("DELETE FROM lease WHERE id = ?", (lease_id,)).rowcount > 0

    def check(self) -> None:
        with self._lock, self._errors():
            requests.check(self._db)
            found = [row[0] for row in self._db.execute("PRAGMA integrity_check(10)")]
        if found != ["ok"]:
            raise DamagedStore(self.directory, "; ".join(found))


def _fetch(rows: sqlite3.Cursor) -> tuple[list[tuple[Rev, object]], bool]:
    """Return the first records, few if they are large, and whether none were left out."""
    found: list[tuple[Rev, object]] = []
    size = 0
    for row in rows:
        found.append(row)
        size += len(row[1]) if type(row[1]) is bytes else 0
        if size > CHUNK_BYTES:
            rows.close()
            return found, False
    return found, len(found) < CHUNK
