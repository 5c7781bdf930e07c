"""Queues: what is written at a link or its end, and what it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.expand import expand
from nlan.kinds.queue import Queue
from nlan.model import Lab
from nlan.schema import load
from nlan.services.queues.written import DURATION, PERCENT, RATE


def lab(links: str) -> Lab:
    text = f"nodes:\n  r1: {{asn: 64496}}\n  r2: {{asn: 64497}}\n{links}"
    return load(Path("lab.yaml"), text=text).lab


def queues(links: str) -> dict[str, Queue]:
    found = (resource for resource in expand(lab(links)).values() if isinstance(resource, Queue))
    return {f"{queue.namespace} {queue.interface}": queue for queue in found}


def test_a_link_says_it_for_both_ends_and_an_end_for_itself() -> None:
    found = queues("links: [{link: r1 -- r2, rate: 10M, delay: 20ms, ends: {r2: {rate: 2M, loss: 0.5%}}}]")
    assert found == {
        "r1 eth1": Queue(namespace="r1", interface="eth1", rate=10_000_000, delay_us=20_000),
        "r2 eth1": Queue(namespace="r2", interface="eth1", rate=2_000_000, delay_us=20_000, loss=0.5),
    }


def test_a_lan_has_them_at_its_ports() -> None:
    found = queues("networks: {lan: {type: lan, nodes: {r1: {rate: 1M}, r2: {}}}}")
    assert found == {"r1 eth1": Queue(namespace="r1", interface="eth1", rate=1_000_000)}


def test_where_nothing_is_said_there_is_none() -> None:
    assert queues("links: [r1 -- r2]") == {}
    assert lab("links: [r1 -- r2]") == lab("links: [{link: r1 -- r2, loss: 0%}]")


@pytest.mark.parametrize(
    ("links", "message"),
    [
        (
            "links: [{link: r1 -- r2, type: l2vpn, rate: 10M}]",
            "`rate` is of a link, or of a LAN's port; this is an L2VPN",
        ),
        (
            "links: [{link: r1 -- r2, jitter: 2ms}]",
            "`jitter` is larger than the `delay` that it varies",
        ),
        ("links: [{link: r1 -- r2, delay: 20}]", "`20` is not a time such as `20ms`"),
        ("links: [{link: r1 -- r2, rate: fast}]", "`fast` is not a rate in bits a second such as `10M`"),
        ("links: [{link: r1 -- r2, loss: 101%}]", "`101%` is not a percentage from `0%` to `100%`"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(links: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        lab(links)
    (problem,) = refused.value.problems
    assert (problem.line, message in problem.message) == (4, True), problem


def test_units() -> None:
    assert [RATE.parse(text, True) for text in ("10M", "64k", "1.5Gbit", "8000")] == [
        10_000_000,
        64_000,
        1_500_000_000,
        8_000,
    ]
    assert [DURATION.parse(text, True) for text in ("500us", "20ms", "1.5s")] == [500, 20_000, 1_500_000]
    assert [PERCENT.parse(text, True) for text in ("1%", "0.1 %", "2")] == [1.0, 0.1, 2.0]
