"""The pools that addresses are allocated from."""

from __future__ import annotations

from nlan.model.codec import IpNetwork
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import SegmentPrefix
from nlan.schema.written.kinds import Kind, ListOf, Shapes
from nlan.schema.written.numbers import Integer
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
