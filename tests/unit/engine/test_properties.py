"""What holds for any network: any way there ends in the same state, damage is repaired in one plan.

Random sets of resources that can stand together, planned and applied over the fake kernel.
"""

from __future__ import annotations

import contextlib
import errno
import random
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from nlan.engines.frr.resource import FrrDaemon
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.namespace import Namespace
from nlan.kinds.route import Route
from nlan.kinds.sysctl import Sysctl
from nlan.kinds.veth import Veth
from nlan.kinds.vxlan import Vxlan
from nlan.resources import Key, Resource
from nlan.testing import FakeKernel, KilledError
from nlan.testing.kernel import address, link
from unit.engine.labs import Lab, Run, complete, kernel_with


def mac(number: int) -> str:
    return f"02:00:5e:00:53:{number:02x}"


def with_(resource: Resource, **fields: Any) -> Any:
    return msgspec.structs.replace(resource, **fields)


def route(namespace: str, prefix: str, via: str, interface: str) -> Route:
    return Route(namespace=namespace, prefix=ip_network(prefix), via=ip_address(via), interface=interface)


def given_to(namespace: str, interface: str, *addresses: str) -> list[Address]:
    return [Address(namespace=namespace, interface=interface, address=ip_interface(a)) for a in addresses]


BRIDGES = [
    Bridge(namespace=name, name=bridge, mac=mac(n), mtu=mtu)
    for n, (name, bridge) in enumerate((("a", "br1"), ("a", "br2"), ("b", "br1")))
    for mtu in (1500, 1400)
]
PAIR = Veth(
    namespace="a", name="eth1", peer_namespace="b", peer_name="eth1", mac=mac(17), peer_mac=mac(18), mtu=1500
)
PAIRS = [
    PAIR,
    with_(PAIR, mtu=1400),
    with_(PAIR, master="br1"),
    with_(PAIR, peer_master="br1"),
    with_(PAIR, peer_namespace="c"),
    with_(PAIR, namespace="c", peer_namespace="a"),
    with_(PAIR, namespace="b", name="eth2", peer_namespace="c", peer_name="eth2"),
    with_(PAIR, name="br2", peer_name="eth3"),
]
VXLAN = Vxlan(
    namespace="a", name="vxlan7", vni=7, local=ip_address("192.0.2.1"), master="br1", mtu=1400, mac=mac(33)
)
VXLANS = [
    VXLAN,
    with_(VXLAN, local=ip_address("192.0.2.9"), master="br2"),
    with_(VXLAN, vni=8),
    with_(VXLAN, name="vxlan8"),
    with_(VXLAN, local=ip_address("2001:db8::1")),
]
ENTRIES = [
    FdbEntry(namespace="a", device=device, remote=ip_address(remote))
    for device in ("vxlan7", "vxlan8")
    for remote in ("192.0.2.2", "192.0.2.3", "2001:db8::2")
]
ADDRESSES = [
    *given_to("a", "br1", "192.0.2.1/24", "192.0.2.1/25", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::1/80"),
    *given_to("a", "br2", "192.0.2.1/24", "198.51.100.1/24", "2001:db8:2::1/64"),
    *given_to("a", "eth1", "203.0.113.1/24", "203.0.113.2/24", "192.0.2.2/24"),
    *given_to("a", "lo", "198.51.100.1/32", "2001:db8:2::1/128"),
    *given_to("a", "br2", "192.0.2.2/24"),
    *given_to("b", "eth1", "203.0.113.9/24", "203.0.113.9/25"),
]
ROUTES = [
    route("a", "0.0.0.0/0", "192.0.2.100", "br1"),
    route("a", "0.0.0.0/0", "203.0.113.9", "eth1"),
    route("a", "10.0.0.0/8", "192.0.2.101", "br1"),
    route("a", "10.0.0.0/8", "198.51.100.9", "br2"),
    route("a", "::/0", "2001:db8::9", "br1"),
    route("b", "0.0.0.0/0", "203.0.113.1", "eth1"),
]
DAEMONS = [
    FrrDaemon(namespace="a", daemon="bgpd", config=lines)
    for lines in ((), ("router bgp 64496",), ("router bgp 64496", " neighbor 192.0.2.2 remote-as 64497"))
]
NAMESPACES = [Namespace(name=name) for name in "abc"]
PROMOTE = [Sysctl(namespace=n, name="net/ipv4/conf/all/promote_secondaries", value="1") for n in "abc"]
"""What every lab says of its nodes."""
POOL: tuple[Resource, ...] = (
    *NAMESPACES, *BRIDGES, *PAIRS, *VXLANS, *ENTRIES, *ADDRESSES, *ROUTES, *DAEMONS
)  # fmt: skip


def sound(wanted: Iterable[Resource]) -> Lab:
    """Return those that can stand together: the first of a key or a claim, with its ground."""
    chosen: dict[Key, Resource] = {}
    claims: set[tuple[str, ...]] = set()
    for resource in wanted:
        new = set(resource.claims())
        if resource.key in chosen or new & claims:
            continue
        if all(_is_there(key, chosen, claims) for key in resource.requires()) and _is_possible(
            resource, chosen
        ):
            chosen[resource.key] = resource
            claims |= new
    return chosen


def _is_there(key: Key, chosen: Lab, claims: set[tuple[str, ...]]) -> bool:
    if key.kind == "interface":
        return key.name == "lo" or tuple(key) in claims
    return key in chosen or key.kind == "hosts"


def _is_possible(resource: Resource, chosen: Lab) -> bool:
    """Tell whether the kernel takes it: next hops on the link, entries of their device's IP version."""
    if isinstance(resource, FdbEntry):
        device = chosen[Key("vxlan", resource.namespace, resource.device)]
        return isinstance(device, Vxlan) and device.local.version == resource.remote.version
    if isinstance(resource, Route):
        there = [a for a in chosen.values() if isinstance(a, Address) and a.namespace == resource.namespace]
        subnets = [a.address.network for a in there if a.interface == resource.interface]
        mine = [a.address.ip for a in there]
        return any(resource.via in subnet for subnet in subnets) and resource.via not in mine
    return True


def picked(some: int, more: int, backwards: bool) -> Lab:
    """Return what three of four bits pick; of each kind the first, or the last, that get there first."""
    chosen = [resource for n, resource in enumerate(POOL) if (some | more) >> n & 1]
    ordered = sorted([*PROMOTE, *(reversed(chosen) if backwards else chosen)], key=lambda r: r.rank)
    return sound(ordered)


_BITS = st.integers(0, 2 ** len(POOL) - 1)
LABS = st.builds(picked, _BITS, _BITS, st.booleans())


QUICK = settings(max_examples=50, deadline=None)


@QUICK
@given(LABS, LABS)
def test_any_change_leaves_nothing_to_do_and_ends_as_a_fresh_start_does(before: Lab, after: Lab) -> None:
    assert str(kernel_with(before, after)) == str(kernel_with(after))


@QUICK
@given(LABS, LABS)
def test_going_back_restores(before: Lab, after: Lab) -> None:
    kernel = kernel_with(before)
    text = str(kernel)
    complete(kernel, after)
    complete(kernel, before)
    assert str(kernel) == text
    complete(kernel, {})
    assert str(kernel) == ""


@QUICK
@given(LABS, LABS, st.integers(0, 60), st.booleans(), st.booleans())
def test_an_interrupted_change_is_completed(
    before: Lab, after: Lab, n: int, killed: bool, slow: bool
) -> None:
    kernel = FakeKernel(slow=slow)
    complete(kernel, before)
    if killed:
        kernel.faults.kill_at(n)
        with contextlib.suppress(KilledError):
            Run(kernel, after).apply()
    else:
        kernel.faults.fail_at(n, errno.ENOMEM)
        Run(kernel, after).apply()
    kernel.faults.clear()
    assert Run(kernel, after).apply() == []
    kernel.settle()
    assert str(kernel) == str(kernel_with(after))


@QUICK
@given(LABS, st.integers(0, 2**32))
def test_any_damage_is_repaired_by_one_plan(wanted: Lab, seed: int) -> None:
    kernel = kernel_with(wanted)
    text = str(kernel)
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 4)):
        damage(kernel, dice)
    complete(kernel, wanted)
    assert str(kernel) == text


def damage(kernel: FakeKernel, dice: random.Random) -> None:
    """Do one of the things that somebody does behind nlan's back."""
    things = list(_damages(kernel))
    if things:
        work, *arguments = dice.choice(things)
        work(*arguments)


def _damages(kernel: FakeKernel) -> Iterator[tuple[Any, ...]]:
    for name, netns in kernel.namespaces.items():
        yield kernel.remove_netns, name
        for one in netns.links.values():
            for given_one in one.addresses:
                if not given_one.interface.ip.is_loopback:
                    yield address.remove, one, given_one.interface
            if one.kind != "loopback":
                yield link.remove, one
                yield link.set_up, one, False
                yield link.set_mtu, one, 1281
                yield link.set_mac, one, mac(99)
                yield link.set_master, one, None
            for remote in one.tunnel.remotes if one.tunnel else ():
                yield one.tunnel.remotes.remove, remote
        for r in netns.routes:
            if r.via is not None:
                yield netns.routes.remove, r
        yield (netns.daemons.clear,)
