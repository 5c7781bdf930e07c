"""Daemons that are silent are started again, after a while and not before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nlan import processes
from nlan.engines.frr.resource import FrrDaemon
from nlan.keep.vigil import STILL_S, Vigil
from nlan.netlink.tables import nftables as tables
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


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Take the daemons that stand still."""
    names: set[str] = set()
    monkeypatch.setattr(processes, "is_stopped", lambda path: path in names)
    monkeypatch.setattr(tables, "words", lambda place, namespace: ("ip mine",) if "nft" in names else ())
    return names


@pytest.fixture
def vigil(stopped: set[str]) -> Vigil:
    driver = SimpleNamespace(pid_path=lambda namespace, daemon: daemon)
    context: Any = SimpleNamespace(place=None, driver_of=lambda kind: driver)
    return Vigil(context)


DESIRED: Any = SimpleNamespace(by_namespace={"r1": {BGPD.key: BGPD}})


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
