"""What takes long happens beside the event loop, and delays nobody else."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest

from tega.api import Change, Op
from tega.hub import access, changefeed
from tega.hub import lane as lanes
from tega.hub.lane import Lane
from unit.tega.serving import Talker, hubbing, run, until

WIDE = {f"k{i}": {"x": i} for i in range(3000)}
STEPS = [{"do": "put", "path": f"a.k{i}", "value": i} for i in range(3000)]


@pytest.mark.parametrize(
    "message",
    [
        {"op": "put", "path": "a", "value": WIDE},
        {"op": "merge", "path": "a", "value": WIDE},
        {"op": "put", "path": "a", "value": list(range(3000))},
        {"op": "apply", "steps": STEPS},
    ],
    ids=["put", "merge", "list", "apply"],
)
def test_a_large_commit_is_looked_through_and_made_on_other_threads(
    message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    async def work() -> None:
        async with hubbing() as hub:
            database = hub.store.database
            for name in ("request", "submit"):
                monkeypatch.setattr(database, name, seen(getattr(database, name)))
            one = Talker(hub)
            assert (await one.ask(**message))["rev"] == 1
            assert threading.get_ident() not in threads
            assert len(threads) == 2
            await one.ask(op="put", path="b", value=1)

    def seen(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            threads.append(threading.get_ident())
            return real(*args, **kwargs)

        return call

    run(work())


def test_what_comes_behind_a_large_message_is_done_behind_it() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            first = one.send(op="put", path="a", value={f"k{i}": "x" * 20 for i in range(5000)})
            assert one.inbox.paused
            second = one.send(op="put", path="a.k1", value="last")
            broken = one.send(op="put", path="b", value="x" * 70_000, nonsense=1)
            answers = [await one.answered(n) for n in (first, second, broken)]
            assert [answer["ok"]["rev"] for answer in answers[:2]] == [1, 2]
            assert answers[2]["error"]["code"] == "bad_request"
            assert (await one.ask(op="get", path="a.k1"))["value"] == "last"
            await until(lambda: not one.inbox.paused)

    run(work())


def test_who_leaves_in_the_middle_of_a_large_message_is_forgotten() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            one.send(op="put", path="a", value="x" * 70_000)
            one.send(op="put", path="b", value=1)
            one.connection.lost()
            assert await Talker(hub).ask(op="head") in (0, 1)
            assert hub.store.database.get("b") is None

    run(work())


def test_the_loop_turns_while_much_is_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "INLINE_S", 0.0)
    monkeypatch.setattr(lanes, "SLICE_S", 0.001)

    async def work() -> None:
        async with hubbing() as hub:
            for part in range(20):
                await hub.store.put(f"r{part}", {f"k{i}": i for i in range(2000)})
            one, other = Talker(hub), Talker(hub)
            number = one.send(op="select", pattern=r".*\.(k7)")
            turns = 0
            while one.inbox.answer(number) is None:
                await other.ask(op="put", path="turns", value=turns)
                turns += 1
            assert len((await one.answered(number))["ok"]) == 20
            assert turns > 3

    run(work())


def test_long_works_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "INLINE_S", 0.0)
    monkeypatch.setattr(lanes, "SLICE_S", 0.0)
    order = []

    def steps(name: Any, number: Any) -> Iterator[Any]:
        for _ in range(number):
            order.append(name)
            yield

    async def work() -> None:
        lane = Lane()
        await asyncio.gather(lane.run(steps("long", 1000)), lane.run(steps("short", 5)))
        lane.close()

    run(work())
    assert order.index("short") < 10
    assert "".join(name[0] for name in order[:10]).count("s") >= 4


def test_work_that_nobody_waits_for_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "SLICE_S", 0.001)
    seen = count()

    def endless() -> Iterator[Any]:
        while True:
            next(seen)
            yield

    async def work() -> None:
        lane = Lane()
        task = asyncio.create_task(lane.run(endless()))
        await until(lambda: next(seen) > 1000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await lane.call(lambda: None)
        before = next(seen)
        await asyncio.sleep(0.01)
        assert next(seen) - before < 1000
        lane.close()

    run(work())


@pytest.mark.parametrize("path", [r"((\w{0,8}){0,8}){0,8}!|a", ""])
def test_a_subscriber_whose_part_takes_long_delays_nobody_and_gets_all(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with hubbing() as hub:
            slow, quick = Talker(hub), Talker(hub)
            await slow.ask(op="subscribe", path=path, regex=bool(path))
            await quick.ask(op="subscribe", path="a")
            gate = asyncio.Event()
            real = hub.changefeed.lane.call

            async def call(job: Any) -> Any:
                await gate.wait()
                return await real(job)

            monkeypatch.setattr(hub.changefeed.lane, "call", call)
            heavy = {"a" * 1000: 0} if path else {f"k{i}": 0 for i in range(1000)}
            await hub.store.put("a" if path else "", {"a": 0, **heavy})
            for i in range(5):
                await hub.store.put("a", i)
            await until(lambda: len(quick.revs()) == 6)
            assert slow.revs() == ([] if not path else slow.revs())
            gate.set()
            await until(lambda: len(slow.revs()) == 6)
            assert slow.revs() == quick.revs()
            assert slow.inbox.pushes("behind") == []

    run(work())


def test_expressions_that_take_long_together_are_matched_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changefeed, "PATTERNS_S", -1.0)

    async def work() -> None:
        async with hubbing() as hub:
            one, plain = Talker(hub), Talker(hub)
            await one.ask(op="subscribe", path="a.*", regex=True)
            await plain.ask(op="subscribe", path="")
            revs = [(await hub.store.put(f"a{i}", i)).rev for i in range(20)]
            await hub.store.delete("a3")
            assert plain.revs() == [*revs, 21]
            await until(lambda: len(one.revs()) == 21)
            assert one.changes() == plain.changes()
            assert one.changes()[-1] == ("delete", "a3", 3)

    run(work())


def test_a_commit_of_many_changes_reaches_everybody_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changefeed, "MANY", 3)

    async def work() -> None:
        async with hubbing() as hub:
            wishes = {
                "a": (5, False),
                "a.k1": (1, False),
                "b": (0, False),
                r"a\.k[12]": (2, True),
                r"\w\..*": (5, True),
            }
            talkers = {}
            for path, (_, regex) in wishes.items():
                talkers[path] = Talker(hub)
                await talkers[path].ask(op="subscribe", path=path, regex=regex)
            limited = Talker(hub, access(name="t", read=["a.k3", "b"]))
            await limited.ask(op="subscribe", path="")
            await hub.store.put("a.k0", "old")
            changes = [Change(Op.PUT, ("a", f"k{i}"), i) for i in range(1, 5)]
            await hub.store.commit([*changes, Change(Op.DELETE, ("a", "k0"))])
            await hub.store.put("b", 1)
            await until(lambda: talkers["b"].revs() == [3])
            await until(lambda: limited.revs() == [2, 3])
            assert limited.changes()[0] == ("put", "a.k3", 3)

            def has_come(talker: Any) -> bool:
                return 2 in talker.revs()

            for path, (number, _) in wishes.items():
                if number:
                    await until(partial(has_come, talkers[path]))
                    reported = [
                        one for push in talkers[path].inbox.pushes("commits") for one in push["commits"]
                    ]
                    assert len(next(one for one in reported if one["rev"] == 2)["changes"]) == number
            assert ("delete", "a.k0", "old") in talkers["a"].changes()

    run(work())


def test_a_large_value_has_its_keys_in_their_order() -> None:
    value: dict[str, Any] = {}
    for number in range(6):
        value[f"small{number}"] = number
        value[f"large{number}"] = {f"k{item * 7919 % 1000}": item for item in range(1000)}

    async def work() -> None:
        async with hubbing() as hub:
            talker = Talker(hub)
            await talker.ask(op="put", path="a", value=value)
            found = (await talker.ask(op="get", path="a"))["value"]
            (selected,) = await talker.ask(op="select", pattern="a", regex=False)
            for one in (found, selected["value"]):
                assert one == value
                assert list(one) == list(value)
                assert list(one["large3"]) == list(value["large3"])

    run(work())
