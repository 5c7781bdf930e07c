"""Queues: differences in people's units, and netem's bytes as tc(8) of iproute2 6.15 sends them."""

from __future__ import annotations

import pytest

from nlan.kinds import queue
from nlan.kinds.queue import KIND, Queue

SLOW = Queue(namespace="r1", interface="eth1", rate=10_000_000)
FAR = Queue(namespace="r1", interface="eth1", rate=10_000_000, delay_us=20_000, jitter_us=2_000, loss=1.0)
FAST = Queue(namespace="r1", interface="eth1", rate=20_000_000)
ODD = Queue(namespace="r1", interface="eth1", rate=10_000_000, odd=("limit is 1, wanted 2",))
FROM_TC = (
    "00000000 10270000 295c8f02 00000000 00000000 00000000"
    "0c000a00 002d310100000000 0c000b00 80841e0000000000"
    "14000600 d0121300 00000000 00000000 00000000"
)
"""`tc qdisc replace … netem limit 10000 delay 20ms 2ms loss 1% rate 10mbit`."""


def test_netem_is_said_as_tc_says_it() -> None:
    assert queue._netem(10_000_000, 20_000, 2_000, 1.0) == bytes.fromhex(FROM_TC)


def test_netem_is_read_as_it_was_said() -> None:
    seen = queue._read_netem(memoryview(bytes.fromhex(FROM_TC)))
    assert seen == queue.Seen(rate=10_000_000, delay_us=20_000, jitter_us=2_000, loss=1.0)


def test_a_rate_alone_needs_tbf_and_all_else_netem() -> None:
    assert [[f.name for f in KIND.needs(one)] for one in (SLOW, FAR)] == [["tbf"], ["netem"]]


@pytest.mark.parametrize(
    ("desired", "observed", "reason"),
    [
        (SLOW, FAR, "delay is 20ms, wanted 0ms, jitter is 2ms, wanted 0ms, loss is 1%, wanted 0%"),
        (FAR, FAR, None),
        (Queue(namespace="r1", interface="eth1", delay_us=500), SLOW, None),
        (SLOW, ODD, "limit is 1, wanted 2"),
        (FAST, ODD, "rate is 10M, wanted 20M"),
        (FAR, ODD, "delay is 0ms, wanted 20ms, jitter is 0ms, wanted 2ms, loss is 0%, wanted 1%"),
    ],
)
def test_differences(desired: Queue, observed: Queue, reason: str | None) -> None:
    found = desired.difference(observed)
    if desired == observed:
        assert found is None
        return
    assert found is not None
    assert found.reason == (reason or "rate is 10M, wanted unlimited, delay is 0ms, wanted 0.5ms")
    assert (found.impact, found.in_place) == ("hitless", True)


def test_what_it_does_is_said_to_people() -> None:
    assert SLOW.trait() == "eth1: rate 10M"
    assert FAR.trait() == "eth1: rate 10M, delay 20ms, jitter 2ms, loss 1%"
