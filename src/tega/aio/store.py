"""The async face of the store: one writer thread, watchers, leases that keep themselves alive.

All methods belong to the event loop on which the store was opened. Reads
of the present never leave the loop; everything that may touch the disk
runs on the writer thread, where commits that wait together are written
together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from tega.aio import watch as async_watch
from tega.aio.parts import AsyncLease, AsyncTransaction
from tega.aio.watch import CHUNK, AsyncWatch
from tega.api import Commit
from tega.database.database import Database, open_database
from tega.database.writes import Writes
from tega.errors import FutureRevision, StoreError

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tega.api import Durability, Entry, Limits, PathLike, Rev
    from tega.database.txn import Transaction
    from tega.log.state import View

logger = logging.getLogger("tega.store")
_T = TypeVar("_T")
_P = ParamSpec("_P")

CHUNK_S = 0.005
"""Time after which no more commits or lines are read from the disk at once; `CHUNK` is their number."""


async def open_store(
    directory: str | os.PathLike[str], *, durability: Durability = "full", busy_s: float = 10.0
) -> AsyncStore:
    """Open the store of a directory, see `tega.open_database`."""
    return AsyncStore(await open_elsewhere(directory, durability=durability, busy_s=busy_s))


async def open_elsewhere(
    directory: str | os.PathLike[str], *, durability: Durability = "full", busy_s: float = 10.0
) -> Database:
    """Open a database on another thread; a caller who is cancelled meanwhile leaves none open."""
    opening = asyncio.ensure_future(
        asyncio.to_thread(open_database, directory, durability=durability, busy_s=busy_s)
    )
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _close_opened(opening: asyncio.Future[Database]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def on_the_writer(
    method: Callable[Concatenate[Database, _P], _T],
) -> Callable[Concatenate[AsyncStore, _P], Coroutine[Any, Any, _T]]:
    """Return a method of the database as one of the store: for what writes, in turn with the commits."""

    @wraps(method)
    async def call(store: AsyncStore, /, *args: _P.args, **options: _P.kwargs) -> _T:
        return await store.run(lambda: method(store.database, *args, **options))

    return call


def on_a_thread(
    method: Callable[Concatenate[Database, _P], _T],
) -> Callable[Concatenate[AsyncStore, _P], Coroutine[Any, Any, _T]]:
    """Return a method of the database as one of the store: for what only reads, and takes long."""

    @wraps(method)
    async def call(store: AsyncStore, /, *args: _P.args, **options: _P.kwargs) -> _T:
        return await asyncio.to_thread(method, store.database, *args, **options)

    return call


class AsyncStore(Writes[Coroutine[Any, Any, Commit]], AsyncWatch):
    """A store on the running event loop.

    Args:
        database: What it stands on; closed with the store.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._lease_made = asyncio.Event()
        self._tasks = {self._loop.create_task(self._tick()), self._loop.create_task(self._reap())}

    async def __aenter__(self) -> AsyncStore:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what was handed in, end all watches and close the database."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stop_listening()
        await self._stop_writing()
        self._end_watches()
        self.database.close()

    async def _reap(self) -> None:
        while True:
            self._lease_made.clear()
            try:
                left = await self.run(self.database.expire)
            except StoreError as error:  # the next turn may do better: nobody else ends these leases
                logger.warning("leases.not_ended reason=%s", error)
                left = None
            pause = async_watch.IDLE_S if left is None else min(max(left, 0.001), async_watch.IDLE_S)
            try:
                await asyncio.wait_for(self._lease_made.wait(), pause)
            except TimeoutError:
                continue

    # -------------------------------------------------------------- reads

    def limits(self) -> Limits:
        """See `Database.limits`."""
        return self.database.limits()

    async def head(self, *, linearizable: bool = False) -> Rev:
        """Return the newest revision; this engine's reads are always linearizable."""
        return self.database.head()

    async def view(self, at: Rev | None = None) -> View:
        """Return the tree at a revision: reads that fit together, without waiting."""
        if at is None:
            return self.database.view()
        return await asyncio.to_thread(self.database.view, at)

    async def get(
        self, path: PathLike, *, at: Rev | None = None, min_rev: Rev = 0, linearizable: bool = False
    ) -> Entry | None:
        """Return the subtree at the path, see `Database.get`.

        Raises:
            FutureRevision: `min_rev` does not exist yet.
        """
        view = await self.view(at)
        if view.rev < min_rev:
            raise FutureRevision(min_rev, view.rev)
        return view.get(path)

    async def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> Sequence[tuple[Entry, tuple[Any, ...]]]:
        """Return what a pattern matches, see `View.select`."""
        return (await self.view(at)).select(pattern, regex=regex)

    # ------------------------------------------------------------- writes

    async def _commit(self, *what: Any) -> Commit:
        return await self._submit(self.database.request(*what))

    @asynccontextmanager
    async def transaction(
        self, *, at: Rev | None = None, author: str = "", message: str = "", request_id: str | None = None
    ) -> AsyncIterator[AsyncTransaction]:
        """Commit what the block builds when it ends without an exception, see `Database.transaction`."""
        begin = self.database.transaction
        if at is None:
            inner = begin(author=author, message=message, request_id=request_id)
        else:
            inner = await asyncio.to_thread(
                begin, at=at, author=author, message=message, request_id=request_id
            )
        try:
            yield AsyncTransaction(inner)
        except BaseException:
            inner.cancel()
            raise
        await self.end(inner)

    async def end(self, transaction: Transaction) -> Commit | None:
        """Commit a transaction of the database, unless it was ended or wrote nothing."""
        if transaction.ended:
            return transaction.result
        request = transaction.close()
        if request is None:
            return transaction.result
        transaction.result = await self._submit(request)
        return transaction.result

    # ------------------------------------------------------------ history

    async def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> AsyncIterator[Commit]:
        """Yield commits oldest first, see `Database.history`."""
        commits = self.database.history(path, after=after, until=until)
        async for commit in self._stream(commits):
            yield commit

    async def _stream(self, items: Iterator[_T]) -> AsyncIterator[_T]:
        while chunk := await asyncio.to_thread(_next_chunk, items):
            for item in chunk:
                yield item

    diff = on_a_thread(Database.diff)
    rollback = on_the_writer(Database.rollback)

    # ------------------------------------------------------------- leases

    @asynccontextmanager
    async def lease(self, ttl: float, *, owner: str = "") -> AsyncIterator[AsyncLease]:
        """Make a lease, keep it alive during the block, and end it with the block.

        Nodes put with it go when it ends; when this process dies or hangs,
        `ttl` seconds after the last keep-alive, removed by whoever has the
        store open.
        """
        lease_id = await self.grant(ttl, owner=owner)
        held = AsyncLease(self, lease_id, ttl)
        keeper = self._loop.create_task(held.keep())
        try:
            yield held
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            if not self._closed:
                await held.revoke()
            if not held.lost.done():
                held.lost.set_result(None)

    async def grant(self, ttl: float, *, owner: str = "", lease_id: str | None = None) -> str:
        """See `Database.grant`; for callers that keep it alive themselves."""
        made = await self.run(lambda: self.database.grant(ttl, owner=owner, lease_id=lease_id))
        self._lease_made.set()
        return made

    keep_alive = on_the_writer(Database.keep_alive)
    revoke = on_the_writer(Database.revoke)
    leases = on_the_writer(Database.leases)

    # -------------------------------------------------------- maintenance

    async def export(self, *, at: Rev | None = None, history: bool = False) -> AsyncIterator[bytes]:
        """Yield the lines of an export, see `tega.transfer.export_lines`."""
        from tega.transfer.lines import export_lines

        lines = await asyncio.to_thread(export_lines, self.database, at=at, history=history)
        async for line in self._stream(lines):
            yield line

    async def import_(
        self,
        lines: AsyncIterator[bytes],
        *,
        mode: Literal["replace", "merge", "history"],
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
        dry_run: bool = False,
    ) -> Commit:
        """Take over an export, see `tega.transfer.import_lines`."""
        from tega.transfer.lines import import_lines

        held = [line async for line in lines]
        return await self.run(
            lambda: import_lines(
                self.database, held, mode=mode, expect=expect, author=author, message=message, dry_run=dry_run
            )
        )

    snapshot = on_the_writer(Database.snapshot)
    compact = on_the_writer(Database.compact)
    verify = on_a_thread(Database.verify)


def _next_chunk(items: Iterator[_T]) -> list[_T]:
    """The next few; large ones take longer to read, and so are fewer."""
    chunk: list[_T] = []
    end = perf_counter() + CHUNK_S
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK or perf_counter() > end:
            break
    return chunk
