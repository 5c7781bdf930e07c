"""Connections that are lost, silent or refused, and what a client does then."""

import asyncio
from typing import Any

import pytest

from server.client.scripted import Script
from tega.client import Client, Missed
from tega.errors import (
    StoreFull,
    TooLarge,
)
from tega.protocol.errors import BadRequest, Disconnected
from tega.server.app import Server
from unit.tega.serving import memory_store, run, serving, until


def test_a_lost_connection_heals_and_nothing_is_missed() -> None:
    async def work() -> None:
        async with (
            serving() as server,
            Client(server.url, name="w", ttl=5) as db,
            Client(server.url) as other,
        ):
            await db.offer("f", lambda x: x * 2)
            await db.put("e", 1, ephemeral=True)
            async with db.subscribe("a") as notices:
                for i in range(100):
                    if i % 25 == 10:
                        db.wire.abort()
                    await other.put("a", i)
                assert [(await anext(notices)).changes[0].value for _ in range(100)] == list(range(100))
            assert (await other.get("e")).value == 1
            assert await other.call("f", 4) == 8
            assert (await other.ask("ids"))["w"]["connected"]

    run(work())


def test_what_went_with_a_session_comes_back_with_it_and_nothing_else_does() -> None:
    async def work() -> None:
        async with serving() as server, Client(server.url, name="w") as db, Client(server.url) as other:
            await db.offer('f."x"', lambda: "mine")
            assert await other.call("f.x") == "mine"
            async with db.transaction() as txn:
                txn.put('a."b"', 1, ephemeral=True)
                txn.put("t", 1, ephemeral=True)
            await db.put("gone.below", 1, ephemeral=True)
            await db.delete("gone")
            await db.put('t."u"', 1, ephemeral=True)
            await db.put("t", "to stay")
            await server.hub.end(server.hub.sessions["w"])
            await until(lambda: db.connected and "w" in server.hub.sessions)
            await db.head()
            assert (await other.get()).value["a"] == {"b": 1}
            assert (await other.get("t")).value == "to stay"
            assert await other.get("gone") is None
            assert await other.call("f.x") == "mine"

    run(work())


def test_nodes_that_went_while_the_server_stood_still_come_back() -> None:
    """The session lives on, as no sign of life could come; the lease of its nodes has run out."""

    async def work() -> None:
        async with serving() as server, Client(server.url, name="w", ttl=1.0) as db:
            await db.offer("f", lambda: "mine")
            await db.put("e", 1, ephemeral=True)
            before = server.hub.sessions["w"]
            await server.hub.store.revoke(before.lease.id)
            await until(lambda: server.hub.sessions.get("w") not in (None, before))
            await until(lambda: db.connected)
            assert ((await db.get("e")).value, await db.call("f")) == (1, "mine")
            assert (await db.get("f.rpc.owner")).value == "w"

    run(work())


def test_a_session_that_could_not_be_ended_whole_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(lease: Any) -> None:
        raise StoreFull("no space left")

    async def work() -> None:
        async with serving() as server, Client(server.url, name="w") as db:
            await db.put("e", 1, ephemeral=True)
            with monkeypatch.context() as patch:
                patch.setattr(server.hub.store, "revoke", full)
                await server.hub._end_silent(server.hub.sessions["w"])
            await until(lambda: db.connected and "w" in server.hub.sessions)
            assert (await db.get("e")).value == 1

    run(work())


def test_requests_wait_for_the_server_to_come_back_and_run_once() -> None:
    async def work() -> None:
        store = memory_store()
        server = Server(store, port=0)
        await server.start()
        db = await Client(server.url, name="w").open()
        try:
            await db.offer("f", lambda: "mine")
            await db.put("e", 1, ephemeral=True)
            await db.put("a", 1)
            port = server.port
            await server.stop()
            assert store.database.get("e") is None
            waiting = asyncio.create_task(db.put("a", 2))
            with pytest.raises(Disconnected):
                await db.call("f")
            server = Server(store, port=port)
            await server.start()
            await asyncio.wait_for(waiting, 10)
            assert [one.changes[0].value for one in await db.log("a")] == [1, 2]
            assert await db.call("f") == "mine"
            assert (await db.get("e")).value == 1
        finally:
            await db.close()
            await server.stop()
            await store.close()

    run(work())


def test_a_request_ends_although_each_connection_is_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tega.client.asking.REQUEST_S", 0.2)

    async def work() -> None:
        wire = Script()
        wire.fatal = "put"
        db = await Client(connector=wire.dial).open()
        with pytest.raises(Disconnected, match="no answer within"):
            await db.put("a", 1)
        assert len([one for one in wire.sent if one["op"] == "put"]) > 1
        await db.close()

    run(work())


def test_a_line_that_has_gone_silent_is_given_up_also_when_the_session_may_last_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tega.client.asking.REQUEST_S", 2.0)

    async def work() -> None:
        wire = Script()
        wire.last_received = asyncio.get_running_loop().time()
        db = await Client(connector=wire.dial, ttl=3600).open()
        await wire.asked("ping")
        await until(lambda: len([one for one in wire.sent if one["op"] == "hello"]) == 2)
        wire.fatal = "bye"
        await db.close()

    run(work())


def test_an_operation_that_must_not_run_twice_is_not_sent_again() -> None:
    async def work() -> None:
        wire = Script()
        db = await Client(connector=wire.dial).open()
        for op, fields in (("rollback", {"to": 1}), ("import", {"lines": []}), ("clear", {})):
            asked = asyncio.create_task(db.ask(op, **fields))
            await wire.asked(op)
            wire.lost()
            with pytest.raises(Disconnected, match="may have run"):
                await asked
            await until(lambda: db.connected)
        asked = asyncio.create_task(db.ask("commit", txid="t"))
        await wire.asked("commit")
        wire.lost()
        await until(lambda: wire.sent[-1]["op"] == "commit")
        await until(lambda: len([one for one in wire.sent if one["op"] == "commit"]) == 2)
        first, again = (one for one in wire.sent if one["op"] == "commit")
        assert first["request"] == again["request"]
        wire.take({"id": again["id"], "ok": None})
        await asked
        wire.close()
        await db.close()

    run(work())


def test_what_is_asked_while_the_session_is_taken_up_keeps_its_turn() -> None:
    async def work() -> None:
        wire = Script()
        db = await Client(connector=wire.dial).open()
        offered = asyncio.create_task(db.offer("f", lambda: 1))
        wire.take({"id": await wire.asked("offer"), "ok": None})
        await offered
        first = asyncio.create_task(db.put("a", 1))
        await wire.asked("put")
        wire.lost()
        await until(lambda: wire.sent[-1]["op"] == "offer")
        given_up = asyncio.create_task(db.put("a", 3))
        second = asyncio.create_task(db.put("a", 2))
        await asyncio.sleep(0)
        given_up.cancel()
        assert not db.connected
        wire.take({"id": wire.sent[-1]["id"], "ok": None})
        await until(lambda: db.connected)
        assert [one["value"] for one in wire.sent if one["op"] == "put"] == [1, 1, 2]
        for task in (first, second):
            task.cancel()
        wire.fatal = "bye"
        await db.close()

    run(work())


def test_a_server_that_takes_less_than_the_one_before_is_not_sent_more() -> None:
    async def work() -> None:
        store = memory_store()
        server = Server(store, port=0)
        await server.start()
        db = await Client(server.url).open()
        try:
            await server.stop()
            large, small = (asyncio.create_task(db.put("a", "x" * size)) for size in (100_000, 10))
            await asyncio.sleep(0)
            server = Server(store, port=server.port, max_body=1000)
            await server.start()
            with pytest.raises(TooLarge, match="at most 1000"):
                await large
            await small
        finally:
            await db.close()
            await server.stop()
            await store.close()

    run(work())


def test_a_server_that_comes_back_with_less_is_reported_as_missed() -> None:
    async def work() -> None:
        server = Server(memory_store(), port=0)
        await server.start()
        db = await Client(server.url).open()
        other = Server(memory_store(), port=server.port)
        try:
            for i in range(3):
                await db.put("a", i)
            notices = db.subscribe("a", after=3)
            await notices.open()
            await server.stop()
            await other.hub.store.put("a", "restored")
            await other.start()
            assert await anext(notices) == Missed(3, 1, 1)
            await db.put("a", "new")
            assert (await anext(notices)).rev == 2
        finally:
            await db.close()
            for one in (server, other):
                await one.stop()
                await one.hub.store.close()

    run(work())


def test_a_function_that_another_took_over_does_not_lock_its_first_owner_out() -> None:
    async def work() -> None:
        async with (
            serving() as first,
            serving() as second,
            Client(first.url, name="owner") as owner,
            Client(second.url) as taker,
        ):
            await owner.offer("f.taken", lambda: "owner")
            await owner.offer("f.kept", lambda: "owner")
            await taker.offer("f.taken", lambda: "taker")
            owner._dial = Client(second.url)._dial
            await first.stop()
            await until(lambda: owner.connected and second.hub.sessions.get("owner"))
            await owner.head()
            assert await owner.call("f.taken") == "taker"
            assert await owner.call("f.kept") == "owner"

    run(work())


def test_opening_ends_when_the_server_hangs_up_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tega.client.asking.REQUEST_S", 0.1)

    async def silent(take: Any, lost: Any) -> Any:
        wire = Script()
        wire.answers = False
        return await wire.dial(take, lost)

    async def gone(take: Any, lost: Any) -> Any:
        wire = await silent(take, lost)
        lost()
        return wire

    async def work() -> None:
        for dial in (silent, gone):
            with pytest.raises(Disconnected, match=r"did not answer|at once"):
                await Client(connector=dial).open()

    run(work())


def test_a_client_that_may_not_reconnect_says_so_to_everybody() -> None:
    async def work() -> None:
        async with serving() as server:
            db = await Client(server.url, reconnect=False).open()
            notices = db.subscribe("a")
            await notices.open()
            db.wire.abort()
            with pytest.raises(Disconnected):
                await anext(notices)
            with pytest.raises(Disconnected):
                await db.head()
            await db.close()

    run(work())


def test_nobody_listens_there() -> None:
    with pytest.raises(Disconnected, match="cannot reach"):
        run(Client("127.0.0.1:1").open())
    for url in ("127.0.0.1:0", "a..b:80"):
        with pytest.raises(Disconnected, match=f"cannot reach {url}"):
            run(Client(url).open())
    for url in ("ftp://x", "http://", "127.0.0.1:99999", "[::1", "http://[zz]:5"):
        with pytest.raises(BadRequest):
            Client(url)
    with pytest.raises(BadRequest, match="token"):
        Client(token="from-a-file-with-its-line-break\n")
