"""One word for how a node is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlan.api.status import NodeStatus, _node
from nlan.cli.commands.look.status import _row
from nlan.engines.base import OspfNeighbor
from nlan.expand import expand
from nlan.expect import Expectation, expectation
from nlan.plan import Plan
from nlan.schema import load

LAB = load(Path("x.yaml"), text="name: x\nospf: true\nnodes: [r1, r2, r3]\nlinks: [r1 -- r2, r1 -- r3]\n").lab


def neighbor(interface: str, state: str = "Full") -> OspfNeighbor:
    return OspfNeighbor("10.0.0.2", "10.1.0.2", interface, state, "-", 1.0, 2)


def status(*neighbors: OspfNeighbor) -> NodeStatus:
    driver = SimpleNamespace(sessions=lambda _: [], ospf_neighbors=lambda _: neighbors)
    context: Any = SimpleNamespace(driver_of=lambda kind: driver)
    return _node(context, "r1", dict(expand(LAB)), expectation(LAB), Plan(), [], None)


@pytest.mark.parametrize(
    ("neighbors", "state", "shown"),
    [
        ((neighbor("eth1"), neighbor("eth2")), "ok", "2/2"),
        ((neighbor("eth1"),), "waiting", "1/2"),
        ((neighbor("eth1"), neighbor("eth2", "ExStart")), "waiting", "1/2"),
        ((), "waiting", "0/2"),
    ],
)
def test_a_router_waits_for_its_ospf_neighbours(
    neighbors: tuple[OspfNeighbor, ...], state: str, shown: str
) -> None:
    found = status(*neighbors)
    assert (found.state, _row(found)[-1]) == (state, shown)


@pytest.mark.parametrize(("up", "state"), [(1, "ok"), (0, "waiting")])
def test_a_router_waits_for_its_isis_neighbours(up: int, state: str) -> None:
    expected = Expectation(others={"IS-IS": {("r1", "eth1"): 1, ("r2", "eth1"): 1}})
    context: Any = None
    speakers: Any = SimpleNamespace(neighbors_up=lambda node, _: {"eth1": up})
    found = _node(context, "r1", {}, expected, Plan(), [], speakers)
    assert (found.state, found.missing) == (state, () if up else ("no IS-IS neighbour on eth1",))
