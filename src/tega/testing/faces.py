"""One face before each way to use a store, so that one suite serves all of them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tega.aio.store import AsyncStore
from tega.api import Commit
from tega.database import Database, open_database
from tega.engines.memory import Memory, MemoryLog
from tega.engines.sqlite import SqliteLog
from tega.transfer import export_lines, import_lines
from tega.tree.pattern import path_pattern

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tega.api import PathLike, Rev
    from tega.log.base import Log

_P = ParamSpec("_P")
_T = TypeVar("_T")

WATCH_S = 10.0
"""A watch that yields nothing for so many seconds has failed."""


def _same(method: Callable[Concatenate[Database, _P], _T]) -> Callable[Concatenate[Face, _P], _T]:
    """Return a method that database and store have in common, as one of the face."""

    def call(face: Face, /, *args: _P.args, **options: _P.kwargs) -> _T:
        found: _T = face.ask(method.__name__, *args, **options)
        return found

    return call


class Face(ABC):
    """The store as a test sees it, whatever is behind."""

    def __init__(self) -> None:
        self._others: list[Face] = []

    def second(self) -> Face:
        """Return another client of the same store; the first one closes it as well."""
        other = self.another()
        self._others.append(other)
        return other

    def close(self) -> None:
        for other in self._others:
            other.close()
        self.close_own()

    @abstractmethod
    def another(self) -> Face: ...
    @abstractmethod
    def close_own(self) -> None: ...
    @abstractmethod
    def reopen(self) -> None:
        """Close it and open it again; what is in memory alone keeps its log."""

    @abstractmethod
    def ask(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of what is behind, and wait for it."""

    head = _same(Database.head)
    get = _same(Database.get)
    select = _same(Database.select)
    commit = _same(Database.commit)
    diff = _same(Database.diff)
    rollback = _same(Database.rollback)
    grant = _same(Database.grant)
    keep_alive = _same(Database.keep_alive)
    revoke = _same(Database.revoke)
    snapshot = _same(Database.snapshot)
    compact = _same(Database.compact)
    verify = _same(Database.verify)

    @abstractmethod
    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> list[Commit]: ...
    @abstractmethod
    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        """What a watch yields up to a revision."""

    @abstractmethod
    def export(self, *, at: Rev | None = None, history: bool = False) -> bytes: ...
    @abstractmethod
    def import_(self, data: bytes, *, mode: Any, dry_run: bool = False) -> Commit: ...


class DatabaseFace(Face):
    """The plain face over any engine; `make` gives the log, again for each opening."""

    def __init__(self, make: Callable[[], Log]) -> None:
        super().__init__()
        self._make = make
        self.database = Database(make())

    def another(self) -> Face:
        return DatabaseFace(self._make)

    def reopen(self) -> None:
        self.database.close()
        self.database = Database(self._make())

    def close_own(self) -> None:
        self.database.close()

    def ask(self, method: str, *args: Any, **options: Any) -> Any:
        return getattr(self.database, method)(*args, **options)

    def history(self, path: PathLike = (), **bounds: Any) -> list[Commit]:
        return list(self.database.history(path, **bounds))

    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        wanted = path_pattern(pattern, regex=regex)
        assert self.database.wait(until - 1, WATCH_S) >= until
        passed = self.database.history(after=after, until=until)
        return [commit for commit in passed if self.database.touches(wanted, commit)]

    def export(self, **options: Any) -> bytes:
        return b"".join(export_lines(self.database, **options))

    def import_(self, data: bytes, **options: Any) -> Commit:
        return import_lines(self.database, data.splitlines(), **options)


class AsyncFace(Face):
    """The async store, on an event loop that runs while a method does."""

    def __init__(self, directory: str) -> None:
        super().__init__()
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self.store = self._open()

    def _open(self) -> AsyncStore:
        async def make() -> AsyncStore:
            return AsyncStore(open_database(self._directory, durability="normal"))

        return self._run(make())

    def _run(self, waiting: Awaitable[_T]) -> _T:
        return self._loop.run_until_complete(asyncio.wait_for(waiting, WATCH_S))

    def another(self) -> Face:
        return AsyncFace(self._directory)

    def reopen(self) -> None:
        self._run(self.store.close())
        self.store = self._open()

    def close_own(self) -> None:
        self._run(self.store.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(self, method: str, *args: Any, **options: Any) -> Any:
        return self._run(getattr(self.store, method)(*args, **options))

    def history(self, path: PathLike = (), **bounds: Any) -> list[Commit]:
        async def collect() -> list[Commit]:
            return [commit async for commit in self.store.history(path, **bounds)]

        return self._run(collect())

    def watch(self, pattern: str, *, after: Rev, until: Rev, regex: bool = False) -> list[Commit]:
        async def collect() -> list[Commit]:
            found: list[Commit] = []
            async with aclosing(self.store.watch(pattern, after=after, regex=regex)) as items:  # type: ignore[type-var]
                async for item in items:
                    if isinstance(item, Commit):
                        found.append(item)
                    if (item.rev if isinstance(item, Commit) else item) >= until:
                        break
            return found

        return self._run(collect())

    def export(self, **options: Any) -> bytes:
        async def collect() -> bytes:
            return b"".join([line async for line in self.store.export(**options)])

        return self._run(collect())

    def import_(self, data: bytes, **options: Any) -> Commit:
        async def lines() -> Any:
            for line in data.splitlines():
                yield line

        return self._run(self.store.import_(lines(), **options))


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
        return DatabaseFace(lambda: SqliteLog(directory, durability="normal"))
    return AsyncFace(directory)


ENGINES = ("memory", "sqlite", "async")
