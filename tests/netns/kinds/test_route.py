from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import msgspec
import pytest

from netns.support import create, delete, observe, shell, succeeded, update
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.route import Route
from nlan.netlink.driver import NetlinkDriver
from nlan.netlink.tables.snapshot import look
from nlan.resources import Key, Resource
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:01", mtu=1500)
ADDRESSES = [
    Address(namespace="a", interface="br", address=ip_interface("192.0.2.1/24")),
    Address(namespace="a", interface="br", address=ip_interface("2001:db8::1/64")),
]


def route_to(prefix: str, via: str) -> Route:
    return Route(namespace="a", prefix=ip_network(prefix), via=ip_address(via), interface="br")


DEFAULT = route_to("0.0.0.0/0", "192.0.2.254")
DEFAULT6 = route_to("::/0", "2001:db8::fe")
NET = route_to("198.51.100.0/24", "192.0.2.254")
ROUTES = [DEFAULT, DEFAULT6, NET]


@pytest.fixture
def routed(kernel: NetlinkDriver) -> NetlinkDriver:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, *ADDRESSES))
    assert succeeded(create(kernel, *ROUTES))
    return kernel


def routes(driver: NetlinkDriver) -> dict[Key, Resource]:
    return {key: resource for key, resource in observe(driver).items() if key.kind == "route"}


def keyed(*resources: Route) -> dict[Key, Resource]:
    return {r.key: r for r in resources}


def test_are_observed_as_they_were_asked_for(routed: NetlinkDriver) -> None:
    assert routes(routed) == keyed(*ROUTES)


def test_creating_twice_is_fine(routed: NetlinkDriver) -> None:
    assert succeeded(create(routed, *ROUTES))
    assert routes(routed) == keyed(*ROUTES)


@pytest.mark.parametrize(("route", "via"), [(DEFAULT, "192.0.2.253"), (DEFAULT6, "2001:db8::fd")])
def test_next_hop_changes_in_place(routed: NetlinkDriver, route: Route, via: str) -> None:
    changed = msgspec.structs.replace(route, via=ip_address(via))
    assert succeeded(update(routed, changed, route))
    assert routes(routed) == keyed(*[changed if r == route else r for r in ROUTES])


def test_deleting_twice_is_fine(routed: NetlinkDriver) -> None:
    assert succeeded(delete(routed, DEFAULT, DEFAULT6))
    assert succeeded(delete(routed, DEFAULT, DEFAULT6))
    assert routes(routed) == keyed(NET)


def test_moves_to_another_interface_in_place(routed: NetlinkDriver) -> None:
    other = Bridge(namespace="a", name="br2", mac="02:00:5e:00:53:02", mtu=1500)
    address = Address(namespace="a", interface="br2", address=ip_interface("203.0.113.1/24"))
    assert succeeded(create(routed, other))
    assert succeeded(create(routed, address))
    moved = Route(namespace="a", prefix=NET.prefix, via=ip_address("203.0.113.9"), interface="br2")
    assert succeeded(update(routed, moved, NET))
    assert routes(routed) == keyed(DEFAULT, DEFAULT6, moved)


def test_interface_that_nobody_named_is_the_kernels_choice(routed: NetlinkDriver) -> None:
    free = Route(namespace="a", prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.254"))
    assert succeeded(create(routed, free))
    assert free.difference(routes(routed)[free.key]) is None


def test_foreign_route_stays(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, *ADDRESSES))
    shell(place, "a", "ip route add default via 192.0.2.253")
    assert routes(kernel) == {}
    (failure,) = create(kernel, DEFAULT)
    assert "nlan did not make it" in str(failure)
    assert succeeded(delete(kernel, DEFAULT))
    assert "default via 192.0.2.253" in shell(place, "a", "ip route")


def test_unreachable_next_hop_is_refused_in_the_kernels_words(routed: NetlinkDriver) -> None:
    far = Route(namespace="a", prefix=ip_network("203.0.113.0/24"), via=ip_address("10.0.0.1"))
    assert succeeded(delete(routed, DEFAULT))
    (failure,) = create(routed, far)
    assert str(failure) == (
        "a: create a route 203.0.113.0/24: Network is unreachable (Nexthop has invalid gateway)"
    )


@pytest.mark.parametrize("metrics", [(100, 20), (20, 100)])
def test_of_two_routes_to_a_prefix_the_one_of_the_lower_metric_is_shown(
    kernel: NetlinkDriver, place: NetnsRuntime, metrics: tuple[int, int]
) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, *ADDRESSES))
    for metric in metrics:
        shell(place, "a", f"ip route add 198.51.100.0/24 via 192.0.2.{metric} metric {metric} proto static")
        shell(place, "a", f"ip route add 2001:db8:1::/48 via 2001:db8::{metric} metric {metric} proto static")
    shown = look(place, "a")["routes"]
    assert shown["198.51.100.0/24"] == {
        "protocol": "static",
        "hops": [{"via": "192.0.2.20", "dev": "br"}],
    }
    assert shown["2001:db8:1::/48"]["hops"] == [{"via": "2001:db8::20", "dev": "br"}]
