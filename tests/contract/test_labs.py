"""Whole labs through the engine, on the fake kernel and on Linux: made, changed in place, taken back.

Daemons are left out, for Linux has none to offer here (`tests/lab` runs them).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contract.sides import Fake, Real, Side
from nlan.api.generate import generate
from nlan.engine import Engine, failure_text
from nlan.expand import expand
from nlan.plan import Plan
from nlan.resources import Key, Resource
from nlan.schema import load
from samples import PTN

Lab = dict[Key, Resource]


PAIR = """\
name: pair
nodes: [x, y, z]
links:
- {link: x -- y, prefix: 192.0.2.0/24, ends: {y: 192.0.2.2/24}}
"""

LABS: dict[str, str] = {
    "ptn": PTN,
    "pair": PAIR,
    "line": generate("line", count=3, ospf=True, ipv6=True, hosts=1),
    "ring": generate("ring", count=4),
    "star": generate("star", count=3),
    "clos": generate("clos", count=2, hosts=1),
}

CHANGES: dict[str, tuple[str, Callable[[str], str]]] = {
    "more hosts": ("ptn", lambda text: text.replace("/24: 1", "/24: 3")),
    "another prefix": ("ptn", lambda text: text.replace("10.200.1.0", "10.200.9.0")),
    "another VNI": ("ptn", lambda text: text.replace("vni: 1,", "vni: 77,")),
    "a node less": ("ptn", lambda text: text.replace("pe[1-2]", "pe[1-1]")),
    "a node more": ("ptn", lambda text: text.replace("pe[1-2]", "pe[1-3]")),
    "another LAN": ("ptn", lambda text: text.replace("172.21.1.1", "172.29.1.1")),
    "another length": ("ptn", lambda text: text.replace("172.21.1.1/24", "172.21.1.1/25")),
    "another length and gateway": ("ptn", lambda text: text.replace("172.21.1.1/24", "172.21.1.9/16")),
    "a link turned round": ("pair", lambda text: text.replace("x -- y", "z -- y")),
    "another lab": ("line", lambda _: PTN),
    "longer": ("line", lambda _: generate("line", count=5, ospf=True, ipv6=True, hosts=2)),
    "IPv4 only": ("line", lambda _: generate("line", count=3, ospf=True, hosts=1)),
    "a larger ring": ("ring", lambda _: generate("ring", count=6)),
    "a ring becomes a star": ("ring", lambda _: generate("star", count=3)),
}


def lab(text: str) -> Lab:
    """Return what the file means, daemons left out."""
    desired = expand(load(Path("lab.yaml"), text=text).lab)
    return {key: resource for key, resource in desired.items() if key.kind not in ("frr", "gobgp")}


def turn_into(side: Side, desired: Lab) -> Plan:
    """Plan and apply, and check that nothing is left to do; return what was done."""
    engine = Engine(side.drivers(desired))
    plan = engine.plan(desired, side.place.namespaces())
    failures = engine.apply(plan)
    assert not failures, failure_text(failures)
    side.settle(side.place.namespaces())
    left = engine.plan(desired, side.place.namespaces())
    assert [f"{o}: {o.reason}" for o in left.operations] == []
    return plan


def looks(side: Side) -> dict[str, object]:
    return side.looks(side.place.namespaces())


@pytest.mark.parametrize("name", LABS)
def test_made_and_taken_back_to_nothing(bare: Side, name: str) -> None:
    desired = lab(LABS[name])
    assert turn_into(bare, desired)
    seen = Engine(bare.drivers(desired)).observe(bare.place.namespaces())
    assert seen.keys() == desired.keys()
    assert not turn_into(bare, desired)
    turn_into(bare, {})
    assert bare.place.namespaces() == []


@pytest.mark.parametrize("change", CHANGES)
def test_changed_in_place_and_back(bare: Side, change: str) -> None:
    """What a change leaves, and what going back leaves, is what a fresh lab has."""
    name, edit = CHANGES[change]
    before, after = lab(LABS[name]), lab(edit(LABS[name]))
    turn_into(bare, before)
    fresh = looks(bare)
    assert turn_into(bare, after)
    changed = looks(bare)
    assert turn_into(bare, before)
    assert looks(bare) == fresh
    turn_into(bare, {})
    turn_into(bare, after)
    assert looks(bare) == changed


@pytest.mark.netns
@pytest.mark.parametrize("change", CHANGES)
def test_both_kernels_show_the_same(fake: Fake, real: Real, change: str) -> None:
    name, edit = CHANGES[change]
    for desired in (lab(LABS[name]), lab(edit(LABS[name]))):
        plans = [turn_into(side, desired) for side in (fake, real)]
        assert plans[0] == plans[1]
        assert looks(fake) == looks(real)
