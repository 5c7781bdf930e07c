from typing import Any

import pytest

from tega.hub import Hub, access, transactions
from unit.tega.serving import Talker, hubbing, run


def test_a_transaction_reads_its_own_writes_shows_its_candidate_and_is_one_commit() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub, name="one")
            await one.ask(op="put", path="a", value={"x": 1, "y": 2})
            txid = (await one.ask(op="begin", message="why"))["txid"]
            await one.ask(op="put", path="a.x", value=5, txid=txid)
            await one.ask(op="delete", path="a.y", txid=txid)
            await one.ask(op="merge", path="b", value={"z": 3}, txid=txid)
            assert (await one.ask(op="get", path="a", txid=txid))["value"] == {"x": 5}
            assert (await one.ask(op="get", path="a"))["value"] == {"x": 1, "y": 2}
            cand = await one.ask(op="cand", txid=txid)
            assert sorted(cand, key=lambda item: item["path"]) == [
                {"path": "a.x", "before": 1, "after": 5},
                {"path": "a.y", "before": 2},
                {"path": "b.z", "after": 3},
            ]
            done = await one.ask(op="commit", txid=txid)
            assert (done["rev"], done["roots"]) == (2, {"a": 2, "b": 1})
            log = await one.ask(op="log", after=1)
            assert (log[0]["author"], log[0]["message"], len(log[0]["changes"])) == ("one", "why", 3)

    run(work())


def test_of_two_that_write_one_path_the_second_to_commit_loses_and_learns_to_whom() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one, other = Talker(hub, name="one"), Talker(hub, name="other")
            await one.ask(op="put", path="r", value={"a": 1, "b": 3})
            first = (await one.ask(op="begin"))["txid"]
            second = (await other.ask(op="begin"))["txid"]
            await one.ask(op="put", path="r.b", value=4, txid=first)
            await other.ask(op="put", path="r.b", value=5, txid=second)
            assert (await other.ask(op="commit", txid=second))["rev"] == 2
            lost = await one.ask(op="commit", txid=first)
            assert lost["code"] == "conflict"
            assert lost["detail"]["path"] == ["r", "b"]
            assert (lost["detail"]["author"], lost["detail"]["rev"]) == ("other", 2)
            assert (await one.ask(op="get", path="r.b"))["value"] == 5

    run(work())


def test_what_was_created_meanwhile_is_a_collision_too() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            txid = (await one.ask(op="begin"))["txid"]
            await one.ask(op="put", path="new", value=1, txid=txid)
            await one.ask(op="put", path="new", value=2)
            assert (await one.ask(op="commit", txid=txid))["code"] == "conflict"

    run(work())


def test_cancelled_and_forgotten_transactions_are_gone() -> None:
    async def work() -> None:
        clock = [100.0]
        async with hubbing(lambda: clock[0]) as hub:
            one = Talker(hub, ttl=3600)
            txid = (await one.ask(op="begin"))["txid"]
            await one.ask(op="cancel", txid=txid)
            for op in ("cand", "commit", "cancel"):
                assert (await one.ask(op=op, txid=txid))["code"] == "not_found"
            idle = (await one.ask(op="begin"))["txid"]
            clock[0] += transactions.IDLE_S + 1
            hub.transactions.expire(clock[0])
            assert (await one.ask(op="cand", txid=idle))["code"] == "not_found"
            assert await one.ask(op="commit", txid=(await one.ask(op="begin"))["txid"]) is None

    run(work())


def test_a_session_takes_its_transactions_with_it() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one, other = Talker(hub), Talker(hub)
            txid = (await one.ask(op="begin"))["txid"]
            await one.ask(op="put", path="a", value=1, txid=txid)
            await one.ask(op="bye")
            assert (await other.ask(op="commit", txid=txid))["code"] == "not_found"

    run(work())


def test_a_transaction_sent_whole_is_checked_against_what_it_read() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            rev = (await one.ask(op="put", path="a", value=1))["rev"]
            step = {"do": "put", "path": "b", "value": 1}
            assert (await one.ask(op="apply", steps=[step], expect={"a": rev}))["rev"] == 2
            assert (await one.ask(op="apply", steps=[step], expect={"a": 0}))["code"] == "conflict"
            assert (await one.ask(op="apply", steps=[step], base=1))["code"] == "conflict"
            assert (await one.ask(op="apply", steps=[step], base=2))["rev"] == 3

    run(work())


def test_a_commit_sent_twice_is_the_same_commit() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            txid = (await one.ask(op="begin"))["txid"]
            await one.ask(op="put", path="a", value=1, txid=txid)
            one.send(op="commit", txid=txid, request="r1")
            again = Talker(hub)
            done = await again.ask(op="commit", txid=txid, request="r1")
            assert (done["rev"], await one.ask(op="head")) == (1, 1)
            for request in ({}, {"request": "r2"}):
                assert (await one.ask(op="commit", txid=txid, **request))["code"] == "not_found"

    run(work())


def test_a_request_sent_twice_is_committed_once() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            first = await one.ask(op="put", path="a", value=1, request="r1")
            again = await one.ask(op="put", path="a", value=1, request="r1")
            assert first == again
            assert await one.ask(op="head") == 1

    run(work())


def of(hub: Hub, name: Any) -> Any:
    return Talker(hub, access(name=name, read=["**"], write=["**"]))


def test_a_token_has_its_share_of_open_transactions_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "MAX_OPEN_TOKEN", 3)

    async def work() -> None:
        async with hubbing() as hub:
            one, same, other = of(hub, "one"), of(hub, "one"), of(hub, "other")
            held = [await talker.ask(op="begin") for talker in (one, same, one)]
            assert (await same.ask(op="begin"))["code"] == "busy"
            assert "txid" in await other.ask(op="begin")
            await one.ask(op="cancel", txid=held[0]["txid"])
            assert "txid" in await same.ask(op="begin")

    run(work())


def test_what_open_transactions_hold_is_limited_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "MAX_BYTES_TOKEN", 5000)
    monkeypatch.setattr(transactions, "MAX_BYTES", 9000)

    async def work() -> None:
        async with hubbing() as hub:
            one, other = of(hub, "one"), of(hub, "other")
            first, second = [(await one.ask(op="begin"))["txid"] for _ in range(2)]
            third = (await other.ask(op="begin"))["txid"]
            big, code = "x" * 2400, []
            for talker, txid in ((one, first), (one, second), (one, second), (other, third), (other, third)):
                path = "a" if talker is one else "b"
                answer = await talker.ask(op="put", path=path, value=big, txid=txid)
                code.append(answer and answer["code"])
            assert code == [None, None, "busy", None, "busy"]
            await one.ask(op="commit", txid=first)
            assert await other.ask(op="merge", path="b", value={"x": big}, txid=third) is None
            assert (await other.ask(op="commit", txid=third))["rev"] == 2

    run(work())


def test_a_large_transaction_is_looked_through_beside_the_loop() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            txid = (await one.ask(op="begin"))["txid"]
            wide = {f"k{i}": {"x": i} for i in range(3000)}
            await one.ask(op="put", path="a", value=wide, txid=txid)
            await one.ask(op="put", path="b", value="x" * 70_000, txid=txid)
            assert len(await one.ask(op="cand", txid=txid)) == 3001
            number = one.send(op="commit", txid=txid, request="r")
            again = await Talker(hub).ask(op="commit", txid=txid, request="r")
            assert (again["rev"], (await one.ask(op="get", path="a"))["value"]) == (1, wide)
            assert (await one.answered(number))["ok"] == again

    run(work())


def test_nobody_finds_the_transaction_of_another_token() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one, other = of(hub, "one"), of(hub, "other")
            txid = (await one.ask(op="begin"))["txid"]
            for op, more in (
                ("get", {"path": "a"}),
                ("put", {"path": "a", "value": 1}),
                ("cand", {}),
                ("commit", {}),
            ):
                assert (await other.ask(op=op, txid=txid, **more))["code"] == "not_found"
            await one.ask(op="put", path="a", value=1, txid=txid)
            assert (await one.ask(op="commit", txid=txid, request="r"))["rev"] == 1
            assert (await other.ask(op="commit", txid=txid, request="r"))["code"] == "not_found"

    run(work())
