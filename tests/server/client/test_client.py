"""What a client does for its user: values, transactions, calls, subscriptions."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tega.api import ABSENT, MISSING, Change, Op
from tega.client import Client
from tega.errors import (
    CallTimeout,
    Conflict,
    InvalidPath,
    InvalidValue,
    NoHandler,
    RemoteError,
)
from tega.protocol.errors import BadRequest, Offered
from unit.tega.serving import run, served, serving, until

BIG = ("big", 2**53, MISSING)


def test_values_go_there_and_back() -> None:
    async def work() -> None:
        async with served() as db:
            value = {"a": [1, 2.5, None, True, "é", {"x": []}], "10.0.0.1/24": {}, "big": 2**53}
            commit = await db.put("v", value, message="why")
            assert (commit.rev, commit.author, commit.message, commit.roots) == (1, "me", "why", {"v": 1})
            entry = await db.get("v")
            assert (entry.value, entry.mod_rev, entry.lease) == (value, 1, None)
            assert (await db.get(("v", "10.0.0.1/24"))).path == ("v", "10.0.0.1/24")
            assert await db.get("w") is None
            await db.merge("v", {"a": 1})
            await db.delete("v.big")
            assert (await db.get("v")).value == {"a": 1, "10.0.0.1/24": {}}
            assert (await db.get("v", at=1)).value == value
            history = [one.rev async for one in db.history()]
            assert history == [1, 2, 3]
            assert (await db.log())[0].hash == commit.hash
            assert [(d.path[-1], d.before, d.after) for d in await db.diff(2, 3)] == [BIG]
            back = await db.rollback("v", 1)
            assert (back.rev, back.reverts) == (4, 1)
            assert (await db.get("v")).value == value
            assert await db.verify() == (await db.log())[-1].hash
            lines = [line async for line in db.export()]
            assert lines

    run(work())


def test_what_has_no_json_form_or_no_path_is_refused_here_or_there() -> None:
    async def work() -> None:
        async with served() as db:
            for value in (object(), float("nan"), {1, 2}, b"bytes", {1: 2}, [float("inf")]):
                with pytest.raises(InvalidValue):
                    await db.put("a", value)
                with pytest.raises(InvalidValue):
                    await db.merge("a", {"b": value})
                with pytest.raises(InvalidValue):
                    await db.commit([Change(Op.PUT, ("a",), value)])
                await db.offer("f", lambda value=value: value)
                with pytest.raises(RemoteError, match="InvalidValue"):
                    await db.call("f")
            await db.withdraw("f")
            with pytest.raises(InvalidPath):
                await db.put("a..b", 1)
            with pytest.raises(BadRequest, match="nonsense"):
                await db.ask("nonsense")
            assert await db.get("a") is None

    run(work())


async def late(db: Client) -> None:
    async with db.transaction() as txn:
        assert await txn.get("new") is None
        assert txn.expected == {("new",): ABSENT}
        await db.put("new", "from elsewhere")
        txn.put("new", 5)


async def broken(db: Client) -> None:
    async with db.transaction() as txn:
        txn.put("n", 99)
        raise ZeroDivisionError


def test_a_transaction_is_one_commit_of_what_still_stands() -> None:
    async def work() -> None:
        async with served() as db:
            await db.put("n", 1)
            async with db.transaction(message="add") as txn:
                entry = await txn.get("n")
                txn.put("n", entry.value + 1)
                txn.merge("m", {"x": {"y": 1}})
                txn.delete("gone")
                assert (await txn.get("n")).value == 2
                assert (await txn.get("m.x")).value == {"y": 1}
            assert txn.committed.rev == 2
            with pytest.raises(Conflict) as caught:
                await late(db)
            assert (caught.value.author, caught.value.path) == ("me", ("new",))
            with pytest.raises(ZeroDivisionError):
                await broken(db)
            async with db.transaction() as txn:
                txn.put("n", 99)
                txn.cancel()
            with pytest.raises(Conflict):
                async with db.transaction(at=1) as txn:
                    txn.put("n", 3)
            assert (await db.get("n")).value == 2
            assert (await db.commit([Change(Op.PUT, ("n",), 7)], expect={("n",): 2})).rev == 4

    run(work())


def test_calls_across_sessions() -> None:
    async def work() -> None:
        async with serving() as server, Client(server.url, name="owner") as owner, Client(server.url) as db:

            async def add(x: Any, y: Any = 0) -> Any:
                return x + y

            async def count(n: Any) -> AsyncIterator[Any]:
                for i in range(n):
                    yield i

            cancelled = asyncio.Event()

            async def hang() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelled.set()

            await owner.offer("f.add", add)
            await owner.offer("f.count", count)
            await owner.offer("f.hang", hang)
            assert await db.call("f.add", 1, y=2) == 3
            seen: list[int] = []
            assert await db.call("f.count", 3, progress=seen.append) == 2
            assert seen == [0, 1, 2]
            wire = db.wire
            with pytest.raises(ZeroDivisionError):
                await db.call("f.count", 3, progress=lambda value: 1 // value)
            assert (await db.call("f.add", 1), db.wire) == (1, wire)
            with pytest.raises(RemoteError, match="TypeError"):
                await db.call("f.add")
            with pytest.raises(CallTimeout, match="may still have run"):
                await db.call("f.hang", timeout=0.05)
            await asyncio.wait_for(cancelled.wait(), 5)
            cancelled.clear()
            task = asyncio.create_task(db.call("f.hang"))
            await until(lambda: owner._functions._serving)
            task.cancel()
            await asyncio.wait_for(cancelled.wait(), 5)
            with pytest.raises(NoHandler):
                await db.call("f.none")
            with pytest.raises(Offered, match="already offered by owner"):
                await db.offer("f.add", add)
            await owner.withdraw("f.add")
            with pytest.raises(NoHandler):
                await db.call("f.add")
            waiting = asyncio.create_task(db.call("f.hang", timeout=30))
            await until(lambda: owner._functions._serving)
            await owner.close()
            with pytest.raises(CallTimeout, match="vanished"):
                await waiting

    run(work())


def test_subscriptions_and_channels() -> None:
    async def work() -> None:
        async with served() as db:
            await db.put("a.x", 1)
            async with db.subscribe("a", after=0) as notices, db.listen("news*") as news:
                await db.put("a.y", 2)
                await db.publish("news.1", {"k": "v"})
                assert [(await anext(notices)).rev for _ in range(2)] == [1, 2]
                assert await anext(news) == ("news.1", "me", {"k": "v"})
                await notices.close()
                with pytest.raises(StopAsyncIteration):
                    await anext(notices)
            assert await db.ask("subscribers") == {}

    run(work())
