"""Commits whose end was not seen: the acknowledgement is lost, or the disk takes its time."""

from __future__ import annotations

import asyncio
from threading import Event, Thread, current_thread
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from tega.aio.store import AsyncStore
from tega.api import Change, Commit, Op
from tega.database import Database
from tega.engines.sqlite import SqliteLog
from tega.errors import CommitUnknown
from tega.hub.store import SLOW_S, HubStore

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE_S = 5.0


class Forgetful(SqliteLog):
    """A log that commits and then cannot say so, as often as it is set to."""

    fails = 0

    def _seal(self) -> None:
        super()._seal()
        if self.fails:
            self.fails -= 1
            raise CommitUnknown("", "disk I/O error")


def put(path: str, value: object) -> list[Change]:
    return [Change(Op.PUT, (path,), value)]


def test_an_unknown_outcome_is_resolved_by_the_request_id(tmp_path: Path) -> None:
    log = Forgetful(str(tmp_path), durability="normal")
    with Database(log) as database:
        ids = ("r1", "r2", None)
        requests = [database.request(put(f"a{i}", i), request_id=name) for i, name in enumerate(ids)]
        log.fails = 1
        with pytest.raises(CommitUnknown, match="look into the history before trying again"):
            database.submit(*requests)
        unknown = [request.error for request in requests]
        assert [error.request_id for error in unknown if isinstance(error, CommitUnknown)] == ["r1", "r2", ""]
        assert "whether request r1 was committed is unknown (disk I/O error)" in str(unknown[0])
        assert database.head() == 3
        for i in (0, 1):
            found = database.find_request(f"r{i + 1}")
            assert found is not None
            assert database.commit(put(f"a{i}", i), request_id=f"r{i + 1}") == found
        assert [commit.changes[0].path for commit in database.history()] == [("a0",), ("a1",), ("a2",)]
        assert database.commit(put("a", 3)).rev == 4
        database.verify()


class Slow(SqliteLog):
    """A log whose disk takes until `go`."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, durability="normal")
        self.asked, self.go = Event(), Event()
        self.threads: list[Thread] = []

    def _seal(self) -> None:
        self.threads.append(current_thread())
        self.asked.set()
        assert self.go.wait(DEADLINE_S)
        super()._seal()


def test_a_read_does_not_wait_for_a_slow_disk(tmp_path: Path) -> None:
    with Database(SqliteLog(str(tmp_path), durability="normal")) as other:
        other.put("a", 1)
        log = Slow(str(tmp_path))
        with Database(log) as database:
            writer = Thread(target=database.put, args=("a", 2), daemon=True)
            writer.start()
            assert log.asked.wait(DEADLINE_S)
            read: list[object] = []
            reader = Thread(target=lambda: read.append(database.view().value("a")), daemon=True)
            reader.start()
            reader.join(DEADLINE_S)
            assert read == [1]
            assert other.view().value("a") == 1
            log.go.set()
            writer.join(DEADLINE_S)
            assert (database.view().value("a"), other.view().value("a")) == (2, 2)


def test_the_loop_of_a_server_goes_on_beside_a_slow_disk(tmp_path: Path) -> None:
    async def work() -> None:
        log = Slow(str(tmp_path))
        store = HubStore(Database(log))
        try:
            for _ in range(8):
                store._note(2 * SLOW_S)
            written = store.submit_later(store.database.request(put("a", 1)))
            assert await asyncio.to_thread(log.asked.wait, DEADLINE_S)
            assert await store.get("a") is None
            log.go.set()
            assert (await written).rev == 1
            assert await store.get("a") is not None
        finally:
            log.go.set()
            await store.close()

    asyncio.run(asyncio.wait_for(work(), DEADLINE_S))


def test_a_server_does_not_try_a_disk_again_that_is_still_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tega.hub.store.SLOW_S", 0.0)

    async def work() -> None:
        log = Slow(str(tmp_path))
        log.go.set()
        store = HubStore(Database(log))
        try:
            store._slow_until = perf_counter() + DEADLINE_S
            written = store.submit_later(store.database.request(put("a", 1)))
            store._slow_until = 0.0
            await written
            await store.run(lambda: None)  # and whatever else was to be done elsewhere
            await store.submit_later(store.database.request(put("a", 2)))
            assert current_thread() not in log.threads
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(work(), DEADLINE_S))


class Broken(SqliteLog):
    """A log with a fault of ours in it, as often as it is set to."""

    faults = 0

    def _seal(self) -> None:
        if self.faults:
            self.faults -= 1
            raise ZeroDivisionError
        super()._seal()


@pytest.mark.parametrize("kind", [AsyncStore, HubStore])
def test_a_fault_reaches_all_who_were_committed_together_and_the_next_commit_is_made(
    tmp_path: Path, kind: type[AsyncStore]
) -> None:
    async def work() -> None:
        log = Broken(str(tmp_path), durability="normal")
        store = kind(Database(log))
        try:
            log.faults = 3
            found = await asyncio.gather(*(store.put("a", i) for i in range(3)), return_exceptions=True)
            assert {type(one) for one in found} <= {ZeroDivisionError, Commit}
            assert ZeroDivisionError in {type(one) for one in found}
            log.faults = 0
            assert (await store.put("b", 1)).rev == await store.head()
            await store.verify()
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(work(), DEADLINE_S))
