"""What every kind of resource must do on both sides, as data: a resource, its ground, its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import msgspec

from nlan.resources import (
    Address,
    Bridge,
    Cgroup,
    FdbEntry,
    HostsFile,
    Namespace,
    Resource,
    Route,
    Sysctl,
    Veth,
    Vxlan,
)


def with_(resource: Resource, **fields: Any) -> Any:
    """Return the resource with other values."""
    return msgspec.structs.replace(resource, **fields)


BRIDGE = Bridge(namespace="a", name="br", mac="02:00:5e:00:53:01", mtu=1500)
BRIDGE2 = Bridge(namespace="a", name="br2", mac="02:00:5e:00:53:02", mtu=1500)
FABRIC = Bridge(namespace="@fabric", name="underlay", mac="02:00:5e:00:53:03", mtu=9000)
PAIR = Veth(
    namespace="a",
    name="eth1",
    peer_namespace="b",
    peer_name="eth2",
    mac="02:00:5e:00:53:11",
    peer_mac="02:00:5e:00:53:12",
    mtu=1500,
)
UPLINK = Veth(
    namespace="a",
    name="eth0",
    peer_namespace="@fabric",
    peer_name="u1",
    mac="02:00:5e:00:53:21",
    peer_mac="02:00:5e:00:53:22",
    mtu=9000,
    peer_master="underlay",
)
VXLAN = Vxlan(
    namespace="a",
    name="vxlan7",
    vni=7,
    local=ip_address("192.0.2.1"),
    master="br",
    mtu=1500,
    mac="02:00:5e:00:53:41",
)
VXLAN6 = with_(VXLAN, local=ip_address("2001:db8::1"))
ENTRY = FdbEntry(namespace="a", device="vxlan7", remote=ip_address("192.0.2.2"))
ADDRESS = Address(namespace="a", interface="br", address=ip_interface("192.0.2.1/24"))
ADDRESS6 = Address(namespace="a", interface="br", address=ip_interface("2001:db8::1/64"))
OTHER = Address(namespace="a", interface="br2", address=ip_interface("198.51.100.1/24"))
ROUTE = Route(
    namespace="a", prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.254"), interface="br"
)
ROUTE6 = Route(namespace="a", prefix=ip_network("::/0"), via=ip_address("2001:db8::fe"), interface="br")
SWITCH = Sysctl(namespace="a", name="net/ipv4/ip_forward", value="1")
HOSTS = HostsFile(text="192.0.2.1 pe1\n")
LIMITS = Cgroup(namespace="a", cpus=0.3, pids=17)
NAMESPACE = Namespace(name="n")


@dataclass(frozen=True)
class Case:
    """A resource of one kind.

    Attributes:
        resource: The subject.
        ground: What must be there before, in order.
        changes: Fields that are changed in place, one set after the other.
        replacement: Fields of one that has to be made again.
        lasts: Deleting it does nothing.
    """

    resource: Resource
    ground: tuple[Resource, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()
    replacement: Mapping[str, Any] = field(default_factory=dict)
    lasts: bool = False

    @property
    def kind(self) -> str:
        return self.resource.kind

    def elsewhere(self) -> Resource:
        """Return the same in a namespace that does not exist."""
        return with_(self.resource, namespace="gone")


CASES = {
    "namespace": Case(NAMESPACE),
    "hosts": Case(HOSTS, changes=({"text": "192.0.2.1 pe1\n192.0.2.2 pe2\n"}, {"text": ""})),
    "cgroup": Case(LIMITS, changes=({"pids": 18}, {"cpus": 1.5}, {"cpus": 0.333333})),
    "sysctl": Case(SWITCH, changes=({"value": "0"}, {"value": "1"}), lasts=True),
    "bridge": Case(
        BRIDGE,
        changes=({"mtu": 1400}, {"mac": "02:00:5e:00:53:09"}, {"up": False}, {"up": True, "mtu": 65535}),
    ),
    "veth": Case(
        PAIR,
        ground=(BRIDGE, FABRIC),
        changes=(
            {"mtu": 1400},
            {"master": "br"},
            {"mac": "02:00:5e:00:53:31", "peer_mac": "02:00:5e:00:53:32"},
            {"up": False},
            {"peer_up": False},
        ),
        replacement={"peer_namespace": "c"},
    ),
    "uplink": Case(
        UPLINK,
        ground=(BRIDGE, FABRIC),
        changes=({"peer_master": ""}, {"master": "br"}, {"mtu": 1280, "peer_up": False}),
        replacement={"peer_name": "u2"},
    ),
    "vxlan": Case(
        VXLAN,
        ground=(BRIDGE, BRIDGE2),
        changes=(
            {"local": ip_address("192.0.2.9")},
            {"mtu": 1400},
            {"master": "br2"},
            {"master": ""},
            {"mac": "02:00:5e:00:53:42", "up": False},
            {"local": ip_address("2001:db8::1")},
        ),
        replacement={"vni": 8},
    ),
    "vxlan6": Case(VXLAN6, ground=(BRIDGE,), replacement={"port": 4790}),
    "fdb": Case(ENTRY, ground=(BRIDGE, VXLAN)),
    "fdb6": Case(with_(ENTRY, remote=ip_address("2001:db8::2")), ground=(BRIDGE, VXLAN6)),
    "address": Case(ADDRESS, ground=(BRIDGE,)),
    "address6": Case(ADDRESS6, ground=(BRIDGE,)),
    "loopback": Case(with_(ADDRESS, interface="lo", address=ip_interface("198.51.100.1/32"))),
    "loopback6": Case(with_(ADDRESS6, interface="lo", address=ip_interface("2001:db8:1::1/128"))),
    "route": Case(
        ROUTE,
        ground=(BRIDGE, BRIDGE2, ADDRESS, OTHER),
        changes=(
            {"via": ip_address("192.0.2.253")},
            {"via": ip_address("198.51.100.9"), "interface": "br2"},
        ),
    ),
    "route6": Case(ROUTE6, ground=(BRIDGE, ADDRESS6), changes=({"via": ip_address("2001:db8::fd")},)),
}
"""By a name for the test's."""
