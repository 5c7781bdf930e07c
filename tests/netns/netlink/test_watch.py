from __future__ import annotations

import threading
import time
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from netns.support import create, delete, shell, succeeded
from nlan.errors import HostError
from nlan.kinds.address import Address
from nlan.kinds.bridge import Bridge
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.vxlan import Vxlan
from nlan.netlink.driver import NetlinkDriver
from nlan.netlink.watch import RouteWatcher, Watcher
from nlan.runtimes.netns.runtime import NetnsRuntime

BRIDGE = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:01", mtu=1500)
NET = ip_network("198.51.100.0/24")
SIX = ip_network("2001:db8:1::/48")


@pytest.fixture
def routed(kernel: NetlinkDriver) -> NetlinkDriver:
    addresses = [
        Address(namespace="a", interface="br", address=ip_interface(text))
        for text in ("192.0.2.1/24", "2001:db8::1/64")
    ]
    assert succeeded(create(kernel, BRIDGE))
    assert succeeded(create(kernel, *addresses))
    return kernel


def test_knows_what_was_there_before(routed: NetlinkDriver, place: NetnsRuntime) -> None:
    with RouteWatcher(place, ["a", "b"]) as watcher:
        assert ip_network("192.0.2.0/24") in watcher.routes("a")
        assert watcher.wait({"a": [ip_network("192.0.2.0/24")], "b": []}, time.monotonic()) == {}


def test_returns_as_soon_as_the_last_route_is_there(routed: NetlinkDriver, place: NetnsRuntime) -> None:
    with RouteWatcher(place, ["a", "b"]) as watcher:
        line = f"ip route add {NET} via 192.0.2.9; ip -6 route add {SIX} via 2001:db8::9"
        adder = threading.Timer(0.05, shell, (place, "a", line))
        adder.start()
        start = time.monotonic()
        left = watcher.wait({"a": {NET, SIX}}, start + 60)
        adder.join()
        assert left == {}
        assert time.monotonic() - start < 50


def test_says_what_is_missing_at_the_deadline(routed: NetlinkDriver, place: NetnsRuntime) -> None:
    with RouteWatcher(place, ["a", "b"]) as watcher:
        wanted = {"a": {NET, ip_network("192.0.2.0/24")}, "b": {SIX}}
        assert watcher.wait(wanted, time.monotonic() + 0.05) == {"a": {NET}, "b": {SIX}}


def test_a_route_that_went_is_missing_again(routed: NetlinkDriver, place: NetnsRuntime) -> None:
    shell(place, "a", f"ip route add {NET} via 192.0.2.9")
    with RouteWatcher(place, ["a"]) as watcher:
        shell(place, "a", f"ip route add {NET} via 192.0.2.8 metric 9; ip route del {NET} via 192.0.2.9")
        assert watcher.update() == {"a"}
        assert NET in watcher.routes("a")
        shell(place, "a", f"ip route del {NET}")
        watcher.update()
        assert NET not in watcher.routes("a")


def test_reads_the_table_again_when_the_kernel_dropped_events(
    routed: NetlinkDriver, place: NetnsRuntime
) -> None:
    with RouteWatcher(place, ["a"]) as watcher:
        lines = "".join(f"route add 10.{i >> 8}.{i & 255}.0/24 via 192.0.2.9\n" for i in range(3000))
        (place.make_directory("a") / "routes").write_text(lines)
        shell(place, "a", f"ip -batch {place.directory('a') / 'routes'}")
        wanted = {ip_network(f"10.{i >> 8}.{i & 255}.0/24") for i in range(3000)}
        assert watcher.wait({"a": wanted}, time.monotonic() + 10) == {}


def test_absent_namespace_is_said(place: NetnsRuntime) -> None:
    with pytest.raises(HostError, match="nowhere"):
        RouteWatcher(place, ["a", "nowhere"])


def test_every_kind_of_change_is_told_with_its_namespace(routed: NetlinkDriver, place: NetnsRuntime) -> None:
    vxlan = Vxlan(
        namespace="b",
        name="vx",
        vni=5,
        local=ip_address("192.0.2.1"),
        master="",
        mtu=1500,
        mac="02:00:5e:00:53:41",
    )
    assert succeeded(create(routed, vxlan))
    with Watcher(place, ["a", "b", "c"]) as watcher:
        assert watcher.events(0) == []
        shell(place, "a", f"ip route add {NET} via 192.0.2.9")
        assert set(watcher.events(5)) == {("a", "route")}
        assert succeeded(create(routed, FdbEntry(namespace="b", device="vx", remote=ip_address("192.0.2.7"))))
        assert set(watcher.events(5)) == {("b", "neighbor")}
        shell(place, "c", "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding")
        assert set(watcher.events(5)) == {("c", "switch")}
        shell(place, "a", "ip address del 192.0.2.1/24 dev br")
        assert ("a", "address") in watcher.events(5)
        assert succeeded(delete(routed, BRIDGE))
        assert ("a", "link") in watcher.events(5)
