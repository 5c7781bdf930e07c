"""Events of the real kernel, one by one, and all that a namespace shows."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator

import pytest

from netns.support import shell
from nlan.errors import HostError
from nlan.netlink.events import Event, EventWatcher
from nlan.netlink.tables.snapshot import look
from nlan.netlink.watch import Group
from nlan.runtimes.netns.runtime import NetnsRuntime

DEADLINE_S = 10.0


@pytest.fixture
def watcher(place: NetnsRuntime) -> Iterator[EventWatcher]:
    one = EventWatcher(place, names=True)
    one.add("a")
    yield one
    one.close()


def next_event(watcher: EventWatcher, fits: Callable[[Event], bool]) -> Event:
    while select.select([watcher.fileno()], [], [], DEADLINE_S)[0]:
        for event in watcher.events():
            if fits(event):
                return event
    raise AssertionError("no such event")


def test_links_addresses_routes_and_neighbors(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "a", "ip link add br0 type bridge; ip link set br0 up")
    assert not next_event(watcher, lambda e: e.what == "link" and e.text == "up").gone
    shell(place, "a", "ip address add 192.0.2.1/24 dev br0")
    event = next_event(watcher, lambda e: e.what == "address" and e.text == "192.0.2.1/24")
    assert (event.namespace, event.interface, event.gone) == ("a", "br0", False)
    assert next_event(watcher, lambda e: e.what == "route" and e.text == "192.0.2.0/24").interface == "br0"
    shell(place, "a", "ip neighbor add 192.0.2.9 lladdr 00:00:5e:00:53:09 dev br0")
    event = next_event(watcher, lambda e: e.what == "neighbor" and e.text.startswith("192"))
    assert (event.text, event.ours) == ("192.0.2.9 00:00:5e:00:53:09", True), "it is written down for good"
    shell(place, "a", "ip route add 198.51.100.0/24 via 192.0.2.9 proto 110")
    event = next_event(watcher, lambda e: e.what == "route" and "198.51" in e.text)
    assert (event.text, event.ours) == ("198.51.100.0/24 via 192.0.2.9", True)
    shell(place, "a", "ip link del br0")
    assert next_event(watcher, lambda e: e.what == "link" and e.gone).interface == "br0"


@pytest.mark.parametrize(
    ("route", "text"),
    [
        (
            "198.51.100.0/24 nexthop via 192.0.2.9 dev br0 nexthop via 203.0.113.9 dev br1",
            "198.51.100.0/24 via 192.0.2.9 on br0, via 203.0.113.9 on br1",
        ),
        (
            "2001:db8:9::/48 nexthop via 2001:db8::9 dev br0 nexthop via 2001:db8::8 dev br0",
            "2001:db8:9::/48 via 2001:db8::9 on br0, via 2001:db8::8 on br0",
        ),
        (
            "198.51.100.0/24 nexthop via inet6 2001:db8::9 dev br0 nexthop dev br1",
            "198.51.100.0/24 via 2001:db8::9 on br0, on br1",
        ),
    ],
)
def test_a_route_of_many_next_hops_names_each(
    place: NetnsRuntime, watcher: EventWatcher, route: str, text: str
) -> None:
    for n, address in ((0, "192.0.2.1/24"), (1, "203.0.113.1/24")):
        shell(place, "a", f"ip link add br{n} type bridge; ip link set br{n} up")
        shell(place, "a", f"ip address add {address} dev br{n}")
    shell(place, "a", "ip address add 2001:db8::1/64 dev br0 nodad")
    for word in ("add", "del") if ":" not in text else ("add",):  # an IPv6 one goes hop by hop
        shell(place, "a", f"ip route {word} {route}")
        event = next_event(watcher, lambda e: e.what == "route" and e.text.startswith(route.split()[0]))
        assert (event.text, event.interface, event.gone) == (text, "", word == "del")


def test_a_route_to_another_familys_next_hop_names_it(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "a", "ip link add br0 type bridge; ip link set br0 up")
    shell(place, "a", "ip address add 2001:db8::1/64 dev br0 nodad")
    shell(place, "a", "ip route add 198.51.100.0/24 via inet6 2001:db8::9 dev br0")
    event = next_event(watcher, lambda e: e.what == "route" and e.text.startswith("198.51"))
    assert (event.text, event.interface) == ("198.51.100.0/24 via 2001:db8::9", "br0")


def test_a_switch_that_is_told(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "a", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert next_event(watcher, lambda e: e.what == "switch").namespace == "a"


def test_what_was_skipped_is_not_told(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "a", "ip link add old0 type bridge")
    watcher.skip()
    shell(place, "a", "ip link add new0 type bridge")
    first = next_event(watcher, lambda e: e.what == "link")
    assert first.interface == "new0"


def test_a_namespace_that_is_not_listened_to_is_silent(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "b", "ip link add other0 type bridge")
    shell(place, "a", "ip link add mine0 type bridge")
    assert next_event(watcher, lambda e: e.what == "link").interface == "mine0"
    with pytest.raises(HostError):
        watcher.add("absent")


def test_more_than_a_socket_holds_is_told_as_lost(place: NetnsRuntime, watcher: EventWatcher) -> None:
    lines = [f"address {word} 192.0.2.1/32 dev lo" for word in ("add", "del")] * 2000
    shell(place, "a", "ip -batch - <<END\n" + "\n".join(lines) + "\nEND")
    assert next_event(watcher, lambda e: e.what == "lost").namespace == "a"


def test_look_shows_everything(place: NetnsRuntime) -> None:
    shell(
        place,
        "a",
        "ip link add br0 address 00:00:5e:00:53:01 type bridge; ip link set br0 up;"
        "ip address add 192.0.2.1/24 dev br0;"
        "ip neighbor add 192.0.2.9 lladdr 00:00:5e:00:53:09 dev br0;"
        "ip route add 198.51.100.0/24 proto bgp nexthop via 192.0.2.8 nexthop via 192.0.2.9",
    )
    found = look(place, "a")
    assert found["links"]["br0"] == {
        "kind": "bridge",
        "mtu": 1500,
        "mac": "00:00:5e:00:53:01",
        "up": True,
    }
    assert found["addresses"] == {"br0": ["192.0.2.1/24"]}
    assert found["neighbors"] == {"192.0.2.9": {"dev": "br0", "mac": "00:00:5e:00:53:09"}}
    hops = [{"via": "192.0.2.8", "dev": "br0"}, {"via": "192.0.2.9", "dev": "br0"}]
    assert found["routes"]["198.51.100.0/24"] == {"protocol": "bgp", "hops": hops}
    assert found["routes"]["192.0.2.0/24"] == {"protocol": "kernel", "hops": [{"dev": "br0"}]}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("ip rule add pref 100 lookup main", "policy"),
        ("ip -6 rule add pref 100 lookup main", "policy"),
        ("tc qdisc add dev lo root pfifo", "policy"),
        ("ip route del table local local 127.0.0.1", "policy"),
        ("ip route add blackhole 192.0.2.0/24 table 100", "policy"),
        ("ip route add blackhole 192.0.2.0/24", "route"),
        ("echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding", "switch"),
    ],
)
def test_what_somebody_does_to_a_namespace_is_told(
    place: NetnsRuntime, watcher: EventWatcher, command: str, what: str
) -> None:
    shell(place, "a", command)
    assert next_event(watcher, lambda e: e.what == what).namespace == "a"


def test_routes_of_daemons_are_no_business_of_nlans(place: NetnsRuntime, watcher: EventWatcher) -> None:
    shell(place, "a", "ip route add blackhole 192.0.2.0/24 proto ospf")
    assert not next_event(watcher, lambda e: e.what == "route").ours


def test_tells_of_a_group_that_it_knows_nothing_of(place: NetnsRuntime) -> None:
    nexthops = Group("nexthop", (32,), (104, 105))  # RTNLGRP_NEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP
    watcher = EventWatcher(place, ("link", nexthops))
    try:
        watcher.add("a")
        shell(place, "a", "ip nexthop add id 7 blackhole; ip link add x type bridge; ip nexthop del id 7")
        found = [event.what for event in watcher.events()]
    finally:
        watcher.close()
    assert [what for what in found if what == "nexthop"] == ["nexthop", "nexthop"]
    assert "link" in found
