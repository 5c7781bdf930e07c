"""What comes to a client unasked: in one receipt, too fast, too late, after a gap."""

import asyncio

import pytest

from server.client.scripted import Script, commits
from tega.client import Client, Missed
from tega.errors import (
    Compacted,
)
from unit.tega.serving import run, served, until


def test_a_client_that_does_not_take_its_notices_holds_few_and_loses_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tega.client.events.QUEUE", 50)

    async def work() -> None:
        async with served() as db, db.subscribe("a") as notices:
            for i in range(500):
                await db.put("a", i)
            assert len(notices._items) <= 50
            assert [(await anext(notices)).rev for _ in range(500)] == list(range(1, 501))

    run(work())


def test_what_is_pushed_in_one_receipt_with_the_answer_is_not_lost() -> None:
    async def work() -> None:
        wire = Script()
        db = await Client(connector=wire.dial, reconnect=False).open()
        notices, late, news = db.subscribe("a"), db.subscribe("b", after=3), db.listen("news")
        opened = asyncio.create_task(notices.open())
        number = await wire.asked("subscribe")
        wire.take({"id": number, "ok": {"sub": 1, "rev": 6}})
        wire.take(commits(1, 7))
        await opened
        assert (await anext(notices)).rev == 7
        db.chore(db._ping(wire))
        ping = await wire.asked("ping")
        opened = asyncio.create_task(late.open())
        number = await until(lambda: wire.sent[-1]["op"] == "subscribe" and wire.sent[-1]["id"])
        wire.take({"id": ping, "ok": 9})
        wire.take({"id": number, "ok": {"sub": 2, "rev": 3}})
        wire.take(commits(2, 8))
        await opened
        assert (notices.rev, (await anext(late)).rev) == (9, 8)
        opened = asyncio.create_task(news.open())
        wire.take({"id": await wire.asked("listen"), "ok": {"sub": 3}})
        wire.take({"push": "message", "sub": 3, "channel": "news", "sender": "x", "body": 1})
        await opened
        assert (await anext(news)).body == 1
        offered = asyncio.create_task(db.offer("f", lambda: 5))
        number = await wire.asked("offer")
        wire.take({"push": "call", "call": 1, "path": "f", "args": [], "kwargs": {}})
        wire.take({"id": number, "ok": None})
        await offered
        assert wire.sent[-1] == {"op": "answer", "call": 1, "value": 5}
        wire.close()
        await db.close()

    run(work())


def test_a_subscription_nobody_waits_for_any_more_is_ended() -> None:
    async def work() -> None:
        wire = Script()
        db = await Client(connector=wire.dial, reconnect=False).open()
        opened = asyncio.create_task(db.subscribe("a").open())
        number = await wire.asked("subscribe")
        opened.cancel()
        await asyncio.wait([opened])
        wire.take({"id": number, "ok": {"sub": 4, "rev": 0}})
        assert wire.sent[-1] == {"op": "unsubscribe", "sub": 4}
        assert (db._subscriptions._streams, db._subscriptions._all) == ({}, [])
        wire.close()
        await db.close()

    run(work())


def test_a_compacted_history_is_reported() -> None:
    async def work() -> None:
        async with served() as db:
            for i in range(20):
                await db.put("a", i)
            await db.compact(15)
            oldest = (await db.ask("info"))["oldest"]
            kept = list(range(oldest + 1, 21))
            assert [one.rev for one in await db.log()] == kept
            assert [one.rev async for one in db.history()] == kept
            with pytest.raises(Compacted):
                await db.log(after=0)
            async with db.subscribe("a", after=2) as notices:
                missed = await anext(notices)
                assert isinstance(missed, Missed)
                assert (await anext(notices)).rev == missed.oldest + 1

    run(work())
