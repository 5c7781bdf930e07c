"""The database file of a directory, opened, proven and locked: what the log of `sqlite` stands on."""

from __future__ import annotations

import os
import time
from threading import RLock

from tega.engines import requests, space
from tega.engines.failures import Translating, full
from tega.engines.files import DATABASE, connect, open_head, sync_directory
from tega.errors import (
    DamagedStore,
    NewerFormat,
    StoreClosed,
)
from tega.log.codec import HASH_SIZE, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tega.api import Durability, Rev

APPLICATION = 0x74656761
FORMAT = 2
"""1 had an index of request ids without checksums, no horizon, and a file that could not shrink."""
HORIZON = "horizon"
"""The blob that says up to where records were forgotten on purpose."""

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
LAST = "SELECT max(rev) FROM commits"
PUT_BLOB = "INSERT OR REPLACE INTO blob VALUES (?, ?)"


def boot_clock() -> float:
    """Return seconds since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return what distinguishes this start of the machine from every other."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def horizon_data(rev: Rev) -> bytes:
    data = rev.to_bytes(8)
    return digest(data) + data


class Hold:
    """The context of `OpenedFile.hold`."""

    __slots__ = ("_log",)

    def __init__(self, log: OpenedFile) -> None:
        self._log = log

    def __enter__(self) -> None:
        self._log.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.end()


class OpenedFile:
    """The database of one directory, as one process has it open.

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
        self._translating = Translating(directory)
        self._closed = False
        self._horizon = 0
        self._folder = folder = files or directory
        self._head = open_head(folder)
        self._head.lock()
        try:
            with self._translating:
                self._db = connect(folder, directory, busy_s)
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
        sync_directory(folder)

    def _convert(self) -> None:
        """Bring a database of format 1 up to date."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            requests.convert(self._db)
            first = self._db.execute("SELECT min(rev) FROM commits").fetchone()[0] or 1
            if first > 1:
                self._db.execute(PUT_BLOB, (HORIZON, horizon_data(first - 1)))
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _compare_with_head(self) -> None:
        known = self._head.read()
        last = self._db.execute(LAST).fetchone()[0] or 0
        if known is not None and known[0] > 0:
            rev, head_hash, boot, durable = known
            lost_power = not durable and boot != self._boot
            if last < rev and not lost_power:
                raise DamagedStore(
                    self.directory, f"the log ends at revision {last}, yet revision {rev} was committed"
                )
            row = self._db.execute("SELECT data FROM commits WHERE rev = ?", (rev,)).fetchone()
            if last >= rev and (row is None or self._record_bytes(row[0], rev)[:HASH_SIZE] != head_hash):
                raise DamagedStore(self.directory, f"revision {rev} is not the one that was committed")
        if (last and (known is None or known[0] != last)) or self._head.intent() < last:
            self._mend_head()

    def _mend_head(self) -> None:
        """The head is behind, after a crash or a loss of power; nobody can commit meanwhile."""
        self._db.execute("BEGIN IMMEDIATE")
        row = self._db.execute("SELECT rev, data FROM commits ORDER BY rev DESC LIMIT 1").fetchone()
        if row is not None:
            self._head.intend(row[0])
            self._head.seal(
                row[0], self._record_bytes(row[1], row[0])[:HASH_SIZE], self._boot_bytes, self._durable
            )
        self._db.execute("ROLLBACK")

    def _errors(self) -> Translating:
        if self._closed:
            raise StoreClosed(f"{self.directory}: the store was closed")
        return self._translating

    def hold(self) -> Hold:
        return Hold(self)

    def begin(self) -> None:
        """Enter a `hold`: keep all other writers out, and know for sure where the log ends."""
        self._lock.acquire()
        try:
            with self._errors():
                self._db.execute("BEGIN IMMEDIATE")
                self._held_last = self._db.execute(LAST).fetchone()[0] or 0
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

    def _record_bytes(self, data: object, rev: Rev) -> bytes:
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

    def _lay_up(self) -> None:
        if self._folder == self.directory:
            space.lay_up(self._folder, DATABASE)

    def _want_room(self, size: int) -> None:
        """Refuse what fits into the write-ahead log alone: it could not be ended, not even to compact."""
        if size > space.LARGE_BYTES and space.is_short(self._db, self._folder, size):
            raise full(self.directory)

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

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._inotify >= 0:
                os.close(self._inotify)
            self._db.close()
            self._head.close()
