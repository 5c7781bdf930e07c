from __future__ import annotations

from ipaddress import ip_interface

import msgspec
import pytest

from netns.support import by_key, create, delete, ip, observe, observe_own, shell, succeeded
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.netlink.driver import NetlinkDriver
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:01", mtu=1500)
FOUR = Address(namespace="a", interface="br", address=ip_interface("192.0.2.1/24"))
SIX = Address(namespace="a", interface="br", address=ip_interface("2001:db8::1/64"))
LOOPBACK = Address(namespace="a", interface="lo", address=ip_interface("198.51.100.1/32"))


@pytest.fixture
def addressed(kernel: NetlinkDriver) -> NetlinkDriver:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, FOUR, SIX, LOOPBACK))
    return kernel


def test_are_observed_as_they_were_asked_for(addressed: NetlinkDriver) -> None:
    assert observe(addressed) == by_key(BRIDGE, FOUR, SIX, LOOPBACK)


def test_creating_twice_is_fine(addressed: NetlinkDriver) -> None:
    assert succeeded(create(addressed, FOUR, SIX, LOOPBACK))
    assert observe(addressed) == by_key(BRIDGE, FOUR, SIX, LOOPBACK)


def test_ipv6_is_usable_at_once(addressed: NetlinkDriver, place: NetnsRuntime) -> None:
    listed = ip(place, "a", "-6", "address", "show", "dev", "br", "scope", "global")
    (info,) = listed[0]["addr_info"]
    assert not info.get("tentative")


def test_one_goes_and_the_others_stay(addressed: NetlinkDriver) -> None:
    second = msgspec.structs.replace(FOUR, address=ip_interface("192.0.2.2/24"))
    assert succeeded(create(addressed, second))
    assert succeeded(delete(addressed, second))
    assert succeeded(delete(addressed, second, LOOPBACK))
    assert succeeded(delete(addressed, LOOPBACK))
    assert observe(addressed) == by_key(BRIDGE, FOUR, SIX)


def test_addresses_nobody_asked_nlan_for_are_left_alone(
    addressed: NetlinkDriver, place: NetnsRuntime
) -> None:
    shell(place, "a", "ip address add 203.0.113.1/24 dev br; ip address add 203.0.113.2/32 dev lo")
    assert observe_own(addressed) == by_key(BRIDGE, FOUR, SIX, LOOPBACK)


def test_the_same_address_added_by_hand_is_taken_over(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    shell(place, "a", "ip address add 192.0.2.1/24 dev br; ip address add 2001:db8::1/64 dev br")
    assert succeeded(create(kernel, FOUR, SIX))
    assert observe(kernel) == by_key(BRIDGE, FOUR, SIX)


def test_the_same_address_with_another_length_gives_way_where_the_kernel_holds_but_one(
    kernel: NetlinkDriver, place: NetnsRuntime
) -> None:
    assert succeeded(create(kernel, BRIDGE))
    shell(place, "a", "ip address add 192.0.2.1/16 dev br; ip address add 2001:db8::1/48 dev br")
    assert succeeded(create(kernel, FOUR, SIX))
    assert observe_own(kernel) == by_key(BRIDGE, FOUR, SIX)
    (listed,) = ip(place, "a", "address", "show", "dev", "br", "scope", "global")
    lengths = {(a["local"], a["prefixlen"]) for a in listed["addr_info"]}
    assert lengths == {("192.0.2.1", 16), ("192.0.2.1", 24), ("2001:db8::1", 64)}


def test_absent_interface(kernel: NetlinkDriver) -> None:
    (failure,) = create(kernel, FOUR)
    assert str(failure) == "a: create a address br 192.0.2.1/24: there is no interface br"
    assert succeeded(delete(kernel, FOUR))


def test_loopback_is_up_with_its_own_address(place: NetnsRuntime) -> None:
    (lo,) = ip(place, "b", "address", "show", "dev", "lo")
    assert "UP" in lo["flags"]
    assert [a["local"] for a in lo["addr_info"]] == ["127.0.0.1", "::1"]
