"""The log in a directory: SQLite in WAL mode, shared by any number of processes.

A commit is one row. ``full`` synchronises the write-ahead log at every
group of commits, ``normal`` only at checkpoints: it survives the death of
any process, not the loss of power. Never on a network file system.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from threading import RLock

from tega.api import LeaseInfo, Limits
from tega.codec import HASH_SIZE, digest
from tega.engines import requests, space
from tega.engines.head import Head
from tega.engines.requests import IndexDamaged
from tega.errors import (
    CommitUnknown,
    DamagedStore,
    NewerFormat,
    ReadOnly,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreIOError,
    TooLarge,
    WrongLast,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from tega.api import Durability, Record, Rev

DATABASE = "tega.db"
HEAD = "tega.head"
FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", HEAD, space.RESERVE)
"""Everything that a store keeps in its directory."""

APPLICATION = 0x74656761
FORMAT = 2
"""1 had an index of request ids without checksums, no horizon, and a file that could not shrink."""
HORIZON = "horizon"
"""The blob that says up to where records were forgotten on purpose."""
COMMIT_BYTES = 64 << 20
CHUNK = 256
CHUNK_OCTETS = 4 << 20
"""Most records that a reader fetches at a time, and their bytes after which it takes no more."""

_SCHEMA = (
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {FORMAT}",
    "CREATE TABLE commits (rev INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE touched (root TEXT, version INTEGER, rev INTEGER NOT NULL,"
    " PRIMARY KEY (root, rev)) WITHOUT ROWID",
    "CREATE TABLE blob (name TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE lease (id TEXT PRIMARY KEY, ttl REAL NOT NULL, deadline REAL NOT NULL,"
    " boot TEXT NOT NULL, owner TEXT NOT NULL) WITHOUT ROWID",
)
_LAST = "SELECT max(rev) FROM commits"
_INSERT = "INSERT INTO commits VALUES (?, ?)"
_TOUCH = "INSERT INTO touched VALUES (?, ?, ?)"
_PUT_BLOB = "INSERT OR REPLACE INTO blob VALUES (?, ?)"
_LEASES = "SELECT id, ttl, deadline, boot, owner FROM lease"
_LEASE_KINDS = ((str,), (int, float), (int, float), (str,), (str,))
_SPOILT = ("malformed", "no such table", "no such column", "has no column", "values for", "decode to UTF-8")
"""What SQLite says where the schema or a text is not what was written, without a code that tells."""


def boot_clock() -> float:
    """Return seconds since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return what tells this start of the machine from every other."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def translate(error: sqlite3.Error, directory: str) -> StoreError:
    """Return the exception of ours for one of SQLite's."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    where = f"{directory}: "
    match code:
        case sqlite3.SQLITE_FULL:
            return _full(directory)
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


class _Translating:
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


class _Hold:
    """The context of `SqliteLog.hold`."""

    __slots__ = ("_log",)

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    def __enter__(self) -> None:
        self._log.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.end()


class SqliteLog:
    """The log of one directory, as one process has it open.

    Args:
        directory: Made if absent, for its owner alone.
        durability: ``full`` or ``normal``, see the module.
        busy_s: How long to wait for another process's commit, in seconds.
        clock: Seconds since the machine started, for leases.
        files: Where the files really are, for a copy of those of `directory`.

    Raises:
        DamagedStore: The files are there but are not a whole database.
        ReadOnly: The directory cannot be written.
        StoreFull: There is no space to open it.
    """

    def __init__(
        self,
        directory: str,
        *,
        durability: Durability = "full",
        busy_s: float = 10.0,
        clock: Callable[[], float] = boot_clock,
        files: str = "",
    ) -> None:
        self.directory = directory
        self._durable = durability == "full"
        self._lock = RLock()
        self._clock = clock
        self._boot = boot_id()
        self._boot_bytes = self._boot.encode().ljust(36)[:36]
        self._inotify = -1
        self._held_last = -1
        self._under_way: tuple[Rev, Rev] | None = None
        self._translating = _Translating(directory)
        self._closed = False
        self._horizon = 0
        self._folder = folder = files or directory
        self._head = _open_head(folder)
        self._head.lock()
        try:
            with self._translating:
                self._db = _connect(folder, directory, busy_s)
                try:
                    self._set_up(folder)
                except BaseException:
                    self._db.close()
                    raise
        except BaseException:
            self._head.close()
            raise
        self._head.unlock()

    def _set_up(self, folder: str) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 1:
            self._convert()
        elif version != FORMAT:
            self._create(folder, version)
        self._db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        self._db.execute("PRAGMA cell_size_check = ON")
        self._db.execute("PRAGMA secure_delete = FAST")  # never at the price of more to write
        self._compare_with_head()
        self._lay_up()

    def _create(self, folder: str, version: int) -> None:
        objects = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > FORMAT:
            raise NewerFormat(
                f"{self.directory}: {DATABASE} is of format {version}, this version reads up to {FORMAT}; "
                "open it with the version that wrote it, or a newer one"
            )
        if version or objects:
            raise DamagedStore(self.directory, f"{DATABASE} is of format {version}, which there never was")
        known = self._head.read()
        if known is not None and known[0] > 0:
            raise DamagedStore(self.directory, f"{DATABASE} is empty, yet revision {known[0]} was committed")
        self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            self._db.execute(statement)
        requests.create(self._db)
        self._db.execute("COMMIT")
        _sync_directory(folder)

    def _convert(self) -> None:
        """Bring a database of format 1 up to date."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            requests.convert(self._db)
            first = self._db.execute("SELECT min(rev) FROM commits").fetchone()[0] or 1
            if first > 1:
                self._db.execute(_PUT_BLOB, (HORIZON, _horizon_data(first - 1)))
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _compare_with_head(self) -> None:
        known = self._head.read()
        last = self._db.execute(_LAST).fetchone()[0] or 0
        if known is not None and known[0] > 0:
            rev, head_hash, boot, durable = known
            lost_power = not durable and boot != self._boot
            if last < rev and not lost_power:
                raise DamagedStore(
                    self.directory, f"the log ends at revision {last}, yet revision {rev} was committed"
                )
            row = self._db.execute("SELECT data FROM commits WHERE rev = ?", (rev,)).fetchone()
            if last >= rev and (row is None or self._octets(row[0], rev)[:HASH_SIZE] != head_hash):
                raise DamagedStore(self.directory, f"revision {rev} is not the one that was committed")
        if (last and (known is None or known[0] != last)) or self._head.intent() < last:
            self._mend_head()

    def _mend_head(self) -> None:
        """The head is behind, after a crash or a loss of power; nobody can commit meanwhile."""
        self._db.execute("BEGIN IMMEDIATE")
        row = self._db.execute("SELECT rev, data FROM commits ORDER BY rev DESC LIMIT 1").fetchone()
        if row is not None:
            self._head.intend(row[0])
            self._head.seal(row[0], self._octets(row[1], row[0])[:HASH_SIZE], self._boot_bytes, self._durable)
        self._db.execute("ROLLBACK")

    def _errors(self) -> _Translating:
        if self._closed:
            raise StoreClosed(f"{self.directory}: the store was closed")
        return self._translating

    def limits(self) -> Limits:
        return Limits(COMMIT_BYTES, 1 << 20, 0.05, "fsync" if self._durable else "lazy", "native")

    # ------------------------------------------------------------ records

    def hold(self) -> _Hold:
        return _Hold(self)

    def begin(self) -> None:
        """Enter a `hold`: keep all other writers out, and know for sure where the log ends."""
        self._lock.acquire()
        try:
            with self._errors():
                self._db.execute("BEGIN IMMEDIATE")
                self._held_last = self._db.execute(_LAST).fetchone()[0] or 0
        except BaseException:
            if not self._closed and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._lock.release()
            raise

    def end(self) -> None:
        """Leave a `hold`; what was not committed is undone."""
        try:
            self._held_last = -1
            if not self._closed and self._db.in_transaction:
                with self._errors():
                    self._db.execute("ROLLBACK")
        finally:
            self._lock.release()

    def last(self) -> Rev:
        if self._held_last >= 0:
            return self._held_last
        with self._lock, self._errors():
            return self._db.execute(_LAST).fetchone()[0] or 0

    def horizon(self) -> Rev:
        data = self.get_blob(HORIZON)
        if data is None:
            if self._horizon:
                raise DamagedStore(self.directory, "it is no longer known up to where history was forgotten")
            return 0
        rev = int.from_bytes(data[HASH_SIZE : HASH_SIZE + 8])
        if data != _horizon_data(rev) or rev < self._horizon:
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
                self._db.execute(_PUT_BLOB, state)
                self._db.execute(_PUT_BLOB, (HORIZON, _horizon_data(horizon)))
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
                yield rev, self._octets(data, rev)
            after = rows[-1][0] if rows else after

    def _octets(self, data: object, rev: Rev) -> bytes:
        if type(data) is bytes:
            return data
        raise DamagedStore(self.directory, f"the record of revision {rev} holds no bytes")

    def _one(self, query: str, *values: object) -> object:
        with self._lock, self._errors():
            row = self._db.execute(query, values).fetchone()
        return row[0] if row is not None else None

    def _revision(self, query: str, *values: object) -> Rev | None:
        found = self._one(query, *values)
        if found is None or isinstance(found, int):
            return found
        raise DamagedStore(self.directory, "the index of roots holds no revision")

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
                self._db.execute(_PUT_BLOB, (HORIZON, _horizon_data(before - 1)))
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
            self._db.execute(_PUT_BLOB, (HORIZON, _horizon_data(horizon)))
            space.squeeze(self._db, horizon, older)

    def _end_wal(self) -> None:
        with self._lock, self._errors():
            space.end_wal(self._db)

    def _lay_up(self) -> None:
        if self._folder == self.directory:
            space.lay_up(self._folder, DATABASE)

    def _want_room(self, octets: int) -> None:
        """Refuse what fits into the write-ahead log alone: it could not be ended, not even to compact."""
        if octets > space.LARGE_OCTETS and space.is_short(self._db, self._folder, octets):
            raise _full(self.directory)

    # -------------------------------------------------------------- blobs

    def put_blob(self, name: str, data: bytes) -> None:
        with self._lock, self._errors():
            self._want_room(len(data))
            self._db.execute(_PUT_BLOB, (name, data))
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

    # ------------------------------------------------------------- around

    def wake_fd(self) -> int:
        if self._inotify < 0:
            from tega.engines.inotify import watch_file

            self._inotify = watch_file(self._head.path)
        return self._inotify

    def drain_wake(self) -> None:
        try:  # one reading takes all: equal events are one
            os.read(self._inotify, 65536)
        except BlockingIOError:
            return

    def check(self) -> None:
        with self._lock, self._errors():
            requests.check(self._db)
            found = [row[0] for row in self._db.execute("PRAGMA integrity_check(10)")]
        if found != ["ok"]:
            raise DamagedStore(self.directory, "; ".join(found))

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._inotify >= 0:
                os.close(self._inotify)
            self._db.close()
            self._head.close()


def _full(directory: str) -> StoreFull:
    return StoreFull(f"{directory}: the disk or quota is full; free some space and retry")


def _horizon_data(rev: Rev) -> bytes:
    data = rev.to_bytes(8)
    return digest(data) + data


def _fetch(rows: sqlite3.Cursor) -> tuple[list[tuple[Rev, object]], bool]:
    """Return the first records, few if they are large, and whether none were left out."""
    found: list[tuple[Rev, object]] = []
    size = 0
    for row in rows:
        found.append(row)
        size += len(row[1]) if type(row[1]) is bytes else 0
        if size > CHUNK_OCTETS:
            rows.close()
            return found, False
    return found, len(found) < CHUNK


def _connect(folder: str, directory: str, busy_s: float) -> sqlite3.Connection:
    try:
        _make_private(folder)
    except OSError as error:
        raise os_error(error, directory) from error
    path = os.path.join(folder, DATABASE)
    return sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)


def _make_private(folder: str) -> None:
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


def _open_head(directory: str) -> Head:
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return Head(os.path.join(directory, HEAD))
    except OSError as error:
        raise os_error(error, directory) from error


def os_error(error: OSError, directory: str) -> StoreError:
    """Return the exception of ours for one of the operating system's."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(directory)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ReadOnly(
            f"{directory}: cannot be written ({error.strerror}); open it with read_only=True to read"
        )
    return StoreIOError(f"{directory}: cannot be opened ({error.strerror or error})")


def _sync_directory(directory: str) -> None:
    """Make the names of new files durable, in the directory and of the directory itself."""
    for path in (directory, os.path.dirname(os.path.abspath(directory))):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
