# ruff: noqa: E501 - tables read better whole
import asyncio
from typing import Any

import pytest

from tega.api import Change, Op
from tega.hub import Hub, access
from tega.hub.connection import MAX_CALLS
from tega.hub.operations import standard_operations
from tega.log.state import State
from tega.protocol.requests import REQUESTS
from unit.tega.serving import Talker, hubbing, run, until


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> Any:
        return self.now


def test_every_request_has_an_operation_or_is_the_connections_own() -> None:
    left = {kind.__name__ for kind in REQUESTS} - {kind.__name__ for kind in standard_operations()}
    assert left == {"Hello", "Abort"}


def test_a_session_needs_a_hello_first() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            other = Talker(hub, name="x" * 200)
            assert one.greeting()["ok"]["ttl"] == 10.0
            assert other.greeting()["error"]["code"] == "bad_request"
            assert (await other.ask(op="head"))["code"] == "bad_request"
            assert other.inbox.closed == "no hello"
            assert (await one.ask(op="hello"))["code"] == "bad_request"

    run(work())


def test_a_name_is_taken_until_its_key_is_shown() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            first = Talker(hub, name="pe1")
            key = first.greeting()["ok"]["key"]
            for forged in (None, "", "x" * len(key), key[:-1] + "é"):
                assert Talker(hub, name="pe1", key=forged).greeting()["error"]["code"] == "name_taken"
            again = Talker(hub, name="pe1", key=key)
            assert again.greeting()["ok"]["resumed"] is True
            assert first.inbox.closed
            assert await again.ask(op="head") == 0

    run(work())


def test_ephemeral_nodes_and_functions_go_with_the_session_when_its_time_is_over() -> None:
    async def work() -> None:
        clock = Clock()
        async with hubbing(clock) as hub:
            one, other = Talker(hub, name="one", ttl=5), Talker(hub, ttl=3600)
            await one.ask(op="put", path="hosts.one", value={"up": True}, ephemeral=True)
            await one.ask(op="offer", path="f.one", doc="does nothing")
            await other.ask(op="put", path="hosts.two", value=1)
            tree = (await other.ask(op="get"))["value"]
            assert tree["f"] == {"one": {"rpc": {"owner": "one", "doc": "does nothing"}}}
            one.connection.lost()
            clock.now += 4
            assert "one" in await other.ask(op="ids")
            assert (await other.ask(op="call", path="f.one"))["code"] == "no_handler"
            clock.now += 2
            await until(lambda: "one" not in hub.sessions)
            gone = {"hosts": {"two": 1}}
            await until(lambda: _tree(hub).get("hosts") == gone["hosts"] and not _tree(hub).get("f"))

    run(work())


def _tree(hub: Hub) -> Any:
    return hub.store.database.get().value


def test_a_sign_of_life_keeps_a_session_and_bye_ends_it_at_once() -> None:
    async def work() -> None:
        clock = Clock()
        async with hubbing(clock) as hub:
            one = Talker(hub, name="one", ttl=5)
            for _ in range(5):
                clock.now += 4
                await one.ask(op="ping")
            await one.ask(op="put", path="e", value=1, ephemeral=True)
            await one.ask(op="bye")
            assert "one" not in hub.sessions
            assert _tree(hub) == {}
            assert (await one.ask(op="head"))["code"] == "bad_request"

    run(work())


def test_a_server_that_slept_does_not_hold_it_against_its_clients() -> None:
    async def work() -> None:
        clock = Clock()
        async with hubbing(clock) as hub:
            one = Talker(hub, name="one", ttl=5)
            await one.ask(op="ping")
            clock.now += 100  # no sign of life could come: the reaper itself was late
            hub.slept(100)
            clock.now += 1
            await one.ask(op="ping")
            assert "one" in hub.sessions

    run(work())


def test_calls_go_to_the_owner_and_back_with_progress() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            owner, caller = Talker(hub, name="owner"), Talker(hub, name="caller")
            await owner.ask(op="offer", path="a.f")
            number = caller.send(op="call", path="a.f", args=[1], kwargs={"k": "v"}, call_id="c7")
            order = (await until(lambda: owner.inbox.pushes("call")))[0]
            assert {key: order[key] for key in ("path", "args", "kwargs", "caller", "call_id")} == {
                "path": "a.f",
                "args": [1],
                "kwargs": {"k": "v"},
                "caller": "caller",
                "call_id": "c7",
            }
            owner.send(op="progress", call=order["call"], value="half", id=0)
            owner.send(op="answer", call=order["call"], value=42, id=0)
            assert (await until(lambda: caller.inbox.answer(number)))["ok"] == 42
            assert caller.inbox.pushes("progress") == [{"push": "progress", "id": number, "value": "half"}]

    run(work())


def test_errors_time_outs_cancellation_and_death_arrive_as_such() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            owner, caller = Talker(hub, name="owner"), Talker(hub)
            await owner.ask(op="offer", path="f")
            calls = [caller.send(op="call", path="f", timeout=t) for t in (9, 0.02, 9, 9)]
            orders = [push["call"] for push in await until(lambda: owner.inbox.pushes("call"))]
            owner.send(op="fail", call=orders[0], kind="ValueError", message="no", id=0)
            caller.send(op="abort", request=calls[2])
            failed, late, cancelled = [(await caller.answered(number))["error"] for number in calls[:3]]
            assert (failed["code"], failed["message"]) == ("remote_error", "ValueError: no")
            assert (late["code"], cancelled["code"]) == ("timeout", "cancelled")
            assert {push["call"] for push in owner.inbox.pushes("cancel")} == {orders[1], orders[2]}
            owner.connection.lost()
            dead = (await until(lambda: caller.inbox.answer(calls[3])))["error"]
            assert dead["code"] == "timeout"
            assert "vanished" in dead["message"]

    run(work())


def test_a_function_replaces_no_data_and_takes_none_with_it() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub, name="one")
            await one.ask(op="put", path="a.b", value=1)
            for path in ("a", "a.b", "a.b.c"):
                refused = await one.ask(op="offer", path=path)
                assert (refused["code"], refused["message"].partition(" ")[0]) == ("bad_request", path)
                assert (await one.ask(op="call", path=path))["code"] == "no_handler"
            await one.ask(op="offer", path="f", doc="old")
            await one.ask(op="offer", path="f", doc="new")
            assert _tree(hub) == {"a": {"b": 1}, "f": {"rpc": {"owner": "one", "doc": "new"}}}
            await one.ask(op="withdraw", path="f")
            assert _tree(hub) == {"a": {"b": 1}}
            await one.ask(op="offer", path="f")
            await one.ask(op="put", path="f", value="data")
            await one.ask(op="withdraw", path="f")
            assert _tree(hub) == {"a": {"b": 1}, "f": "data"}

    run(work())


def test_nobody_answers_for_another() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            owner, caller, thief = Talker(hub), Talker(hub), Talker(hub)
            await owner.ask(op="offer", path="f")
            number = caller.send(op="call", path="f")
            order = (await until(lambda: owner.inbox.pushes("call")))[0]["call"]
            await thief.ask(op="answer", call=order, value="forged")
            await owner.ask(op="answer", call=order, value="true")
            assert (await until(lambda: caller.inbox.answer(number)))["ok"] == "true"
            assert (await thief.ask(op="withdraw", path="f"))["code"] == "no_handler"
            taken = await thief.ask(op="offer", path="f")
            assert taken["code"] == "conflict"
            assert "already offered" in taken["message"]

    run(work())


def test_channels_by_name_by_star_and_by_expression() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            named, star, regex, sender = Talker(hub), Talker(hub), Talker(hub), Talker(hub, name="sender")
            await named.ask(op="listen", channel="news.a")
            await star.ask(op="listen", channel="news.*")
            await regex.ask(op="listen", channel=r"news\.[ab]", regex=True)
            assert await sender.ask(op="publish", channel="news.a", body={"x": 1}) == 3
            assert await sender.ask(op="publish", channel="news.c", body=2) == 1
            assert await sender.ask(op="publish", channel="other", body=3) == 0
            message = named.inbox.pushes("message")[0]
            assert (message["channel"], message["sender"], message["body"]) == ("news.a", "sender", {"x": 1})
            assert [m["body"] for m in star.inbox.pushes("message")] == [{"x": 1}, 2]
            assert len(regex.inbox.pushes("message")) == 1
            assert set(await sender.ask(op="channels")) == {"news.a", "news.*", r"news\.[ab]"}

    run(work())


def test_a_slow_listener_loses_messages_and_gets_their_number() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            slow, sender = Talker(hub), Talker(hub)
            await slow.ask(op="listen", channel="c")
            slow.inbox.full = True
            for i in range(7):
                await sender.ask(op="publish", channel="c", body=i)
            slow.inbox.full = False
            slow.connection.drained()
            assert slow.inbox.pushes("dropped") == [{"push": "dropped", "count": 7}]
            assert slow.inbox.pushes("message") == []

    run(work())


def test_a_token_reads_writes_calls_and_hears_only_what_it_may() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            limited = Talker(hub, access(read=["open"], write=["open.in"], call=["f"]))
            other = Talker(hub)
            await other.ask(op="put", path="", value={"open": {"x": 1}, "secret": 2})
            for denied in (
                {"op": "get", "path": ""},
                {"op": "get", "path": "secret"},
                {"op": "put", "path": "open.x", "value": 1},
                {"op": "delete", "path": "open"},
                {"op": "apply", "steps": [{"do": "put", "path": "open.x", "value": 1}]},
                {"op": "subscribe", "path": "secret"},
                {"op": "call", "path": "g"},
                {"op": "offer", "path": "g"},
                {"op": "rollback", "root": "open", "to": 0},
                {"op": "clear"},
                {"op": "export"},
                {"op": "import", "lines": []},
                {"op": "snapshot"},
                {"op": "compact", "before": 1},
                {"op": "diff", "since": 0},
                {"op": "reload"},
            ):
                assert (await limited.ask(**denied))["code"] == "denied", denied
            assert (await limited.ask(op="get", path="open"))["value"] == {"x": 1}
            for pattern, found in ((".*", ["open"]), (r".*\..*", ["open.x"])):
                assert [one["path"] for one in await limited.ask(op="select", pattern=pattern)] == found
            assert await limited.ask(op="roots") == {"open": 1}
            assert await limited.ask(op="children") == ["open"]
            await limited.ask(op="subscribe", path="")
            await other.ask(op="put", path="secret", value=3)
            await other.ask(op="put", path="open.y", value=4)
            await until(limited.changes)
            assert limited.changes() == [("put", "open.y", 4)]
            log = await limited.ask(op="log")
            assert "secret" not in str([one["changes"] for one in log])

    run(work())


def test_who_floods_is_slowed_down() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            flood = Talker(hub)
            numbers = [flood.send(op="put", path="a", value=number) for number in range(300)]
            assert flood.inbox.paused
            await until(lambda: flood.inbox.answer(numbers[-1]))
            assert not flood.inbox.paused

    run(work())


def test_who_waits_for_others_is_alive_and_can_be_asked_itself() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            owner, caller = Talker(hub), Talker(hub)
            await owner.ask(op="offer", path="f")
            numbers = [caller.send(op="call", path="f", timeout=60) for _ in range(MAX_CALLS)]
            assert not caller.inbox.paused
            assert (await caller.ask(op="call", path="f"))["code"] == "busy"
            for push in owner.inbox.pushes("call"):
                owner.send(op="answer", call=push["call"], value=1, id=0)
            await until(lambda: caller.inbox.answer(numbers[-1]))
            owner.connection.lost()
            assert (await caller.ask(op="call", path="f"))["code"] == "no_handler"

    run(work())


@pytest.mark.parametrize(
    "data",
    [b"", b"[", b"null", b'{"id":7}', b'{"id":7,"op":"nonsense"}', b'{"id":7,"op":"get","path":5}', b"\xff\xfe",
     b'{"id":7,"op":"get","at":1e400}', b'{"id":7,"op":"put","path":"a","value":' + b"[" * 50_000,
     b'{"id":7,"op":"head","extra":1}'],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_the_session_goes_on(data: Any) -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            one.connection.receive(data)
            (message,) = one.inbox.messages[1:]
            assert message["error"]["code"] == "bad_request"
            assert message["id"] in (0, 7)
            assert await one.ask(op="head") == 0

    run(work())


def test_a_request_that_fails_in_the_server_says_so_and_no_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            monkeypatch.setattr(hub, "channels", None)
            answer = await one.ask(op="publish", channel="c")
            assert answer == {"code": "internal", "message": "the server failed; its log says how"}
            assert await one.ask(op="head") == 0
            monkeypatch.undo()

    run(work())
    assert "request.failed" in caplog.text


def broken_plan(state: State) -> list[Change]:
    raise ValueError("invalid literal")


def test_a_fault_in_one_commit_is_not_everybodys() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            broken = hub.store.database.request([])
            broken.plan = broken_plan
            outcomes = [
                hub.store.submit_later(hub.store.database.request([put])),
                hub.store.submit_later(broken),
            ]
            assert (await outcomes[0]).rev == 1
            with pytest.raises(ValueError, match="invalid literal"):
                await outcomes[1]

    put = Change(Op.PUT, ("a",), 1)
    run(work())


def test_stopping_ends_every_session_and_its_nodes() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            await one.ask(op="put", path="e", value=1, ephemeral=True)
            await asyncio.gather(hub.stop())
            assert _tree(hub) == {}
            assert one.inbox.closed

    run(work())
