from functools import partial
from typing import Any

import pytest

from tega.errors import StoreIOError
from tega.hub import Hub, changefeed
from tega.hub.changefeed import BATCH
from unit.tega.serving import Talker, hubbing, run, until


async def put(hub: Hub, path: str, value: Any) -> Any:
    return (await hub.store.put(path, value, author="writer")).rev


def test_every_commit_comes_in_order_and_says_who() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            answer = await one.ask(op="subscribe", path="a")
            assert answer["rev"] == 0
            revs = [await put(hub, f"a.k{i}", i) for i in range(50)]
            await until(lambda: len(one.revs()) == 50)
            assert one.revs() == revs
            commit = one.inbox.pushes("commits")[0]["commits"][0]
            assert (commit["author"], commit["changes"][0]["path"]) == ("writer", "a.k0")

    run(work())


def test_a_subscription_from_a_revision_gets_the_past_and_then_the_present() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            for i in range(3 * BATCH):
                await put(hub, "a", i)
            one = Talker(hub)
            await one.ask(op="subscribe", path="a", after=10)
            for i in range(5):
                await put(hub, "a", i)
            await until(lambda: one.revs() and one.revs()[-1] == 3 * BATCH + 5)
            assert one.revs() == list(range(11, 3 * BATCH + 6))

    run(work())


def test_a_slow_subscriber_is_left_behind_notified_and_resumes_without_a_gap() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            slow, quick = Talker(hub), Talker(hub)
            await slow.ask(op="subscribe", path="")
            await quick.ask(op="subscribe", path="")
            await put(hub, "a", 0)
            await until(lambda: slow.revs() == [1])
            slow.inbox.full = True
            for i in range(500):
                await put(hub, "a", i)
            await until(lambda: len(quick.revs()) == 501)
            assert slow.revs() == [1], "nothing is queued for who does not take it"
            slow.inbox.full = False
            slow.connection.drained()
            await until(lambda: len(slow.revs()) == 501)
            assert slow.revs() == quick.revs()
            assert [(one["after"], one["head"]) for one in slow.inbox.pushes("behind")] == [(1, 501)]

    run(work())


def test_who_is_full_again_while_catching_up_waits_again() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            await one.ask(op="subscribe", path="")
            one.inbox.full = True
            for i in range(200):
                await put(hub, "a", i)
            await until(lambda: hub.changefeed.head == 200)

            def more_than(number: Any) -> bool:
                return len(one.revs()) > number

            while len(one.revs()) < 200:
                had = len(one.revs())
                one.inbox.full = False
                one.inbox.full_after = "commits"
                one.connection.drained()
                await until(partial(more_than, had))
                one.inbox.full_after = None
            assert one.revs() == list(range(1, 201))

    run(work())


def test_who_asks_for_what_follows_a_revision_that_is_not_there_is_refused() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            await put(hub, "a", 1)
            one = Talker(hub)
            refused = await one.ask(op="subscribe", path="", after=2)
            assert (refused["code"], refused["detail"]) == ("future_revision", {"rev": 2, "head": 1})
            await one.ask(op="subscribe", path="", after=1)
            await put(hub, "a", 2)
            await until(lambda: one.revs() == [2])

    run(work())


def test_who_comes_after_the_horizon_is_sent_what_it_missed() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            for i in range(20):
                await put(hub, "a", i)
            await hub.store.compact(15)
            oldest = hub.store.database.oldest()
            one = Talker(hub)
            await one.ask(op="subscribe", path="", after=3)
            missed = (await until(lambda: one.inbox.pushes("missed")))[0]
            assert (missed["after"], missed["oldest"], missed["head"]) == (3, oldest, 20)
            await until(lambda: one.revs() and one.revs()[-1] == 20)
            assert one.revs() == list(range(oldest + 1, 21))

    run(work())


def test_a_pattern_hears_of_what_goes_with_a_node_above_also_from_the_past() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            live = Talker(hub)
            await live.ask(op="subscribe", path=r"a\.\w\.f", regex=True)
            await put(hub, "a", {"x": {"f": 1}, "y": {"f": 2}})
            await put(hub, "a", {"x": {"f": 3}})
            await hub.store.delete("a")
            late = Talker(hub)
            await late.ask(op="subscribe", path=r"a\.\w\.f", regex=True, after=0)
            expected = [
                ("put", "a.x.f", 1),
                ("put", "a.y.f", 2),
                ("delete", "a.y.f", 2),
                ("put", "a.x.f", 3),
                ("delete", "a.x.f", 3),
            ]
            await until(lambda: len(live.changes()) == len(late.changes()) == 5)
            assert live.changes() == late.changes() == expected

    run(work())


def test_a_pattern_counts_what_the_same_commit_did_before() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one = Talker(hub)
            await one.ask(op="subscribe", path=r"a\.f", regex=True)
            steps = [{"do": "put", "path": "a.f", "value": 1}, {"do": "delete", "path": "a"}]
            await one.ask(op="apply", steps=steps)
            await until(lambda: len(one.changes()) == 2)
            assert one.changes() == [("put", "a.f", 1), ("delete", "a.f", 1)]

    run(work())


def test_large_commits_of_the_past_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changefeed, "BATCH_BYTES", 1000)

    async def work() -> None:
        async with hubbing() as hub:
            for size in (10, 10, 2000, 2000, 10):
                await put(hub, "a", "x" * size)
            one = Talker(hub)
            await one.ask(op="subscribe", path="a", after=0)
            await until(lambda: len(one.revs()) == 5)
            assert [len(push["commits"]) for push in one.inbox.pushes("commits")] == [3, 1, 1]

    run(work())


def test_a_store_that_cannot_be_read_for_a_while_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changefeed, "RETRY_S", 0.01)

    async def work() -> None:
        async with hubbing() as hub:
            live, late = Talker(hub), Talker(hub)
            await live.ask(op="subscribe", path=r"a\.\w", regex=True)
            monkeypatch.setattr(hub.store, "history", failing_twice(hub.store.history))
            await put(hub, "a", {"x": 1})
            await hub.store.delete("a")
            await late.ask(op="subscribe", path="a", after=0)
            await until(lambda: live.revs() == late.revs() == [1, 2])

    def failing_twice(real: Any) -> Any:
        failures = [StoreIOError("the disk is away")] * 2

        def read(*args: Any, **kwargs: Any) -> Any:
            if failures:
                raise failures.pop()
            return real(*args, **kwargs)

        return read

    run(work())


def test_unsubscribing_ends_it() -> None:
    async def work() -> None:
        async with hubbing() as hub:
            one, other = Talker(hub), Talker(hub)
            sub = (await one.ask(op="subscribe", path="a"))["sub"]
            await other.ask(op="subscribe", path="a")
            assert await one.ask(op="unsubscribe", sub=sub) == 1
            assert await one.ask(op="unsubscribe", sub=sub) == 0
            await put(hub, "a", 1)
            await until(other.revs)
            assert one.revs() == []

    run(work())
