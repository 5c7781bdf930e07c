"""Host LANs as they are written, in the short form and in the full one, and as messages call them."""

from __future__ import annotations

from nlan.model.codec import IpInterface
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import Interface
from nlan.schema.written.common import (
    HOSTS,
    MTU,
    NAME,
    Addresses,
)
from nlan.schema.written.kinds import Kind, ListOf, MapOf, Shapes
from nlan.schema.written.sections import Contribution, Key, Record, Section, keys_of
from nlan.services.vhosts.model import VhostLan

GATEWAYS: Kind[IpInterface | Addresses] = Shapes(
    "an address with its prefix length such as `192.0.2.1/24`, or one of each family",
    scalar=Interface(),
    seq=ListOf(Interface()),
)


class HostLanKeys:
    """The keys of a host LAN."""

    network = Key(
        "network",
        GATEWAYS,
        "The node's own address there, the hosts' default route; a list gives them IPv4 and IPv6.",
        default="from the pool `lans`",
    )
    vhosts = Key("vhosts", HOSTS, "How many hosts; they take the next addresses.", default="1")
    mtu = Key("mtu", MTU, "In bytes.", default="the lab's `mtu`")
    name = Key("name", NAME, "What its allocation is recorded under.", default="`lan1`, `lan2`, …")


VHOST_LAN = Section("a host LAN", "A LAN behind the node with hosts on it.", keys_of(HostLanKeys))


class VhostsKeys:
    """The keys of Vhosts."""

    vhost_props = Key("vhost_props", ListOf(VHOST_LAN), "The host LANs.")


VHOSTS = Section("Vhosts", "Virtual hosts behind the node.", keys_of(VhostsKeys))


_LANS: Kind[int | Record] = Shapes("a number of hosts or a host LAN", scalar=HOSTS, map=VHOST_LAN)
HostLans = int | list[Written[int | Record]] | list[tuple[Written[IpInterface], int]]
HOSTS_ANY: Kind[HostLans] = Shapes(
    "a number of hosts, host LANs, or a mapping from gateway address to number",
    scalar=HOSTS,
    seq=ListOf(_LANS, single=False),
    map=MapOf(Interface(), HOSTS),
)


class NodeKeys:
    """What a node may say."""

    hosts = Key(
        "hosts", HOSTS_ANY, "Hosts behind it: a number, or `{172.21.1.1/24: 2}`, or a list of host LANs."
    )
    mtu = Key("mtu", MTU, "Bytes of its host LANs.", default="the lab's `mtu`")
    vhosts = Key("vhosts", VHOSTS, "Service: virtual hosts.")


CONTRIBUTION = Contribution(
    {"a node": keys_of(NodeKeys)},
    [VHOST_LAN, VHOSTS],
    titles={VhostLan: "a host LAN"},
    fields={(VhostLan, "mtu"): MTU},
    routing={"a node": (NodeKeys.hosts, NodeKeys.vhosts)},
    pages={"Vhosts: hosts behind a node": "services/vhosts.md"},
)
