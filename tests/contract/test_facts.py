"""What the kernel does by itself, on the fake one and on Linux: what goes with what, what comes unasked."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest

from contract.conftest import NAMESPACES
from contract.sides import Side
from netns.support import (
    by_key,
    create,
    delete,
    observe,
    observe_foreign,
    observe_own,
    operation,
    succeeded,
    update,
)
from nlan.errors import NotOwnedError
from nlan.kinds.base import Driver
from nlan.kinds.namespace import Namespace
from nlan.kinds.sysctl import Sysctl
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
    with_,
)


@pytest.fixture
def driver(side: Side) -> Driver:
    return side.driver("veth", {})


def made(driver: Driver, *resources: Resource) -> None:
    """Make resources in waves of one, as a plan does with what stands on each other."""
    for resource in resources:
        assert succeeded(create(driver, resource))


def test_new_namespace_holds_nothing_but_its_loopback(side: Side) -> None:
    assert side.look("a") == {"links": {}, "addresses": {}, "routes": {}}


def test_everything_goes_with_its_link(side: Side, driver: Driver) -> None:
    ground = (BRIDGE, VXLAN, ENTRY, ADDRESS, ADDRESS6, ROUTE, ROUTE6)
    made(driver, *ground)
    assert succeeded(delete(driver, BRIDGE))
    assert observe(driver) == by_key(with_(VXLAN, master=""), ENTRY)
    assert succeeded(delete(driver, VXLAN))
    assert observe(driver) == {}
    assert side.look("a") == {"links": {}, "addresses": {}, "routes": {}}


@pytest.mark.parametrize(("namespace", "name"), [("a", "eth0"), ("@fabric", "u1")])
def test_either_end_takes_the_other_along(side: Side, driver: Driver, namespace: str, name: str) -> None:
    made(driver, FABRIC, UPLINK)
    side.remove_link(namespace, name)
    assert observe(driver) == by_key(FABRIC)
    assert "eth0" not in side.look("a")["links"]


def test_pairs_go_with_either_namespace(side: Side, driver: Driver) -> None:
    made(driver, PAIR, FABRIC, UPLINK)
    assert side.place.delete(["b", "@fabric"]) == {}
    side.settle(NAMESPACES)
    assert observe(driver) == {}
    assert side.look("a")["links"] == {}


def test_ports_outlive_their_bridge(driver: Driver) -> None:
    made(driver, BRIDGE, with_(PAIR, master="br"))
    assert succeeded(delete(driver, BRIDGE))
    assert observe(driver) == by_key(PAIR)


def test_subnets_are_routed_by_the_kernel_and_not_nlans(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE, ADDRESS, ADDRESS6)
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ADDRESS6)
    on_link = {"protocol": "kernel", "hops": [{"dev": "br"}]}
    assert side.look("a")["routes"] == {"192.0.2.0/24": on_link, "2001:db8::/64": on_link}
    assert succeeded(delete(driver, ADDRESS, ADDRESS6))
    assert side.look("a")["routes"] == {}


def test_a_link_that_is_down_routes_nothing_and_loses_its_ipv6_addresses(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE, ADDRESS, ADDRESS6, ROUTE, ROUTE6)
    down = with_(BRIDGE, up=False)
    side.change_link("a", "br", up=False)
    assert observe(driver) == by_key(down, ADDRESS)
    assert side.look("a")["routes"] == {}
    assert succeeded(update(driver, BRIDGE, down))
    assert list(side.look("a")["routes"]) == ["192.0.2.0/24"]
    made(driver, ADDRESS6, ROUTE, ROUTE6)
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ADDRESS6, ROUTE, ROUTE6)


def test_addresses_given_to_a_link_that_is_down(side: Side, driver: Driver) -> None:
    made(driver, with_(BRIDGE, up=False), ADDRESS, ADDRESS6)
    assert side.look("a")["routes"] == {}
    assert succeeded(update(driver, BRIDGE, with_(BRIDGE, up=False)))
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ADDRESS6)
    assert list(side.look("a")["routes"]) == ["192.0.2.0/24", "2001:db8::/64"]


def test_too_narrow_for_ipv6(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE, ADDRESS, ADDRESS6, ROUTE6)
    narrow = with_(BRIDGE, mtu=1279)
    assert succeeded(update(driver, narrow, BRIDGE))
    assert observe(driver) == by_key(narrow, ADDRESS)
    assert succeeded(delete(driver, ADDRESS6, ROUTE6)), "Linux calls this `No such device or address`"
    assert succeeded(update(driver, BRIDGE, narrow))
    made(driver, ADDRESS6, ROUTE6)
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ADDRESS6, ROUTE6)


def test_routes_go_with_the_last_ipv4_address(driver: Driver) -> None:
    second = with_(ADDRESS, address=ip_interface("192.0.2.2/24"))
    made(driver, BRIDGE, ADDRESS, second, ROUTE)
    assert succeeded(delete(driver, second))
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ROUTE)
    assert succeeded(delete(driver, ADDRESS))
    assert observe(driver) == by_key(BRIDGE)


def test_ipv6_routes_outlive_the_last_address(driver: Driver) -> None:
    made(driver, BRIDGE, ADDRESS6, ROUTE6)
    assert succeeded(delete(driver, ADDRESS6))
    assert observe(driver) == by_key(BRIDGE, ROUTE6)


@pytest.mark.parametrize("promote", ["0", "1"])
def test_secondary_addresses(side: Side, driver: Driver, promote: str) -> None:
    switch = Sysctl(namespace="a", name="net/ipv4/conf/all/promote_secondaries", value=promote)
    inherited = Sysctl(namespace="a", name="net/ipv4/conf/br/promote_secondaries", value="0")
    second, third = (with_(ADDRESS, address=ip_interface(f"192.0.2.{n}/24")) for n in (2, 3))
    made(driver, BRIDGE)
    switches = side.driver("sysctl", by_key(switch, inherited))
    if observe(switches, ["a"]).get(inherited.key, inherited) != inherited:
        made(switches, inherited)  # a new link has what the host's first namespace says
    made(switches, switch)
    made(driver, ADDRESS, second, third)
    assert succeeded(delete(driver, ADDRESS))
    left = (second, third) if promote == "1" else ()
    assert observe(driver) == by_key(BRIDGE, *left)
    assert list(side.look("a")["routes"]) == (["192.0.2.0/24"] if left else [])


def test_a_bridges_mtu_follows_its_ports_until_somebody_sets_it(side: Side, driver: Driver) -> None:
    side.add_bridge("a", "theirs")
    made(driver, BRIDGE)
    for name, bridge in (("eth1", "theirs"), ("eth2", "br")):
        made(driver, with_(PAIR, name=name, peer_name=name, mtu=1280, master=bridge))
    links = side.look("a")["links"]
    assert (links["theirs"]["mtu"], links["br"]["mtu"]) == (1280, 1500)
    side.remove_link("a", "eth1")
    assert side.look("a")["links"]["theirs"]["mtu"] == 1500


def test_a_name_is_free_at_once_when_the_namespace_of_its_other_end_goes(side: Side, driver: Driver) -> None:
    """The kernel takes its time with the links of a removed namespace, and they were in the way."""
    elsewhere = with_(PAIR, peer_namespace="c")
    made(driver, PAIR)
    assert side.place.delete(["b"]) == {}
    assert succeeded(driver.apply([operation("replace", elsewhere, PAIR)]))
    side.settle(NAMESPACES)
    assert observe(driver) == by_key(elsewhere)


def test_a_far_name_is_free_at_once_too(side: Side, driver: Driver) -> None:
    other = with_(PAIR, namespace="c", name="eth9", peer_namespace="a", peer_name="eth1")
    made(driver, PAIR)
    assert side.place.delete(["b"]) == {}
    made(driver, other)
    side.settle(NAMESPACES)
    assert observe(driver) == by_key(other)


def test_one_pair_in_one_namespace(driver: Driver) -> None:
    loop = with_(PAIR, peer_namespace="a")
    made(driver, BRIDGE, loop)
    assert observe(driver) == by_key(BRIDGE, loop)
    assert succeeded(delete(driver, loop))
    assert observe(driver) == by_key(BRIDGE)


@pytest.mark.parametrize("mtu", [1300, 1600])
@pytest.mark.parametrize(("namespace", "name"), [("a", "eth1"), ("b", "eth2")])
def test_one_end_with_another_mtu_is_repaired(
    side: Side, driver: Driver, namespace: str, name: str, mtu: int
) -> None:
    """The smaller one was believed, so an end with a larger one was nobody's business."""
    made(driver, PAIR)
    side.change_link(namespace, name, mtu=mtu)
    observed = observe(driver)[PAIR.key]
    difference = PAIR.difference(observed)
    assert difference is not None
    assert difference.reason == f"mtu is {mtu}, wanted 1500"
    assert succeeded(update(driver, PAIR, observed))
    assert observe(driver) == by_key(PAIR)


def test_addresses_that_change_their_length(driver: Driver) -> None:
    """IPv4 knows them by length too, IPv6 does not: there the old one gives way."""
    longer = with_(ADDRESS, address=ip_interface("192.0.2.1/25"))
    longer6 = with_(ADDRESS6, address=ip_interface("2001:db8::1/80"))
    made(driver, BRIDGE, ADDRESS, ADDRESS6, longer, longer6)
    assert observe(driver) == by_key(BRIDGE, ADDRESS, longer, longer6)
    assert succeeded(delete(driver, ADDRESS, ADDRESS6))
    assert observe(driver) == by_key(BRIDGE, longer, longer6)


def test_what_goes_goes_before_what_comes_in_one_call(driver: Driver) -> None:
    moved = with_(VXLAN, name="vxlan8", local=ip_address("192.0.2.9"))
    made(driver, BRIDGE, VXLAN)
    both = [operation("create", moved), operation("delete", None, VXLAN)]
    assert succeeded(driver.apply(both))
    assert observe(driver) == by_key(BRIDGE, moved)


# What bears no mark


@pytest.mark.parametrize("resource", [BRIDGE, with_(PAIR, name="br"), with_(VXLAN, name="br", master="")])
def test_foreign_link_is_shown_and_not_touched(side: Side, driver: Driver, resource: Resource) -> None:
    """A bridge that could not be made set MTU and state, and a pair the alias, of the link in its way."""
    side.add_bridge("a", "br")
    before = side.look("a"), side.alias("a", "br")
    assert (observe_own(driver), observe_foreign(driver)) == ({}, ["link br (bridge)"])
    for (failure,) in (create(driver, resource), delete(driver, resource)):
        assert isinstance(failure, NotOwnedError)
    assert (side.look("a"), side.alias("a", "br")) == before


def test_foreign_address_is_shown_and_not_touched(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE)
    side.add_address("a", "br", "192.0.2.7/24")
    side.add_address("a", "br", "2001:db8::7/64")
    assert observe_own(driver) == by_key(BRIDGE)
    assert observe_foreign(driver) == ["address 192.0.2.7/24 on br", "address 2001:db8::7/64 on br"]
    assert side.look("a")["addresses"] == {"br": ["192.0.2.7/24", "2001:db8::7/64"]}


def test_an_address_given_by_hand_is_taken_over(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE)
    side.add_address("a", "br", str(ADDRESS.address))
    side.add_address("a", "br", str(ADDRESS6.address))
    made(driver, ADDRESS, ADDRESS6)
    assert observe(driver) == by_key(BRIDGE, ADDRESS, ADDRESS6)


def test_foreign_route_is_shown_and_not_touched(side: Side, driver: Driver) -> None:
    made(driver, BRIDGE, ADDRESS)
    side.add_route("a", str(ROUTE.prefix), "192.0.2.253")
    before = side.look("a")
    assert observe_own(driver) == by_key(BRIDGE, ADDRESS)
    assert observe_foreign(driver) == [f"route {ROUTE.prefix} via 192.0.2.253 on br"]
    (failure,) = create(driver, ROUTE)
    assert isinstance(failure, NotOwnedError)
    assert succeeded(delete(driver, ROUTE))
    assert side.look("a") == before


def test_foreign_namespace_is_neither_seen_nor_touched_and_fails_alone(side: Side) -> None:
    side.add_namespace("x")
    driver = side.driver("namespace", {})
    failure, fine = create(driver, Namespace(name="x"), Namespace(name="y"))
    assert isinstance(failure, NotOwnedError)
    assert fine is None
    (failure,) = delete(driver, Namespace(name="x"))
    assert isinstance(failure, NotOwnedError)
    assert observe(driver, ["x", "y"]) == by_key(Namespace(name="y"))


def test_two_bridges_of_one_subnet_route_to_it_both(side: Side, driver: Driver) -> None:
    other = with_(OTHER, address=ip_interface("192.0.2.9/24"))
    made(driver, BRIDGE, BRIDGE2, ADDRESS, other)
    hops = side.look("a")["routes"]["192.0.2.0/24"]["hops"]
    assert hops == [{"dev": "br"}, {"dev": "br2"}]
    assert succeeded(delete(driver, BRIDGE))
    assert side.look("a")["routes"]["192.0.2.0/24"]["hops"] == [{"dev": "br2"}]
