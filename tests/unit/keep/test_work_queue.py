"""Which events make keep look, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlan.api.events.sources import (
    Appeared,
    Committed,
    Ended,
    Logged,
    Lost,
    Started,
    Switched,
    Touched,
    Vanished,
)
from nlan.api.upkeep.desired import Desired
from nlan.engines.base import LogEvent
from nlan.expand import expand
from nlan.keep.work_queue import PATIENCE_S, SETTLE_S, WorkQueue
from nlan.model import Lab
from nlan.netlink.events import Event
from nlan.resources import FABRIC, HOST
from nlan.schema import load

LAB = """
nodes:
  r1: {asn: 64496, hosts: 1}
  r2: {asn: 64497}
links: [r1 -- r2]
networks:
  wan: {nodes: [r1, r2], vni: 1, prefix: 192.0.2.0/24}
"""


@pytest.fixture(scope="module")
def desired() -> Desired:
    lab = _lab(LAB)
    return Desired(lab, 1, expand(lab))


def _lab(text: str) -> Lab:
    return load(Path("lab.yaml"), text=text).lab


@pytest.mark.parametrize(
    ("event", "kernel", "daemons"),
    [
        (Event("r1", "link", interface="eth1"), {"r1", "r2"}, set()),
        (Event("r1", "link", interface="mine"), {"r1"}, set()),
        (Event("r1", "address", text="192.0.2.1/24"), {"r1"}, set()),
        (Event("r1", "switch"), {"r1"}, set()),
        (Event("r1", "route", ours=True), {"r1"}, set()),
        (Event("r1", "route", text="192.0.2.0/24 via 192.0.2.1", ours=False), set(), set()),
        (Event("r1/172.21.1.2", "route", text="0.0.0.0/0 via 192.0.2.1"), {"r1/172.21.1.2"}, set()),
        (Event("r1", "neighbor", text="00:00:00:00:00:00 192.0.2.9", ours=True), {"r1"}, set()),
        (Event("r1", "neighbor", text="02:00:00:00:00:01", ours=True), {"r1"}, set()),
        (Event("r1", "neighbor", text="02:00:00:00:00:01"), set(), set()),
        (Event("r1", "policy"), {"r1"}, set()),
        (Lost("r1"), set(), {"r1"}),
        (Event("r1", "neighbor", text="192.0.2.9 02:00:00:00:00:01"), set(), set()),
        (Switched("r2"), {"r2"}, set()),
        (Appeared("r2"), {"r2"}, set()),
        (Touched("hosts"), {HOST}, set()),
        (Touched("lock"), set(), set()),
        (Ended("r1", "bgpd"), set(), {"r1"}),
        (Logged("r1", "bgpd", LogEvent("configured", "no router bgp")), set(), {"r1"}),
        (Logged("r1", "bgpd", LogEvent("session-up", "192.0.2.2")), set(), set()),
        (Started("r1", "bgpd"), set(), set()),
        (Committed(), set(), set()),
    ],
)
def test_an_event_marks_what_it_concerns(desired: Any, event: Any, kernel: Any, daemons: Any) -> None:
    queue = WorkQueue()
    queue.take(event, desired, 5.0)
    assert (queue.kernel, queue.daemons, queue.whole) == (kernel, daemons, False)
    assert bool(queue) == bool(kernel or daemons)


@pytest.mark.parametrize("event", [Vanished("r1"), Touched(""), Event(FABRIC, "lost")])
def test_what_cannot_be_told_apart_marks_everything(desired: Any, event: Any) -> None:
    queue = WorkQueue()
    queue.take(event, desired, 5.0)
    assert queue.whole


def test_a_look_waits_until_it_is_quiet_but_not_for_ever() -> None:
    queue = WorkQueue()
    assert queue.due == float("inf")
    queue.mark(["r1"], 1.0)
    assert queue.due == 1.0 + SETTLE_S
    for n in range(1, 20):
        queue.mark(["r1"], 1.0 + n / 100)
    assert queue.due == 1.0 + PATIENCE_S


def test_a_part_has_the_daemons_only_where_asked(desired: Any) -> None:
    kinds = {key.kind for key in desired.part(["r1"], daemons=False)}
    assert "frr" not in kinds
    assert {"namespace", "address"} <= kinds
    assert "frr" in {key.kind for key in desired.part(["r1"], daemons=True)}
    assert {key.namespace for key in desired.part(["r1"], daemons=True)} == {"r1"}


def test_untold_switches_are_those_without_an_event(desired: Any) -> None:
    names = {switch.name for switches in desired.unreported.values() for switch in switches}
    assert "net/ipv4/conf/all/accept_local" in names
    assert "net/ipv4/ip_forward" not in names
    assert "net/ipv4/conf/all/rp_filter" not in names


def test_speakers_are_the_nodes_with_daemons(desired: Any) -> None:
    assert desired.speakers == {"r1": "frr", "r2": "frr"}
