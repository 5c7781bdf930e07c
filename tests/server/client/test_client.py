import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from tega.api import ABSENT, MISSING, Change, Op
from tega.client import Client, Missed
from tega.errors import (
    CallTimeout,
    Compacted,
    Conflict,
    InvalidPath,
    InvalidValue,
    NoHandler,
    RemoteError,
    StoreFull,
    TooLarge,
)
from tega.protocol.errors import BadRequest, Disconnected, Offered
from tega.server.app import Server
from unit.tega.serving import memory_store, process, run, served, serving, until

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


class Script:
    """A connection whose server sends what it is given, many messages in one receipt."""

    last_received = 0.0
    most: int | None = None
    fatal = ""
    """The request at which the line breaks."""
    answers = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def dial(self, take: Any, lost: Any) -> Any:
        self.take, self.lost, self.opened = take, lost, asyncio.get_running_loop().create_future()
        self.opened.set_result(None)
        return self

    def send(self, message: Any) -> None:
        self.sent.append(message)
        if not self.answers:
            return
        if message["op"] == "hello":
            answer = {"name": "me", "key": "k", "ttl": 10, "resumed": False}
            asyncio.get_running_loop().call_soon(self.take, {"id": message["id"], "ok": answer})
        elif message["op"] == self.fatal:
            asyncio.get_running_loop().call_soon(self.lost)

    def close(self) -> None:
        self.lost()

    abort = close

    async def asked(self, op: Any) -> Any:
        return (await until(lambda: [m for m in self.sent if m["op"] == op], op))[-1]["id"]


def commits(sub: Any, *revs: Any) -> Any:
    made = [{"rev": rev, "time": 0.0, "author": "", "message": "", "changes": []} for rev in revs]
    return {"push": "commits", "sub": sub, "commits": made}


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


def test_a_compacted_history_is_told() -> None:
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


def test_a_verb_that_must_not_run_twice_is_not_sent_again() -> None:
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


def test_a_server_that_comes_back_with_less_is_told_as_missed() -> None:
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


CLIENT = """
import asyncio, sys
from tega.client import Client
async def main():
    db = await Client(sys.argv[1], name="mortal", ttl=1.0).open()
    await db.put("hosts.mortal", {"up": True}, ephemeral=True)
    await db.offer("f.mortal", lambda: 1)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("death", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)])
def test_what_hangs_on_a_client_goes_when_it_is_killed_or_stands_still(death: Any) -> None:
    """SIGSTOP leaves the TCP connection open and silent, as a host that lost its power does."""

    async def work() -> None:
        async with serving() as server, Client(server.url) as db:
            mortal = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CLIENT, server.url, stdout=asyncio.subprocess.PIPE
            )
            try:
                await asyncio.wait_for(mortal.stdout.readline(), 10)
                assert await db.call("f.mortal") == 1
                async with db.subscribe("hosts") as notices:
                    os.kill(mortal.pid, death)
                    start = time.monotonic()
                    notice = await asyncio.wait_for(anext(notices), 5)
                    assert time.monotonic() - start < 2.5, "within the time-to-live and a look around"
                    assert notice.changes[0].op is Op.DELETE
                assert await db.get("hosts.mortal") is None
                assert "mortal" not in await db.ask("ids")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    mortal.kill()
                await mortal.wait()

    run(work())


@pytest.mark.slow
def test_killing_the_server_loses_nothing_acknowledged_and_watchers_see_the_log() -> None:
    async def work() -> None:
        async with process() as one, Client(one.url, name="w") as db, Client(one.url) as watcher:
            seen: list[tuple[int, int]] = []
            acknowledged: list[tuple[int, int]] = []

            async def watch(notices: Any) -> None:
                async for notice in notices:
                    seen.append((notice.rev, notice.changes[0].value))

            def acknowledged_more_than(number: Any) -> bool:
                return len(acknowledged) > number

            async def write() -> None:
                for i in range(300):
                    commit = await db.put("a", i)
                    acknowledged.append((commit.rev, i))

            async with watcher.subscribe("a", after=0) as notices:
                tasks = [asyncio.create_task(watch(notices)), asyncio.create_task(write())]
                for mark in (50, 120, 220):
                    await until(partial(acknowledged_more_than, mark))
                    await one.end(signal.SIGKILL)
                    await one.restart()
                await asyncio.wait_for(tasks[1], 30)
                await until(lambda: len(seen) >= 300)
                tasks[0].cancel()
                log = [(c.rev, c.changes[0].value) for c in await db.log("a", limit=1000)]
                assert [value for _, value in log] == list(range(300)), "each once, in order"
                assert set(acknowledged) <= set(log)
                assert seen == log

    run(work())
