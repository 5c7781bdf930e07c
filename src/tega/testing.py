"""What the tests of a store need, and those of an engine by others: a model and one face for all.

``MemoryFace``, ``SqliteFace`` and ``AsyncFace`` offer the same plain
methods, so one suite runs on each; ``Model`` says what they must answer.
"""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any, Protocol

from tega.api import Change, Commit, Entry, Op
from tega.database import Database, open_database
from tega.engines.memory import Memory, MemoryLog
from tega.store import AsyncStore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from tega.api import Difference, Json, Path, PathLike, Rev
    from tega.engines.base import Log

WATCH_S = 10.0
"""A watch that has not told after so many seconds has failed."""


class Model:
    """The least code that says what a store holds: plain dicts, copied whole at each revision."""

    def __init__(self) -> None:
        self.trees: list[dict[str, Json]] = [{}]
        self.mods: list[dict[Path, Rev]] = [{(): 0}]

    @property
    def rev(self) -> Rev:
        return len(self.trees) - 1

    def commit(self, changes: Sequence[Change]) -> None:
        tree, mods = copy.deepcopy(self.trees[-1]), dict(self.mods[-1])
        for change in changes:
            self._apply(tree, mods, change, self.rev + 1)
        self.trees.append(tree)
        self.mods.append(mods)

    def _apply(self, tree: dict[str, Json], mods: dict[Path, Rev], change: Change, rev: Rev) -> None:
        path, value = change.path, copy.deepcopy(change.value)
        there = value_at(tree, path)
        if change.op is Op.DELETE:
            if there is not GONE and not (path == () and not tree):
                self._remove(tree, mods, path, rev)
        elif change.op is Op.PUT or not isinstance(there, dict):
            self._place(tree, mods, path, value, rev)
        else:
            for key, item in value.items():
                below = value_at(tree, (*path, key))
                if isinstance(item, dict) and isinstance(below, dict):
                    self._apply(tree, mods, Change(Op.MERGE, (*path, key), item), rev)
                else:
                    self._place(tree, mods, (*path, key), item, rev)

    def _place(self, tree: dict[str, Json], mods: dict[Path, Rev], path: Path, value: Json, rev: Rev) -> None:
        _forget(mods, path)
        if not path:
            tree.clear()
            tree.update(value)
        node = tree
        for segment in path[:-1]:
            if not isinstance(node.get(segment), dict):
                node[segment] = {}
            node = node[segment]
        if path:
            node[path[-1]] = value
        for length in range(len(path) + 1):
            mods[path[:length]] = rev
        for below in _paths(value, path):
            mods[below] = rev

    def _remove(self, tree: dict[str, Json], mods: dict[Path, Rev], path: Path, rev: Rev) -> None:
        _forget(mods, path)
        if path:
            del value_at(tree, path[:-1])[path[-1]]
        else:
            tree.clear()
        for length in range(len(path) or 1):
            mods[path[:length]] = rev

    def get(self, path: Path, at: Rev | None = None) -> tuple[Json, Rev] | None:
        """Return value and mod_rev."""
        rev = self.rev if at is None else at
        found = value_at(self.trees[rev], path)
        return None if found is GONE else (found, self.mods[rev][path])


GONE: Any = object()
"""What `value_at` returns where nothing is."""


def value_at(tree: Json, path: Path) -> Json:
    """Return the value at a path of plain dicts, or `GONE`."""
    for segment in path:
        if not isinstance(tree, dict) or segment not in tree:
            return GONE
        tree = tree[segment]
    return tree


def _paths(value: Json, path: Path) -> list[Path]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(below for key, item in value.items() for below in _paths(item, (*path, key)))]


def _forget(mods: dict[Path, Rev], path: Path) -> None:
    for known in [known for known in mods if known[: len(path)] == path]:
        del mods[known]


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
        from tega.pattern import path_pattern

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
        from tega.transfer import export_lines

        return b"".join(export_lines(self.database, at=at, history=history))

    def import_(self, data: bytes, *, mode: Any, dry_run: bool = False) -> Commit:
        from tega.transfer import import_lines

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
