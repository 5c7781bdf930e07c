"""Queues: a rate by tbf, and what netem does where the kernel has it."""

from __future__ import annotations

from functools import cache

import pytest

from netns.support import create, delete, observe, shell, succeeded, update
from nlan.api.doctor.features import missing
from nlan.kinds.bridge import Bridge
from nlan.kinds.queue import KIND, Queue
from nlan.netlink.driver import NetlinkDriver
from nlan.resources import Foreign
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="br", mac="02:00:00:00:00:01", mtu=1500)
SLOW = Queue(namespace="a", interface="br", rate=10_000_000)
FAR = Queue(namespace="a", interface="br", rate=10_000_000, delay_us=20_000, jitter_us=2_000, loss=1.0)


@cache
def lacks() -> frozenset[str]:
    return frozenset(feature.name for feature in missing(KIND.features))


needs_tbf = pytest.mark.skipif("tbf" in lacks(), reason="the kernel has no tbf queues")
needs_netem = pytest.mark.skipif("netem" in lacks(), reason="the kernel has no netem queues")
EITHER = [
    pytest.param(SLOW, marks=needs_tbf, id="tbf"),
    pytest.param(FAR, marks=needs_netem, id="netem"),
]


@pytest.fixture(params=EITHER)
def queue(request: pytest.FixtureRequest, kernel: NetlinkDriver) -> Queue:
    queue: Queue = request.param
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, queue))
    return queue


def queues(kernel: NetlinkDriver) -> list[Queue]:
    return [r for r in observe(kernel, ["a"]).values() if isinstance(r, Queue)]


def test_is_observed_as_it_was_asked_for(kernel: NetlinkDriver, queue: Queue) -> None:
    assert queues(kernel) == [queue]
    assert not [r for r in observe(kernel, ["a"]).values() if isinstance(r, Foreign)]


def test_creating_twice_is_fine(kernel: NetlinkDriver, queue: Queue) -> None:
    assert succeeded(create(kernel, queue))
    assert queues(kernel) == [queue]


@pytest.mark.parametrize("rate", [64_000, 1_000_000, 2_500_000_000, 100_000_000_000])
def test_any_rate_comes_back_as_it_was(kernel: NetlinkDriver, queue: Queue, rate: int) -> None:
    other = Queue(
        namespace="a",
        interface="br",
        rate=rate,
        delay_us=queue.delay_us,
        jitter_us=queue.jitter_us,
        loss=queue.loss,
    )
    assert succeeded(update(kernel, other, queue))
    assert queues(kernel) == [other]
    assert other.difference(queues(kernel)[0]) is None


def test_changes_where_it_stands(kernel: NetlinkDriver, queue: Queue) -> None:
    faster = Queue(namespace="a", interface="br", rate=20_000_000)
    difference = faster.difference(queues(kernel)[0])
    assert difference is not None
    assert (difference.impact, difference.in_place) == ("hitless", True)
    assert difference.reason.startswith("rate is 10M, wanted 20M")


@needs_tbf
@needs_netem
def test_one_discipline_takes_the_others_place(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, SLOW))
    assert succeeded(update(kernel, FAR, SLOW))
    assert queues(kernel) == [FAR]
    assert succeeded(update(kernel, SLOW, FAR))
    assert queues(kernel) == [SLOW]


def test_goes_and_nothing_is_left(kernel: NetlinkDriver, queue: Queue) -> None:
    assert succeeded(delete(kernel, queue))
    assert queues(kernel) == []
    assert succeeded(delete(kernel, queue))


@needs_tbf
def test_what_somebody_changed_by_hand_is_told(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, SLOW))
    shell(place, "a", "tc qdisc change dev br root handle 6e6c: tbf rate 5mbit burst 10000 limit 99999")
    (found,) = queues(kernel)
    difference = SLOW.difference(found)
    assert difference is not None
    assert difference.reason == "rate is 5M, wanted 10M"  # what the bucket holds follows from it
    assert succeeded(update(kernel, SLOW, found))
    assert queues(kernel) == [SLOW]


@needs_tbf
def test_one_of_somebody_elses_gives_way(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    shell(place, "a", "tc qdisc add dev br root tbf rate 5mbit burst 10000 limit 99999")
    (foreign,) = (r for r in observe(kernel, ["a"]).values() if isinstance(r, Foreign))
    assert str(foreign) == "queue tbf on br"
    assert succeeded(create(kernel, SLOW))
    assert queues(kernel) == [SLOW]
