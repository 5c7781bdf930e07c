"""What every kind of resource must do on both sides, as data: a resource, its ground, its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Any

from nlan.kinds.nft import Chain
from nlan.kinds.program import File
from nlan.resources import Resource
from samples import (
    ADDRESS,
    ADDRESS6,
    BRIDGE,
    BRIDGE2,
    ENTRY,
    FABRIC,
    GRE,
    GRETAP,
    HOSTS,
    LIMITS,
    NAMESPACE,
    OTHER,
    PAIR,
    PROGRAM,
    QUEUE,
    ROUTE,
    ROUTE6,
    SWITCH,
    TABLE,
    UPLINK,
    VLAN,
    VXLAN,
    VXLAN6,
    with_,
)


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
    "program": Case(
        PROGRAM,
        changes=(
            {"files": (File(name="nap.conf", text="sound = no\n"),)},
            {"files": ()},
            {"argv": ("sleep", "1001")},
        ),
    ),
    "bridge": Case(
        BRIDGE,
        changes=({"mtu": 1400}, {"mac": "02:00:5e:00:53:09"}, {"up": False}, {"up": True, "mtu": 65535}),
    ),
    "nft": Case(
        TABLE,
        changes=(
            {"sets": (), "chains": (Chain("output", ("ip saddr 192.0.2.1 drop",), hook="output"),)},
            {"chains": TABLE.chains[:1], "sets": TABLE.sets},
            {"chains": ()},
        ),
    ),
    "queue": Case(QUEUE, ground=(BRIDGE,), changes=({"rate": 20_000_000}, {"rate": 64_000})),
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
    "gre": Case(
        GRE,
        changes=({"mtu": 1400}, {"remote": ip_address("192.0.2.3"), "ttl": 7}, {"up": False}),
        replacement={"tunnel_key": 8},
    ),
    "gretap": Case(GRETAP, changes=({"mac": "02:00:5e:00:53:59"}, {"local": ip_address("192.0.2.9")})),
    "gre6": Case(
        with_(GRE, type="ip6gre", local=ip_address("2001:db8::1"), remote=ip_address("2001:db8::2")),
        changes=({"remote": ip_address("2001:db8::3")},),
    ),
    "ipip": Case(
        with_(GRE, type="ipip", tunnel_key=None), changes=({"remote": ip_address("192.0.2.3")}, {"ttl": 0})
    ),
    "sit": Case(with_(GRE, type="sit", tunnel_key=None), changes=({"local": ip_address("192.0.2.3")},)),
    "ip6tnl": Case(
        with_(
            GRE,
            type="ip6tnl",
            tunnel_key=None,
            local=ip_address("2001:db8::1"),
            remote=ip_address("2001:db8::2"),
        ),
        changes=({"remote": ip_address("2001:db8::3"), "mtu": 1300},),
    ),
    "vlan": Case(VLAN, ground=(BRIDGE,), changes=({"mtu": 1400},), replacement={"vid": 6}),
    "dummy": Case(with_(VLAN, name="d0", type="dummy", parent=None, vid=None), changes=({"mtu": 9000},)),
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
