from __future__ import annotations

from ipaddress import ip_address

import msgspec
import pytest

from netns.support import (
    by_key,
    create,
    delete,
    ip,
    observe,
    observe_foreign,
    observe_own,
    replace,
    shell,
    succeeded,
    update,
)
from nlan.kinds.bridge import Bridge
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.vxlan import Vxlan
from nlan.netlink.driver import NetlinkDriver
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="int_br111", mac="02:00:5e:00:53:01", mtu=1500)
VXLAN = Vxlan(
    namespace="a",
    name="vxlan111",
    vni=111,
    local=ip_address("192.0.2.1"),
    master="int_br111",
    mtu=1500,
    mac="02:00:5e:00:53:41",
)
ENTRIES = [FdbEntry(namespace="a", device="vxlan111", remote=ip_address(f"192.0.2.{i}")) for i in (2, 3, 4)]


@pytest.fixture
def overlay(kernel: NetlinkDriver) -> NetlinkDriver:
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, VXLAN))
    assert succeeded(create(kernel, *ENTRIES))
    return kernel


def test_is_observed_as_it_was_asked_for(overlay: NetlinkDriver) -> None:
    assert observe(overlay) == by_key(BRIDGE, VXLAN, *ENTRIES)


def test_creating_twice_is_fine(overlay: NetlinkDriver) -> None:
    assert succeeded(create(overlay, VXLAN, *ENTRIES))
    assert observe(overlay) == by_key(BRIDGE, VXLAN, *ENTRIES)


def test_over_ipv6(kernel: NetlinkDriver) -> None:
    six = msgspec.structs.replace(VXLAN, local=ip_address("2001:db8::1"))
    entry = FdbEntry(namespace="a", device="vxlan111", remote=ip_address("2001:db8::2"))
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, six))
    assert succeeded(create(kernel, entry))
    assert observe(kernel) == by_key(BRIDGE, six, entry)


def test_changes_in_place_and_keeps_its_entries(overlay: NetlinkDriver, place: NetnsRuntime) -> None:
    index = ip(place, "a", "link", "show", "vxlan111")[0]["ifindex"]
    changed = msgspec.structs.replace(
        VXLAN, local=ip_address("192.0.2.9"), mtu=1400, master="", mac="02:00:5e:00:53:42", up=False
    )
    assert succeeded(update(overlay, changed, VXLAN))
    assert observe(overlay) == by_key(BRIDGE, changed, *ENTRIES)
    assert succeeded(update(overlay, VXLAN, changed))
    assert observe(overlay) == by_key(BRIDGE, VXLAN, *ENTRIES)
    assert ip(place, "a", "link", "show", "vxlan111")[0]["ifindex"] == index


def test_local_of_the_other_ip_version_makes_it_anew(overlay: NetlinkDriver) -> None:
    six = msgspec.structs.replace(VXLAN, local=ip_address("2001:db8::1"))
    assert succeeded(update(overlay, six, VXLAN))
    assert observe(overlay) == by_key(BRIDGE, six)


def test_replaced_with_another_vni(overlay: NetlinkDriver) -> None:
    other = msgspec.structs.replace(VXLAN, vni=112)
    assert succeeded(replace(overlay, other, VXLAN))
    assert observe(overlay) == by_key(BRIDGE, other)


def test_largest_vni(kernel: NetlinkDriver) -> None:
    largest = msgspec.structs.replace(VXLAN, vni=2**24 - 1)
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, largest))
    assert observe(kernel)[VXLAN.key] == largest


def test_same_vni_twice_is_refused_in_the_kernels_words(overlay: NetlinkDriver) -> None:
    (failure,) = create(overlay, msgspec.structs.replace(VXLAN, name="vxlan2"))
    assert failure is not None
    assert str(failure).startswith("a: create a vxlan vxlan2: ")
    assert "VXLAN" in str(failure) or "exists" in str(failure)


def test_one_entry_goes_and_the_others_stay(overlay: NetlinkDriver) -> None:
    assert succeeded(delete(overlay, ENTRIES[1]))
    assert succeeded(delete(overlay, ENTRIES[1]))
    assert observe(overlay) == by_key(BRIDGE, VXLAN, ENTRIES[0], ENTRIES[2])


def test_entry_of_a_device_that_is_gone(overlay: NetlinkDriver) -> None:
    assert succeeded(delete(overlay, VXLAN))
    assert succeeded(delete(overlay, *ENTRIES))
    (failure,) = create(overlay, ENTRIES[0])
    assert "there is no interface vxlan111" in str(failure)


def test_foreign_entries_are_shown(overlay: NetlinkDriver, place: NetnsRuntime) -> None:
    shell(place, "a", "bridge fdb add 02:00:5e:00:53:77 dev vxlan111 dst 192.0.2.7 self")
    shell(place, "a", "ip link add other type vxlan id 7 dstport 4790")
    shell(place, "a", "bridge fdb append 00:00:00:00:00:00 dev other dst 192.0.2.7")
    assert observe_own(overlay) == by_key(BRIDGE, VXLAN, *ENTRIES)
    assert observe_foreign(overlay) == [
        "fdb 02:00:5e:00:53:77 on vxlan111 to 192.0.2.7",
        "link other (vxlan)",
    ]
