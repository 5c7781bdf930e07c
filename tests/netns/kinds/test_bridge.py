from __future__ import annotations

import msgspec

from netns.support import by_key, create, delete, ip, observe, observe_own, shell, succeeded, update
from nlan.errors import NotOwnedError
from nlan.kinds.bridge import Bridge
from nlan.kinds.veth import Veth
from nlan.netlink.driver import NetlinkDriver
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="int_br111", mac="02:00:5e:00:53:01", mtu=1500)


def port(mtu: int) -> Veth:
    return Veth(
        namespace="a",
        name="p0",
        peer_namespace="b",
        peer_name="q0",
        mac="02:00:5e:00:53:11",
        peer_mac="02:00:5e:00:53:12",
        mtu=mtu,
        master="int_br111",
    )


def test_is_observed_as_it_was_asked_for(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert observe(kernel) == by_key(BRIDGE)


def test_creating_twice_is_fine(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, BRIDGE))
    assert observe(kernel) == by_key(BRIDGE)


def test_creating_over_another_mtu_changes_it(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, msgspec.structs.replace(BRIDGE, mtu=1400)))
    assert succeeded(create(kernel, BRIDGE))
    assert observe(kernel) == by_key(BRIDGE)


def test_has_no_spanning_tree_and_no_snooping(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    data = ip(place, "a", "link", "show", "int_br111")[0]["linkinfo"]["info_data"]
    assert (data["stp_state"], data["mcast_snooping"]) == (0, 0)


def test_mtu_does_not_follow_the_ports(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, port(1280)))
    assert observe(kernel)[BRIDGE.key] == BRIDGE


def test_largest_mtu(kernel: NetlinkDriver) -> None:
    large = msgspec.structs.replace(BRIDGE, mtu=65535)
    assert succeeded(create(kernel, large))
    assert observe(kernel) == by_key(large)


def test_changes_in_place(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    assert succeeded(create(kernel, BRIDGE))
    index = ip(place, "a", "link", "show", "int_br111")[0]["ifindex"]
    changed = msgspec.structs.replace(BRIDGE, mtu=1400, mac="02:00:5e:00:53:02", up=False)
    assert succeeded(update(kernel, changed, BRIDGE))
    assert observe(kernel) == by_key(changed)
    assert ip(place, "a", "link", "show", "int_br111")[0]["ifindex"] == index


def test_deleting_twice_is_fine(kernel: NetlinkDriver) -> None:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(delete(kernel, BRIDGE))
    assert succeeded(delete(kernel, BRIDGE))
    assert observe(kernel) == {}


def test_foreign_bridge_is_neither_seen_nor_touched(kernel: NetlinkDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "ip link add int_br111 type bridge")
    assert observe_own(kernel) == {}
    (made,) = create(kernel, BRIDGE)
    (removed,) = delete(kernel, BRIDGE)
    assert isinstance(made, NotOwnedError)
    assert "nlan did not make it" in str(made)
    assert isinstance(removed, NotOwnedError)
    assert ip(place, "a", "link", "show", "int_br111")[0]["group"] == "default"
