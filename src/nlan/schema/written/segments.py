"""Links, networks and their ends; the pools that they are numbered from."""

from __future__ import annotations

from nlan.model.codec import IpNetwork
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import SegmentPrefix
from nlan.schema.written.common import (
    ADDRESSES,
    COST,
    HOSTS,
    IFNAME,
    MTU,
    NODES,
    OSPF_HERE,
    VID,
    VNI,
    Addresses,
)
from nlan.schema.written.kinds import Kind, ListOf, MapOf, Shapes
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import (
    Bool,
    Choice,
    Names,
)
from nlan.schema.written.sections import Key, Record, Section, keys_of


class PoolKeys:
    """The keys of a pool."""

    ipv4 = Key("ipv4", SegmentPrefix(), "The IPv4 prefix.")
    ipv6 = Key("ipv6", SegmentPrefix(), "The IPv6 prefix.")
    ipv4_length = Key("ipv4_length", Integer(8, 32, "prefix length"), "Prefix length of each piece.")
    ipv6_length = Key("ipv6_length", Integer(16, 128, "prefix length"), "Prefix length of each piece.")


POOL = Section("a pool", "Where addresses are allocated from.", keys_of(PoolKeys))


Prefixes = list[Written[IpNetwork]] | Record
"""Of a pool: prefixes, or a mapping with those of each family."""
POOL_ANY: Kind[Prefixes] = Shapes(
    "a prefix, two prefixes or a mapping",
    scalar=ListOf(SegmentPrefix()),
    seq=ListOf(SegmentPrefix()),
    map=POOL,
)


class PoolsKeys:
    """The keys of pools."""

    underlay = Key("underlay", POOL_ANY, "Tunnel ends, one address a node.", default="`10.10.10.0/24`")
    loopbacks = Key("loopbacks", POOL_ANY, "One address a router.", default="`10.0.0.0/16`, `2001:db8::/48`")
    links = Key(
        "links", POOL_ANY, "One piece a link.", default="`10.1.0.0/16` in /30, `2001:db8:1::/48` in /64"
    )
    networks = Key(
        "networks",
        POOL_ANY,
        "One piece a network.",
        default="`10.200.0.0/16` in /24, `2001:db8:2::/48` in /64",
    )
    lans = Key(
        "lans",
        POOL_ANY,
        "One piece a host LAN.",
        default="`172.21.0.0/16` in /24, `2001:db8:3::/48` in /64",
    )


POOLS = Section(
    "pools", "Address pools. A name takes the lowest free piece and keeps it.", keys_of(PoolsKeys)
)


class EndKeys:
    """The keys of an end."""

    address = Key("address", ADDRESSES, "Its addresses.", default="from the segment's prefix")
    interface = Key("interface", IFNAME, "Its interface's name.", default="`eth1`, `eth2`, … by link, kept")
    cost = Key("cost", COST, "OSPF cost.", default="the segment's")
    passive = Key("passive", Bool(), "Announced by OSPF, not spoken on.", default="`false`")
    hosts = Key("hosts", HOSTS, "How many hosts are behind this node on an L2VPN.", default="0")


END = Section("an end", "One end of a link or network.", keys_of(EndKeys))


END_ANY: Kind[Addresses | Record] = Shapes("addresses or a mapping", scalar=ADDRESSES, seq=ADDRESSES, map=END)


class SegmentKeys:
    """What links and networks have in common."""

    prefix = Key("prefix", ListOf(SegmentPrefix()), "Its prefixes, one a family.", default="from the pool")
    mtu = Key("mtu", MTU, "In bytes.", default="the lab's `mtu`")
    ospf = Key(
        "ospf",
        OSPF_HERE,
        "Run OSPF here, in this area.",
        default="where both ends run OSPF and are not of two ASes",
    )
    cost = Key("cost", COST, "OSPF cost.", default="the daemon's")
    bgp = Key("bgp", Bool(), "Derive BGP sessions here.", default="`true`")
    addresses = Key("addresses", Bool(), "`false`: layer 2 only, for the nodes.", default="`true`")


class LinkKeys:
    """The keys of a link."""

    nodes = Key("nodes", NODES, "The two ends.")
    link = Key("link", Names("a link such as `a -- b`", Names.LINK), "As in the one-line spelling.")
    line = Key("line", NODES, "Each to the next.")
    ring = Key("ring", NODES, "Each to the next, the last to the first.")
    mesh = Key("mesh", NODES, "Each to each.")
    type = Key("type", Choice("veth", "l2vpn"), "`l2vpn`: over VXLAN.", default="`veth`")
    vni = Key("vni", VNI, "VXLAN network identifier, of a single link.", default="allocated by name")
    ends = Key("ends", MapOf(Names("a node's name"), END_ANY), "What is special at an end.")


LINK = Section(
    "a link",
    "Links with options. Say who is linked by one of `nodes`, `link`, `line`, `ring`, `mesh`.",
    keys_of(LinkKeys, SegmentKeys),
)


Members = list[Written[str]] | list[tuple[Written[str], Addresses | Record]]
_MEMBERS: Kind[Members] = Shapes("nodes", scalar=NODES, seq=NODES, map=MapOf(Names("a node's name"), END_ANY))


class NetworkKeys:
    """The keys of a network."""

    type = Key("type", Choice("l2vpn", "lan"), "`l2vpn`: over VXLAN; `lan`: a bridge.", default="`l2vpn`")
    nodes = Key(
        "nodes",
        _MEMBERS,
        "Its members.",
        required=True,
    )
    vni = Key("vni", VNI, "VXLAN network identifier.", default="allocated by name")
    vid = Key("vid", VID, "VLAN ID; read and kept.")


NETWORK = Section("a network", "A segment of many nodes.", keys_of(NetworkKeys, SegmentKeys))
