"""One face before each way to use a store, so that one suite serves all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from tega.aio.store import AsyncStore
from tega.api import Change, Commit, Entry
from tega.database.database import Database, open_database
from tega.engines.memory import Memory, MemoryLog

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from tega.api import Difference, Path, PathLike, Rev
    from tega.log.base import Log

WATCH_S = 10.0
"""A watch that has not told after so many seconds has failed."""


class Face(Protocol):
    """The store as a test sees it, whatever is behind."""

    def reopen(self) -> None:
        """Close it and open it again; what is in memory alone keeps its log."""

    def second(self) -> Face:
        """Return another client of the same store; the first one closes it as well."""

    def close(self) -> None: ...
    def head(self) -> Rev: ...
    def get(self, path: PathLike = (), at: Rev | None = None) -> Entry | None: ...
    def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> Sequence[tuple[Entry, tuple[Any, ...]]]: ...
    def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit: ...
    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> list[Commit]: ...
    def diff(self, before: Rev, after: Rev | None = None) -> list[Difference]: ...
    def rollback(
        self, root: str | None, to: Rev, *, expect: Rev | None = None, author: str = ""
    ) -> Commit: ...
    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        """What a watch tells up to a revision."""

    def grant(self, ttl: float) -> str: ...
    def keep_alive(self, lease: str) -> None: ...
    def revoke(self, lease: str) -> Commit | None: ...
    def export(self, *, at: Rev | None = None, history: bool = False) -> bytes: ...
    def import_(self, data: bytes, *, mode: Any, dry_run: bool = False) -> Commit: ...
    def snapshot(self) -> Rev: ...
    def compact(self, before: Rev) -> None: ...
    def verify(self) -> bytes: ...


class DatabaseFace:
    """The plain face over any engine; `make` gives the log, again for each opening."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self.database = self._open()
        self._others: list[DatabaseFace] = []

    def _open(self) -> Database:
        log: Log = self._make()
        return Database(log)

    def reopen(self) -> None:
        self.database.close()
        self.database = self._open()

    def second(self) -> Face:
        other = DatabaseFace(self._make)
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        self.database.close()

    def head(self) -> Rev:
        return self.database.head()

    def get(self, path: PathLike = (), at: Rev | None = None) -> Entry | None:
        return self.database.get(path, at=at)

    def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> Sequence[tuple[Entry, tuple[Any, ...]]]:
        return self.database.select(pattern, regex=regex, at=at)

    def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        return self.database.commit(
            changes, expect=expect, author=author, message=message, request_id=request_id
        )

    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> list[Commit]:
        return list(self.database.history(path, after=after, until=until))

    def diff(self, before: Rev, after: Rev | None = None) -> list[Difference]:
        return self.database.diff(before, after)

    def rollback(self, root: str | None, to: Rev, *, expect: Rev | None = None, author: str = "") -> Commit:
        return self.database.rollback(root, to, expect=expect, author=author)

    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        from tega.tree.pattern import path_pattern

        wanted = path_pattern(pattern, regex=regex)
        assert self.database.wait(until - 1, WATCH_S) >= until
        told = self.database.history(after=after, until=until)
        return [commit for commit in told if self.database.touches(wanted, commit)]

    def grant(self, ttl: float) -> str:
        return self.database.grant(ttl)

    def keep_alive(self, lease: str) -> None:
        self.database.keep_alive(lease)

    def revoke(self, lease: str) -> Commit | None:
        return self.database.revoke(lease)

    def export(self, *, at: Rev | None = None, history: bool = False) -> bytes:
        from tega.transfer.lines import export_lines

        return b"".join(export_lines(self.database, at=at, history=history))

    def import_(self, data: bytes, *, mode: Any, dry_run: bool = False) -> Commit:
        from tega.transfer.lines import import_lines

        return import_lines(self.database, data.splitlines(), mode=mode, dry_run=dry_run)

    def snapshot(self) -> Rev:
        return self.database.snapshot()

    def compact(self, before: Rev) -> None:
        self.database.compact(before)

    def verify(self) -> bytes:
        return self.database.verify()


class AsyncFace:
    """The async store, on an event loop that runs while a method does."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self.store = self._open()
        self._others: list[AsyncFace] = []

    def _open(self) -> AsyncStore:
        async def make() -> AsyncStore:
            return AsyncStore(open_database(self._directory, durability="normal"))

        return self._loop.run_until_complete(make())

    def _run(self, waiting: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(waiting, WATCH_S))

    def reopen(self) -> None:
        self._run(self.store.close())
        self.store = self._open()

    def second(self) -> Face:
        other = AsyncFace(self._directory)
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        self._run(self.store.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def head(self) -> Rev:
        rev: Rev = self._run(self.store.head(linearizable=True))
        return rev

    def get(self, path: PathLike = (), at: Rev | None = None) -> Entry | None:
        entry: Entry | None = self._run(self.store.get(path, at=at))
        return entry

    def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> Sequence[tuple[Entry, tuple[Any, ...]]]:
        found: Sequence[tuple[Entry, tuple[Any, ...]]] = self._run(
            self.store.select(pattern, regex=regex, at=at)
        )
        return found

    def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        commit: Commit = self._run(
            self.store.commit(changes, expect=expect, author=author, message=message, request_id=request_id)
        )
        return commit

    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> list[Commit]:
        async def collect() -> list[Commit]:
            return [commit async for commit in self.store.history(path, after=after, until=until)]

        commits: list[Commit] = self._run(collect())
        return commits

    def diff(self, before: Rev, after: Rev | None = None) -> list[Difference]:
        found: list[Difference] = self._run(self.store.diff(before, after))
        return found

    def rollback(self, root: str | None, to: Rev, *, expect: Rev | None = None, author: str = "") -> Commit:
        commit: Commit = self._run(self.store.rollback(root, to, expect=expect, author=author))
        return commit

    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        commits: list[Commit] = self._run(self._collect(pattern, after, until, regex))
        return commits

    async def _collect(self, pattern: str, after: Rev, until: Rev, regex: bool) -> list[Commit]:
        from contextlib import aclosing

        told: list[Commit] = []
        async with aclosing(self.store.watch(pattern, after=after, regex=regex)) as items:  # type: ignore[type-var]
            async for item in items:
                if isinstance(item, Commit):
                    told.append(item)
                if (item.rev if isinstance(item, Commit) else item) >= until:
                    break
        return told

    def grant(self, ttl: float) -> str:
        lease: str = self._run(self.store.grant(ttl))
        return lease

    def keep_alive(self, lease: str) -> None:
        self._run(self.store.keep_alive(lease))

    def revoke(self, lease: str) -> Commit | None:
        commit: Commit | None = self._run(self.store.revoke(lease))
        return commit

    def export(self, *, at: Rev | None = None, history: bool = False) -> bytes:
        async def collect() -> bytes:
            return b"".join([line async for line in self.store.export(at=at, history=history)])

        data: bytes = self._run(collect())
        return data

    def import_(self, data: bytes, *, mode: Any, dry_run: bool = False) -> Commit:
        async def lines() -> Any:
            for line in data.splitlines():
                yield line

        commit: Commit = self._run(self.store.import_(lines(), mode=mode, dry_run=dry_run))
        return commit

    def snapshot(self) -> Rev:
        rev: Rev = self._run(self.store.snapshot())
        return rev

    def compact(self, before: Rev) -> None:
        self._run(self.store.compact(before))

    def verify(self) -> bytes:
        found: bytes = self._run(self.store.verify())
        return found


def make_face(engine: str, directory: str) -> Face:
    """Return a face of a fresh store.

    Args:
        engine: ``memory``, ``sqlite`` or ``async`` (over SQLite).
        directory: An empty one to use.
    """
    if engine == "memory":
        memory = Memory()
        return DatabaseFace(lambda: MemoryLog(memory))
    if engine == "sqlite":
        from tega.engines.sqlite import SqliteLog

        return DatabaseFace(lambda: SqliteLog(directory, durability="normal"))
    return AsyncFace(directory)


ENGINES = ("memory", "sqlite", "async")
