"""Random operations on the fake kernel and on Linux side by side: same outcomes, same state, all the way.

The pool is small, so that things get into each other's way: names, addresses and VNIs are taken,
links go from under what stands on them, next hops are out of reach.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from contract.conftest import NAMESPACES
from contract.sides import Fake, Real, Side
from netns.support import create, observe, operation, succeeded
from nlan.kinds.sysctl import Sysctl
from nlan.plan import Operation
from nlan.resources import Resource
from samples import (
    ADDRESS,
    ADDRESS6,
    BRIDGE,
    BRIDGE2,
    ENTRY,
    FABRIC,
    OTHER,
    PAIR,
    ROUTE,
    ROUTE6,
    UPLINK,
    VXLAN,
    VXLAN6,
    with_,
)

POOL: tuple[Resource, ...] = (
    BRIDGE,
    with_(BRIDGE, mtu=1400),
    with_(BRIDGE, mtu=1279),
    with_(BRIDGE, up=False),
    with_(BRIDGE, mac="02:00:5e:00:53:09"),
    BRIDGE2,
    with_(BRIDGE2, up=False),
    FABRIC,
    PAIR,
    with_(PAIR, mtu=1300),
    with_(PAIR, master="br"),
    with_(PAIR, master="br2", up=False),
    with_(PAIR, peer_namespace="c"),
    with_(PAIR, name="eth3"),
    with_(PAIR, namespace="c", peer_namespace="a", name="eth9"),
    with_(PAIR, peer_namespace="a", peer_name="br2"),
    UPLINK,
    with_(UPLINK, peer_master="", mtu=1500),
    VXLAN,
    VXLAN6,
    with_(VXLAN, master="", mtu=1400),
    with_(VXLAN, master="br2", local=ip_address("192.0.2.9")),
    with_(VXLAN, name="vxlan8"),
    with_(VXLAN, name="vxlan8", vni=8),
    with_(VXLAN, name="vxlan8", port=4790),
    ENTRY,
    with_(ENTRY, remote=ip_address("192.0.2.3")),
    with_(ENTRY, remote=ip_address("2001:db8::2")),
    with_(ENTRY, device="vxlan8"),
    ADDRESS,
    with_(ADDRESS, address=ip_interface("192.0.2.2/24")),
    with_(ADDRESS, address=ip_interface("192.0.2.3/24")),
    with_(ADDRESS, address=ip_interface("192.0.2.1/25")),
    with_(ADDRESS, interface="eth1", address=ip_interface("192.0.2.65/26")),
    with_(ADDRESS, interface="lo", address=ip_interface("198.51.100.7/32")),
    OTHER,
    with_(OTHER, address=ip_interface("192.0.2.9/24")),
    ADDRESS6,
    with_(ADDRESS6, address=ip_interface("2001:db8::2/64")),
    with_(ADDRESS6, address=ip_interface("2001:db8::1/80")),
    with_(ADDRESS6, interface="br2", address=ip_interface("2001:db8:2::1/64")),
    with_(ADDRESS6, interface="lo", address=ip_interface("2001:db8:1::1/128")),
    ROUTE,
    with_(ROUTE, via=ip_address("192.0.2.2")),
    with_(ROUTE, via=ip_address("192.0.2.70"), interface=None),
    with_(ROUTE, via=ip_address("198.51.100.9"), interface="br2"),
    with_(ROUTE, prefix=ip_network("0.0.0.0/0")),
    with_(ROUTE, prefix=ip_network("0.0.0.0/0"), via=ip_address("203.0.113.9")),
    with_(ROUTE, prefix=ip_network("192.0.2.0/24")),
    with_(ROUTE, prefix=ip_network("198.51.100.0/24"), interface=None),
    ROUTE6,
    with_(ROUTE6, via=ip_address("2001:db8::2")),
    with_(ROUTE6, prefix=ip_network("2001:db8:7::/48"), via=ip_address("2001:db8:2::9"), interface="br2"),
    with_(ROUTE6, prefix=ip_network("2001:db8:8::/48"), via=ip_address("fe80::9")),
    with_(ROUTE6, prefix=ip_network("2001:db8:8::/48"), via=ip_address("2001:db8:9::9"), interface=None),
)
STEPS = 120


@pytest.mark.netns
@pytest.mark.parametrize("seed", range(3))
def test_random_operations(fake: Fake, real: Real, seed: int) -> None:
    dice = random.Random(seed)
    switches = list(_switches(dice))
    for side in (fake, real):
        assert side.place.create(NAMESPACES) == {}
        assert succeeded(create(side.driver("sysctl", {}), *switches))
    story: list[str] = []
    for _ in range(STEPS):
        asked = [_any_operation(dice, fake) for _ in range(dice.choice((1, 1, 2, 4)))]
        batch = list({one.key: one for one in asked}.values())
        story += [_told(one) for one in batch]
        outcomes = [_outcomes(side, batch) for side in (fake, real)]
        assert outcomes[0] == outcomes[1], "\n".join(story)
        assert observe(fake.driver("veth", {})) == observe(real.driver("veth", {})), "\n".join(story)
        assert fake.looks(NAMESPACES) == real.looks(NAMESPACES), "\n".join(story)


def _switches(dice: random.Random) -> Iterator[Sysctl]:
    for name in ("a", "b", "c"):
        value = dice.choice("01")
        yield Sysctl(namespace=name, name="net/ipv4/conf/all/promote_secondaries", value=value)


def _any_operation(dice: random.Random, fake: Fake) -> Operation:
    wanted = dice.choice(POOL)
    seen = observe(fake.driver("veth", {}))
    found = seen.get(wanted.key)
    if dice.random() < 0.3:
        return operation("delete", None, found or wanted)
    if found is None:
        return operation("create", wanted)
    difference = wanted.difference(found)
    if difference is None or dice.random() < 0.1:
        return operation("create", wanted)
    return operation("update" if difference.in_place else "replace", wanted, found)


def _outcomes(side: Side, batch: Sequence[Operation]) -> list[str]:
    """Return what became of each; what stands in brackets depends on how old the kernel is."""
    return [re.sub(r" \([^)]*\)", "", str(outcome)) for outcome in side.driver("veth", {}).apply(batch)]


def _told(one: Operation) -> str:
    return f"{one.action} {one.desired or one.observed}"
