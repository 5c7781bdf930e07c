"""What the kernel refuses, in its words: the fake one's and Linux's, which may be silent where it is old."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, NamedTuple

import pytest

from contract.sides import Fake, Side
from netns.support import create, observe, succeeded, update
from nlan.errors import ApplyError, NlanError
from nlan.kinds.base import Driver
from nlan.kinds.sysctl import Sysctl
from nlan.resources import Resource
from samples import ADDRESS, ADDRESS6, BRIDGE, BRIDGE2, ENTRY, PAIR, ROUTE, ROUTE6, VXLAN, VXLAN6, with_

ADDRESSED = (BRIDGE, ADDRESS, ADDRESS6)
THERE_IS = "{}, and nlan did not make it; remove or rename it"


class Refused(NamedTuple):
    """A resource that the kernel refuses where `ground` is, and its words."""

    resource: Resource
    words: str
    ground: tuple[Resource, ...] = ()


def routed(prefix: str, via: str, interface: str | None = "br") -> Any:
    version = ip_network(prefix).version
    base = ROUTE if version == 4 else ROUTE6
    return with_(base, prefix=ip_network(prefix), via=ip_address(via), interface=interface)


def addressed(interface: str) -> Any:
    return with_(ADDRESS6, address=ip_interface(interface))


CREATED = {
    "bridge-mtu-small": Refused(with_(BRIDGE, mtu=60), "Invalid argument (mtu less than device minimum)"),
    "bridge-mtu-large": Refused(
        with_(BRIDGE, mtu=65536), "Invalid argument (mtu greater than device maximum)"
    ),
    "bridge-mac": Refused(with_(BRIDGE, mac="01:00:5e:00:00:01"), "Cannot assign requested address"),
    "bridge-name-long": Refused(
        with_(BRIDGE, name="b" * 16), "Numerical result out of range (Attribute failed policy validation)"
    ),
    "bridge-name-slash": Refused(with_(BRIDGE, name="a/b"), "Invalid argument"),
    "veth-mtu": Refused(with_(PAIR, mtu=67), "Invalid argument"),
    "veth-mac": Refused(with_(PAIR, mac="00:00:00:00:00:00"), "Cannot assign requested address"),
    "veth-peer-mac": Refused(with_(PAIR, peer_mac="01:00:5e:00:00:01"), "Cannot assign requested address"),
    "veth-peer-name-long": Refused(
        with_(PAIR, peer_name="p" * 16), "Numerical result out of range (Attribute failed policy validation)"
    ),
    "veth-peer-name-taken": Refused(
        with_(PAIR, peer_namespace="a", peer_name="br"), THERE_IS.format("File exists"), (BRIDGE,)
    ),
    "veth-same-name": Refused(
        with_(PAIR, peer_namespace="a", peer_name="eth1"), THERE_IS.format("File exists")
    ),
    "veth-name-taken": Refused(with_(PAIR, name="br"), THERE_IS.format("File exists"), (BRIDGE,)),
    "veth-no-bridge": Refused(with_(PAIR, master="eth9"), "there is no interface eth9"),
    "veth-port-of-no-bridge": Refused(with_(PAIR, master="lo"), "Operation not supported"),
    "veth-peer-namespace": Refused(
        with_(PAIR, peer_namespace="gone"),
        "gone: its namespace cannot be opened: No such file or directory",
    ),
    "vxlan-vni": Refused(
        with_(VXLAN, vni=2**24),
        "Numerical result out of range (VXLAN ID must be lower than 16777216)",
        (BRIDGE,),
    ),
    "vxlan-mtu": Refused(
        with_(VXLAN, mtu=67), "Invalid argument (MTU must be between 68 and 65535)", (BRIDGE,)
    ),
    "vxlan-local": Refused(
        with_(VXLAN, local=ip_address("239.1.1.1")),
        "Invalid argument (Local address cannot be multicast)",
        (BRIDGE,),
    ),
    "vxlan-mac": Refused(
        with_(VXLAN, mac="01:00:5e:00:00:01"),
        "Cannot assign requested address (Provided Ethernet address is not unicast)",
        (BRIDGE,),
    ),
    "vxlan-vni-taken": Refused(
        with_(VXLAN, name="vxlan8"),
        THERE_IS.format("File exists (A VXLAN device with the specified VNI already exists)"),
        (BRIDGE, VXLAN),
    ),
    "fdb-no-device": Refused(ENTRY, "there is no interface vxlan7"),
    "fdb-no-vxlan": Refused(with_(ENTRY, device="br"), "Invalid argument", (BRIDGE,)),
    "fdb-other-ip-version": Refused(
        with_(ENTRY, remote=ip_address("2001:db8::2")),
        "Address family not supported by protocol",
        (BRIDGE, VXLAN),
    ),
    "fdb6-other-ip-version": Refused(ENTRY, "Address family not supported by protocol", (BRIDGE, VXLAN6)),
    "address-no-link": Refused(ADDRESS, "there is no interface br"),
    "address6-narrow": Refused(ADDRESS6, "Invalid argument", (with_(BRIDGE, mtu=1279),)),
    "address6-multicast": Refused(
        addressed("ff02::7/64"),
        "Cannot assign requested address "
        '(ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag)',
        (BRIDGE,),
    ),
    "address6-loopback": Refused(
        addressed("::1/128"),
        "Cannot assign requested address (ipv6: Cannot assign loopback address on this device)",
        (BRIDGE,),
    ),
    "route-no-link": Refused(ROUTE, "there is no interface br"),
    "route-far": Refused(
        routed("203.0.113.0/24", "198.51.100.9"),
        "Network is unreachable (Nexthop has invalid gateway)",
        ADDRESSED,
    ),
    "route-far-anywhere": Refused(
        routed("203.0.113.0/24", "198.51.100.9", None),
        "Network is unreachable (Nexthop has invalid gateway)",
        ADDRESSED,
    ),
    "route-wrong-link": Refused(
        routed("203.0.113.0/24", "192.0.2.254", "br2"),
        "Network is unreachable (Nexthop has invalid gateway)",
        (*ADDRESSED, BRIDGE2),
    ),
    "route-broadcast": Refused(
        routed("203.0.113.0/24", "192.0.2.255"), "Invalid argument (Nexthop has invalid gateway)", ADDRESSED
    ),
    "route-through-a-route": Refused(
        routed("203.0.113.0/24", "198.51.100.9"),
        "Network is unreachable (Nexthop has invalid gateway)",
        (*ADDRESSED, routed("0.0.0.0/0", "192.0.2.254")),
    ),
    "route-subnet": Refused(routed("192.0.2.0/24", "192.0.2.254"), THERE_IS.format("File exists"), ADDRESSED),
    "route-link-down": Refused(
        ROUTE, "Network is unreachable (Nexthop has invalid gateway)", (with_(BRIDGE, up=False), ADDRESS)
    ),
    "route6-far": Refused(routed("::/0", "2001:db8:9::1"), "No route to host", ADDRESSED),
    "route6-far-anywhere": Refused(routed("::/0", "2001:db8:9::1", None), "No route to host", ADDRESSED),
    "route6-through-a-route": Refused(
        routed("2001:db8:7::/48", "2001:db8:9::1"), "No route to host", (*ADDRESSED, ROUTE6)
    ),
    "route6-own": Refused(
        routed("::/0", "2001:db8::1"), "Invalid argument (Gateway can not be a local address)", ADDRESSED
    ),
    "route6-link-local-anywhere": Refused(
        routed("::/0", "fe80::9", None), "Invalid argument (Egress device not specified)", ADDRESSED
    ),
    "route6-link-down": Refused(
        routed("::/0", "fe80::9"),
        "Network is down (Nexthop device is not up)",
        (with_(BRIDGE, up=False), ADDRESS),
    ),
    "sysctl-missing": Refused(
        Sysctl(namespace="a", name="net/ipv4/no_such_switch", value="1"),
        "No such file or directory (/proc/sys/net/ipv4/no_such_switch)",
    ),
    "sysctl-no-number": Refused(
        Sysctl(namespace="a", name="net/ipv4/ip_forward", value="many"),
        "Invalid argument (/proc/sys/net/ipv4/ip_forward)",
    ),
    "sysctl-out-of-range": Refused(
        Sysctl(namespace="a", name="net/ipv4/fib_multipath_hash_policy", value="9"),
        "Invalid argument (/proc/sys/net/ipv4/fib_multipath_hash_policy)",
    ),
}

CHANGED = {
    "bridge-mtu-small": Refused(with_(BRIDGE, mtu=67), "Invalid argument (mtu less than device minimum)"),
    "bridge-mac": Refused(with_(BRIDGE, mac="01:00:5e:00:00:01"), "Cannot assign requested address"),
    "veth-mtu-large": Refused(with_(PAIR, mtu=65536), "Invalid argument (mtu greater than device maximum)"),
    "veth-no-bridge": Refused(with_(PAIR, master="eth9"), "there is no interface eth9"),
    "veth-port-of-no-bridge": Refused(with_(PAIR, master="lo"), "Operation not supported"),
    "vxlan-mtu": Refused(with_(VXLAN, mtu=65536), "Invalid argument (mtu greater than device maximum)"),
    "vxlan-local": Refused(
        with_(VXLAN, local=ip_address("239.1.1.1")), "Invalid argument (Local address cannot be multicast)"
    ),
    "route-far": Refused(
        with_(ROUTE, via=ip_address("10.9.9.9")), "Network is unreachable (Nexthop has invalid gateway)"
    ),
}


def made(side: Side, *resources: Resource) -> None:
    for resource in resources:
        assert succeeded(create(side.driver(resource.kind, {}), resource))


def said(side: Side, failure: NlanError | None, expected: str) -> bool:
    """Check an error's text; Linux may be too old to say more than its number means."""
    alternatives = {expected}
    if not isinstance(side, Fake):
        alternatives.add(re.sub(r" \([^)]*\)", "", expected))
    assert str(failure) in alternatives
    return True


@pytest.mark.parametrize("name", CREATED)
def test_refuses_to_make(side: Side, name: str) -> None:
    resource, words, ground = CREATED[name]
    made(side, *ground)
    driver = side.driver(resource.kind, {})
    before, seen = side.looks(["a", "b"]), observe(driver)
    (failure,) = create(driver, resource)
    assert said(side, failure, f"a: create {resource.key}: {words}")
    assert (side.looks(["a", "b"]), observe(driver)) == (before, seen), "a refused thing is there in part"


@pytest.mark.parametrize("name", CHANGED)
def test_refuses_to_change(side: Side, name: str) -> None:
    wanted, words, _ = CHANGED[name]
    ground = (BRIDGE, ADDRESS, PAIR, VXLAN, ROUTE)
    made(side, *ground)
    driver: Driver = side.driver(wanted.kind, {})
    observed = next(resource for resource in ground if resource.key == wanted.key)
    (failure,) = update(driver, wanted, observed)
    assert isinstance(failure, ApplyError)
    assert said(side, failure, f"a: update {wanted.key}: {words}")
    assert observe(driver)[wanted.key] == observed


def test_failures_stand_where_their_operations_stood(side: Side) -> None:
    made(side, BRIDGE, ADDRESS)
    driver = side.driver("route", {})
    routes = [routed(f"203.0.113.{n}/32", "192.0.2.254" if n % 3 else "10.9.9.9") for n in range(9)]
    outcomes = create(driver, *routes)
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [0, 3, 6]
    assert sum(key.kind == "route" for key in observe(driver)) == 6
