"""Daemons that are silent are started again, after a while and not before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.lab import Daemon, KeptLab
from nlan.engines.frr.resource import FrrDaemon
from nlan.keep.vigil import STILL_S, Vigil
from nlan.plan import Operation
from nlan.resources import Key

BGPD = FrrDaemon(namespace="r1", daemon="bgpd", config=())


def replacing(daemon: str, **observed: Any) -> Operation:
    seen = FrrDaemon(namespace="r1", daemon=daemon, **observed)
    return Operation(
        action="replace",
        key=Key("frr", "r1", daemon),
        impact="restart",
        reason="test",
        desired=FrrDaemon(namespace="r1", daemon=daemon, config=()),
        observed=seen,
    )


class FakeLab:
    """A lab whose daemons stand still, and whose nodes have tables, where a test says so."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def stopped(self, namespaces: Sequence[str], desired: Desired) -> Iterator[Daemon]:
        return (
            (n, key.name) for n in namespaces for key in desired.by_namespace[n] if key.name in self._names
        )

    def ruleset(self, namespace: str) -> tuple[str, ...]:
        return ("ip mine",) if "nft" in self._names else ()


@pytest.fixture
def stopped() -> set[str]:
    """Take the daemons that stand still."""
    return set()


@pytest.fixture
def vigil(stopped: set[str]) -> Vigil:
    return Vigil(cast("KeptLab", FakeLab(stopped)))


DESIRED: Any = SimpleNamespace(by_namespace=defaultdict(dict, {"r1": {BGPD.key: BGPD}}))


def test_one_that_stands_still_is_told_once_and_due_after_a_while(vigil: Vigil, stopped: set[str]) -> None:
    assert vigil.look(["r1"], DESIRED, 0.0) == (set(), set(), [])
    stopped.add("bgpd")
    assert vigil.look(["r1"], DESIRED, 1.0) == (set(), set(), [("r1", "bgpd")])
    assert vigil.look(["r1"], DESIRED, STILL_S) == (set(), set(), [])
    assert vigil.waits(replacing("bgpd", silent=True), STILL_S)
    assert vigil.look(["r1"], DESIRED, STILL_S + 1) == (set(), {"r1"}, [])
    assert not vigil.waits(replacing("bgpd", silent=True), STILL_S + 1)
    vigil.settle(["r1"], [])
    assert vigil.look(["r1"], DESIRED, STILL_S + 2) == (set(), set(), [("r1", "bgpd")])


def test_what_stands_on_a_silent_zebra_waits_with_it(vigil: Vigil) -> None:
    assert not vigil.waits(replacing("ospfd", orphan=True), 0.0)
    assert vigil.waits(replacing("zebra", silent=True), 0.0)
    assert vigil.waits(replacing("ospfd", orphan=True), 1.0)
    assert not vigil.waits(replacing("ospfd", orphan=True), STILL_S)


def test_tables_that_come_and_go_are_looked_at(vigil: Vigil, stopped: set[str]) -> None:
    stopped.add("nft")
    assert vigil.look(["r1"], DESIRED, 0.0).kernel == {"r1"}
    assert vigil.look(["r1"], DESIRED, 1.0).kernel == set()
    stopped.clear()
    assert vigil.look(["r1"], DESIRED, 2.0).kernel == {"r1"}


def test_every_namespace_has_its_turn(vigil: Vigil, stopped: set[str]) -> None:
    stopped.add("nft")
    names = [f"r{n}" for n in range(25)]
    assert set().union(*(vigil.look(names, DESIRED, float(n)).kernel for n in range(3))) == set(names)
