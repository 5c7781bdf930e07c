"""What only the async store has: slow watchers, leases that run out, and news of other processes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from tega.aio.store import AsyncStore, open_store
from tega.api import Commit
from tega.database import Database, open_database
from tega.engines.memory import MemoryLog
from tega.errors import (
    Compacted,
    Conflict,
    FutureRevision,
    LeaseLost,
    SlowConsumer,
    StoreClosed,
    StoreIOError,
)
from unit.tega.serving import until

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from tega.api import LeaseInfo

DEADLINE_S = 20.0


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, DEADLINE_S))


async def next_commit(items: Any) -> Commit:
    async for item in items:
        if isinstance(item, Commit):
            return item
    raise AssertionError("the watch ended")


async def drain(items: Any) -> None:
    async for _ in items:
        pass


async def lose(store: AsyncStore) -> None:
    async with store.transaction() as loser:
        await loser.get("a.x")
        await store.put("a.x", 9, author="winner")
        loser.put("a.x", 6)


async def cancel(store: AsyncStore) -> None:
    async with store.transaction() as cancelled:
        cancelled.put("a.x", 0)
        raise ValueError("stop")


def test_a_slow_watcher_gets_an_error_and_resumes_without_a_gap(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        await store.put("a", 0)
        async with aclosing(store.watch("a", after=0, queue=10)) as slow:  # type: ignore[type-var]
            assert (await next_commit(slow)).rev == 1
            assert await anext(slow) == 1
            for number in range(100):
                await store.put("a", number)
            with pytest.raises(SlowConsumer) as caught:
                await drain(slow)
        after = caught.value.last
        assert after < 101
        async with aclosing(store.watch("a", after=after)) as again:  # type: ignore[type-var]
            revs = [(await next_commit(again)).rev for _ in range(101 - after)]
        assert revs == list(range(after + 1, 102))

    run(with_store(tmp_path, work))


async def with_store(folder: Path, work: Any) -> None:
    async with await open_store(folder / "store", durability="normal") as store:
        await work(store)


def test_a_watch_hears_of_commits_of_another_database(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        other = open_database(tmp_path / "store", durability="normal")
        try:
            async with aclosing(store.watch("a.**", after=0)) as items:  # type: ignore[type-var]
                assert await anext(items) == 0
                await asyncio.to_thread(other.put, "b", 1)
                await asyncio.to_thread(other.put, "a.x", 1, author="other")
                commit = await next_commit(items)
                assert (commit.rev, commit.author) == (2, "other")
        finally:
            other.close()

    run(with_store(tmp_path, work))


def test_a_lease_nobody_keeps_alive_runs_out(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        lease = await store.grant(0.05, owner="dead")
        made = await store.put("hosts.r1", 1, lease=lease)
        async with aclosing(store.watch("hosts.r1", after=made.rev)) as items:  # type: ignore[type-var]
            gone = await next_commit(items)
        assert gone.author == f"lease:{lease}"
        assert await store.get("hosts.r1") is None
        assert await store.leases() == []
        with pytest.raises(LeaseLost):
            await store.keep_alive(lease)

    run(with_store(tmp_path, work))


def test_a_held_lease_outlives_its_time_and_ends_with_its_block(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        async with store.lease(0.15) as lease:
            made = await store.put("hosts.r1", 1, lease=lease.id)
            short = await store.grant(0.4)
            other = await store.put("clock", 1, lease=short)
            async with aclosing(store.watch("clock", after=other.rev)) as items:  # type: ignore[type-var]
                await next_commit(items)
            entry = await store.get("hosts.r1")
            assert entry is not None
            assert entry.mod_rev == made.rev
            assert not lease.lost.done()
        assert await store.get("hosts.r1") is None
        assert lease.lost.done()

    run(with_store(tmp_path, work))


def test_a_transaction_reads_its_own_writes_and_shows_the_candidate(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        await store.put("a", {"x": 1, "y": 2})
        async with store.transaction(author="me") as txn:
            txn.put("a.x", 5)
            txn.delete("a.y")
            own = await txn.get("a")
            assert own is not None
            assert own.value == {"x": 5}
            assert [(d.path, d.before) for d in txn.cand()] == [(("a", "x"), 1), (("a", "y"), 2)]
            assert (await store.get("a.x")).value == 1  # type: ignore[union-attr]
        assert txn.result is not None
        with pytest.raises(Conflict) as caught:
            await lose(store)
        assert caught.value.author == "winner"
        with pytest.raises(ValueError, match="stop"):
            await cancel(store)
        assert (await store.get("a.x")).value == 9  # type: ignore[union-attr]

    run(with_store(tmp_path, work))


def test_a_watch_from_nowhere_is_refused(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        for number in range(5):
            await store.put("a", number)
        await store.compact(4)
        with pytest.raises(Compacted):
            await anext(store.watch(after=1))
        with pytest.raises(FutureRevision):
            await anext(store.watch(after=99))

    run(with_store(tmp_path, work))


def test_closing_ends_watches(tmp_path: Path) -> None:
    async def work(store: AsyncStore) -> None:
        async with aclosing(store.watch(after=0)) as items:  # type: ignore[type-var]
            assert await anext(items) == 0
            await store.close()
            with pytest.raises(StoreClosed):
                await anext(items)
        with pytest.raises(StoreClosed):
            await store.put("a", 1)

    run(with_store(tmp_path, work))


class Failing(MemoryLog):
    """A log that fails as long as it is set to, and counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.failing = False
        self.asked: set[str] = set()

    def leases(self) -> list[LeaseInfo]:
        self._note("leases")
        return super().leases()

    def keep_lease(self, lease_id: str) -> bool:
        self._note("keep_lease")
        return super().keep_lease(lease_id)

    def hint(self) -> int:
        self._note("hint")
        return super().hint()

    def _note(self, what: str) -> None:
        self.asked.add(what)
        if self.failing:
            raise StoreIOError("the operating system failed to read or write the database")

    async def is_asked(self) -> None:
        self.asked.clear()
        await until(lambda: self.asked == {"leases", "keep_lease", "hint"})


def test_leases_and_news_are_seen_to_after_the_disk_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tega.aio.watch.IDLE_S", 0.01)

    async def work() -> None:
        log = Failing()
        async with AsyncStore(Database(log)) as store, store.lease(60.0) as lease:
            monkeypatch.setattr(lease, "ttl", 0.03)
            log.failing = True
            await log.is_asked()
            log.failing = False
            await log.is_asked()

    run(work())


def test_a_watcher_whose_past_cannot_be_read_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(store: AsyncStore) -> None:
        await store.put("a.b", 1)
        one, other = store.watch(r"a\.x", after=1, regex=True), store.watch("a", after=1)
        async with aclosing(one), aclosing(other):  # type: ignore[type-var]
            assert [await anext(one), await anext(other)] == [1, 1]

            def unreadable(rev: int) -> None:
                raise StoreIOError("the operating system failed to read or write the database")

            with monkeypatch.context() as broken:
                broken.setattr(store.database, "_state_at", unreadable)
                assert (await store.delete("a")).rev == (await next_commit(other)).rev == 2
            with pytest.raises(StoreIOError):
                await drain(one)

    run(with_store(tmp_path, work))
