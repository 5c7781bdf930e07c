"""The async face of the store: one writer thread, watchers, leases that keep themselves alive.

All methods belong to the event loop on which the store was opened. Reads
of the present never leave the loop; everything that may touch the disk
runs on the writer thread, where commits that wait together are written
together.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import asynccontextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from tega.api import Change, Commit, Op
from tega.database import Database, open_database
from tega.errors import Compacted, FutureRevision, LeaseLost, SlowConsumer, StoreClosed, StoreError
from tega.group import Request
from tega.paths import to_path

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from tega.api import (
        Difference,
        Durability,
        Entry,
        Json,
        LeaseInfo,
        Limits,
        Path,
        PathLike,
        Rev,
    )
    from tega.pattern import PathPattern
    from tega.state import View
    from tega.txn import Transaction

logger = logging.getLogger("tega.store")
_T = TypeVar("_T")

CHUNK = 256
CHUNK_S = 0.005
"""Most commits or lines that are read from the disk at a time, and the time after which no more are."""
IDLE_S = 1.0
"""Seconds between bookmarks, and between looks for leases and commits that nobody announced."""


async def open_store(
    directory: str | os.PathLike[str], *, durability: Durability = "full", busy_s: float = 10.0
) -> AsyncStore:
    """Open the store of a directory, see `tega.database.open_database`."""
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


class _Job(NamedTuple):
    """What the writer thread is to do: commit a request, or call a function."""

    future: asyncio.Future[Any]
    request: Request | None
    call: Callable[[], Any] | None


class _Watcher:
    """What waits for one watch: commits of interest, and how far the log was looked through."""

    def __init__(self, pattern: PathPattern, position: Rev, limit: int) -> None:
        self.pattern = pattern
        self.position = position
        self.queue: deque[Commit] = deque()
        self.limit = limit
        self.error: StoreError | None = None
        self.wake = asyncio.Event()

    def offer(self, commit: Commit, wanted: bool, last: Rev) -> None:
        self.position = commit.rev
        if not wanted or self.error is not None:
            return
        if len(self.queue) >= self.limit:
            self.fail(SlowConsumer(last))
            return
        self.queue.append(commit)
        self.wake.set()

    def fail(self, error: StoreError) -> None:
        self.error = self.error or error
        self.queue.clear()
        self.wake.set()


class AsyncLease:
    """A lease that is kept alive while its context is open; `lost` ends if it cannot be."""

    def __init__(self, store: AsyncStore, lease_id: str, ttl: float) -> None:
        self.id = lease_id
        self.ttl = ttl
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._store = store

    async def revoke(self) -> None:
        """End it now; its nodes are gone when this returns."""
        await self._store.revoke(self.id)

    async def keep(self) -> None:
        """Keep it alive until it is lost; the store may be busy, full or failing for a while."""
        while not self.lost.done():
            await asyncio.sleep(self.ttl / 3)
            try:
                await self._store.keep_alive(self.id)
            except LeaseLost:
                self.lost.set_result(None)
            except StoreClosed:
                return
            except StoreError as error:
                logger.warning("lease.not_kept lease=%s reason=%s", self.id, error)


class AsyncTransaction:
    """The async face of `Transaction`."""

    def __init__(self, inner: Transaction) -> None:
        self.inner = inner
        self.base = inner.base

    @property
    def result(self) -> Commit | None:
        """The commit, after the block ended well and if anything was written."""
        return self.inner.result

    async def get(self, path: PathLike) -> Entry | None:
        """See `Transaction.get`; never blocks."""
        return self.inner.get(path)

    def put(
        self, path: PathLike, value: Json, *, expect: Rev | None = None, lease: str | None = None
    ) -> None:
        """See `Transaction.put`."""
        self.inner.put(path, value, expect=expect, lease=lease)

    def merge(self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None) -> None:
        """See `Transaction.merge`."""
        self.inner.merge(path, value, expect=expect)

    def delete(self, path: PathLike, *, expect: Rev | None = None) -> None:
        """See `Transaction.delete`."""
        self.inner.delete(path, expect=expect)

    def expect(self, path: PathLike, rev: Rev) -> None:
        """See `Transaction.expect`."""
        self.inner.expect(path, rev)

    def cand(self) -> list[Difference]:
        """See `Transaction.cand`."""
        return self.inner.cand()

    def cancel(self) -> None:
        """See `Transaction.cancel`."""
        self.inner.cancel()


class AsyncStore:
    """A store on the running event loop; meets `tega.api.Store`.

    Args:
        database: What it stands on; closed with the store.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._fresh: deque[Sequence[Commit]] = deque()
        self._seen = database.refresh()
        self._dispatching = False
        self._watchers: set[_Watcher] = set()
        self._closed = False
        self._end_subscription = database.subscribe(self._published)
        self._thread = Thread(target=self._write, name="tega-writer", daemon=True)
        self._thread.start()
        self._wake_fd = database.wake_fd()
        if self._wake_fd >= 0:
            self._loop.add_reader(self._wake_fd, self._woken)
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
        if self._wake_fd >= 0:
            self._loop.remove_reader(self._wake_fd)
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._end_subscription()
        for watcher in self._watchers:
            watcher.fail(StoreClosed("the store was closed"))
        self.database.close()

    # ------------------------------------------------------ writer thread

    def _write(self) -> None:
        while True:
            jobs: list[_Job | None] = [self._jobs.get()]
            try:
                while True:
                    jobs.append(self._jobs.get_nowait())
            except Empty:
                pass
            self._work([job for job in jobs if job is not None])
            if None in jobs:
                return

    def _work(self, jobs: Sequence[_Job]) -> None:
        """Do the jobs in order, neighbouring commits as one group."""
        group: list[_Job] = []
        for job in jobs:
            if job.request is not None:
                group.append(job)
                continue
            self._commit_jobs(group)
            group = []
            self._call_job(job)
        self._commit_jobs(group)

    def _commit_jobs(self, group: Sequence[_Job]) -> None:
        if not group:
            return
        requests = [job.request for job in group if job.request is not None]
        try:
            self.database.submit(*requests)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            if not isinstance(error, StoreError):
                for request in requests:
                    request.error = request.error or (None if request.result else error)
        self._to_loop(_settle, group)

    def _call_job(self, job: _Job) -> None:
        assert job.call is not None
        try:
            outcome: Any = job.call()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._to_loop(_finish, job.future, None, error)
        else:
            self._to_loop(_finish, job.future, outcome, None)

    def _to_loop(self, call: Callable[..., None], *values: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *values)
        except RuntimeError:
            # the loop was closed before the store: nobody waits any more
            if not self._loop.is_closed():
                raise
            self._jobs.put(None)

    async def _submit(self, request: Request) -> Commit:
        commit: Commit | None = await self._enqueue(request, None)
        assert commit is not None
        return commit

    async def run(self, call: Callable[[], _T]) -> _T:
        """Call a function on the writer thread, in turn with the commits; for what touches the disk."""
        outcome: _T = await self._enqueue(None, call)
        return outcome

    def _enqueue(self, request: Request | None, call: Callable[[], Any] | None) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreClosed("the store was closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(_Job(future, request, call))
        return future

    # -------------------------------------------------------- new commits

    def _published(self, commits: Sequence[Commit]) -> None:
        """From whatever thread has them; the loop passes them on."""
        self._fresh.append(commits)
        self._to_loop(self._dispatch)

    def _dispatch(self) -> None:
        if self._dispatching:  # whoever does it already sees the new ones, too, and in order
            return
        self._dispatching = True
        try:
            while self._fresh:
                commits = self._fresh.popleft()
                if not commits or commits[0].rev > self._seen + 1:
                    self._lost_history()
                for commit in commits:
                    self._pass_on(commit)
        finally:
            self._dispatching = False

    def _pass_on(self, commit: Commit) -> None:
        self._seen = commit.rev
        for watcher in self._watchers:
            if commit.rev > watcher.position:
                try:
                    wanted = self.database.touches(watcher.pattern, commit)
                except StoreError as error:  # what stood there before cannot be read
                    watcher.fail(error)
                    continue
                watcher.offer(commit, wanted, watcher.position)

    def _lost_history(self) -> None:
        """Another process compacted what this one had not read yet."""
        oldest = self.database.oldest()
        self._seen = self.database.refresh()
        for watcher in self._watchers:
            watcher.fail(Compacted(oldest))

    def _woken(self) -> None:
        self.database.drain_wake()
        self.database.refresh()

    async def _tick(self) -> None:
        """Bookmarks for watchers with nothing to tell, and commits whose author died before saying so."""
        while True:
            await asyncio.sleep(IDLE_S)
            try:
                self.database.refresh()
            except StoreError as error:
                logger.warning("store.not_refreshed reason=%s", error)
            for watcher in self._watchers:
                watcher.wake.set()

    async def _reap(self) -> None:
        while True:
            self._lease_made.clear()
            try:
                left = await self.run(self.database.expire)
            except StoreError as error:  # the next turn may do better: nobody else ends these leases
                logger.warning("leases.not_ended reason=%s", error)
                left = None
            pause = IDLE_S if left is None else min(max(left, 0.001), IDLE_S)
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

    async def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        """See `Database.commit`; a caller that is cancelled meanwhile does not undo it."""
        return await self._submit(self.database.request(changes, expect, author, message, request_id))

    async def put(
        self,
        path: PathLike,
        value: Json,
        *,
        expect: Rev | None = None,
        lease: str | None = None,
        author: str = "",
        message: str = "",
    ) -> Commit:
        """See `Database.put`."""
        where = to_path(path)
        change = Change(Op.PUT, where, value, lease)
        return await self.commit((change,), expect=_guard(where, expect), author=author, message=message)

    async def merge(
        self,
        path: PathLike,
        value: Mapping[str, Json],
        *,
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
    ) -> Commit:
        """See `Database.merge`."""
        where = to_path(path)
        change = Change(Op.MERGE, where, value)
        return await self.commit((change,), expect=_guard(where, expect), author=author, message=message)

    async def delete(
        self, path: PathLike, *, expect: Rev | None = None, author: str = "", message: str = ""
    ) -> Commit:
        """See `Database.delete`."""
        where = to_path(path)
        return await self.commit(
            (Change(Op.DELETE, where),), expect=_guard(where, expect), author=author, message=message
        )

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

    async def diff(self, before: Rev, after: Rev | None = None, path: PathLike = ()) -> list[Difference]:
        """See `Database.diff`."""
        return await asyncio.to_thread(self.database.diff, before, after, path)

    async def rollback(
        self,
        root: str | None,
        to: Rev,
        *,
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        """See `Database.rollback`."""
        return await self.run(
            lambda: self.database.rollback(
                root, to, expect=expect, author=author, message=message, request_id=request_id
            )
        )

    async def watch(
        self, pattern: str = "**", *, after: Rev, regex: bool = False, queue: int = 1024
    ) -> AsyncIterator[Commit | Rev]:
        """Yield every commit after a revision that touches the pattern, whole, in order, each once.

        A bare revision is a bookmark: the watch has looked through the
        log up to there. One comes when the past has been told, later
        ones at most once a second while nothing of interest happens.

        Args:
            pattern: Path, glob or, with `regex`, regular expression, see
                `tega.pattern`; it means what is above and below it, too.
            after: Revision that is known already.
            regex: Read it as a regular expression.
            queue: Commits that may wait for this watcher.

        Raises:
            Compacted: The history after `after` is no longer whole.
            SlowConsumer: More than `queue` commits wait; nothing is lost
                when one watches again from its `last`.
            FutureRevision: `after` does not exist yet.
        """
        from tega.pattern import path_pattern

        matcher = path_pattern(pattern, regex=regex)
        head = self.database.refresh()
        if after > head:
            raise FutureRevision(after, head)
        if after < self.database.oldest():
            raise Compacted(self.database.oldest())
        position = after
        while position < self._seen:
            for commit in await asyncio.to_thread(self._read_past, matcher, position):
                if commit.rev > 0:
                    yield commit
                position = abs(commit.rev)
        watcher = _Watcher(matcher, position, queue)
        self._watchers.add(watcher)
        try:
            yield position
            async for item in self._follow(watcher, position):
                yield item
        finally:
            self._watchers.discard(watcher)

    def _read_past(self, pattern: PathPattern, after: Rev) -> list[Commit]:
        """The next commits of interest; one with a negative revision marks how far was looked."""
        until = min(after + CHUNK, self._seen)
        found = list(self.database.history(after=after, until=until))
        wanted = [commit for commit in found if self.database.touches(pattern, commit)]
        if found and (not wanted or wanted[-1].rev != found[-1].rev):
            wanted.append(found[-1]._replace(rev=-found[-1].rev))
        return wanted

    async def _follow(self, watcher: _Watcher, told: Rev) -> AsyncIterator[Commit | Rev]:
        while True:
            await watcher.wake.wait()
            watcher.wake.clear()
            while watcher.queue:
                commit = watcher.queue.popleft()
                told = commit.rev
                yield commit
            if isinstance(watcher.error, SlowConsumer):
                raise SlowConsumer(told)
            if watcher.error is not None:
                raise watcher.error
            if watcher.position > told and not watcher.queue:
                told = watcher.position
                yield told

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

    async def keep_alive(self, lease: str) -> None:
        """See `Database.keep_alive`."""
        await self.run(lambda: self.database.keep_alive(lease))

    async def revoke(self, lease: str) -> Commit | None:
        """See `Database.revoke`."""
        return await self.run(lambda: self.database.revoke(lease))

    async def leases(self) -> list[LeaseInfo]:
        """See `Database.leases`."""
        return await self.run(self.database.leases)

    # -------------------------------------------------------- maintenance

    async def export(self, *, at: Rev | None = None, history: bool = False) -> AsyncIterator[bytes]:
        """Yield the lines of an export, see `tega.transfer.export_lines`."""
        from tega.transfer import export_lines

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
        from tega.transfer import import_lines

        held = [line async for line in lines]
        return await self.run(
            lambda: import_lines(
                self.database, held, mode=mode, expect=expect, author=author, message=message, dry_run=dry_run
            )
        )

    async def snapshot(self) -> Rev:
        """See `Database.snapshot`."""
        return await self.run(self.database.snapshot)

    async def compact(self, before: Rev) -> None:
        """See `Database.compact`."""
        await self.run(lambda: self.database.compact(before))

    async def verify(self) -> bytes:
        """See `Database.verify`."""
        return await asyncio.to_thread(self.database.verify)


def _guard(path: Path, expect: Rev | None) -> Mapping[Path, Rev] | None:
    return None if expect is None else {path: expect}


def _next_chunk(items: Iterator[_T]) -> list[_T]:
    """The next few; large ones take longer to read, and so are fewer."""
    chunk: list[_T] = []
    end = perf_counter() + CHUNK_S
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK or perf_counter() > end:
            break
    return chunk


def _settle(group: Sequence[_Job]) -> None:
    for future, request, _ in group:
        assert request is not None
        _finish(future, request.result, request.error)


def _finish(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(outcome)
