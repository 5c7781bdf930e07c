"""Kinds of values that several keys have."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Literal

from nlan.model.codec import IpAddress, IpInterface
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import Address, Interface, Ipv4, RouterId
from nlan.schema.written.kinds import ListOf, ScalarKind
from nlan.schema.written.numbers import Asn, HoldTime, Integer
from nlan.schema.written.scalars import (
    AnyScalar,
    Bool,
    Choice,
    Line,
    Name,
    Names,
    Password,
    Setting,
    Text,
    Words,
)
from nlan.values import ASN_MAX, IFNAMSIZ, MTU_MAX, NAME_MAX, VID_MAX, VNI_MAX

VNI = Integer(1, VNI_MAX, "VNI", "RFC 7348")
VID = Integer(1, VID_MAX, "VLAN ID", "IEEE 802.1Q")
ASN = Asn(1, ASN_MAX, "AS number", "RFC 6793")
MTU = Integer(68, MTU_MAX, "MTU")
COST = Integer(1, 65535, "OSPF cost", "RFC 2328")
HOSTS = Integer(0, 65534, "number of hosts")
SECONDS = Integer(1, 65535, "number of seconds")
KEEPALIVE = Integer(0, 65535, "number of seconds")
HOLD_TIME = HoldTime()
PATHS = Integer(1, 64, "number of paths")
NAME = Name(NAME_MAX)
UNDERLAY = Interface(bare=True)
NODES = ListOf(Names("node names, or ranges of them such as `pe[1-4]`"))
IFNAME = Text(f"an interface name of at most {IFNAMSIZ} characters", "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
AREA = Ipv4("an OSPF area such as `0` or `0.0.0.0`", decimal=True)
ROUTER_ID = RouterId()
PASSWORD = Password(longest=80)
SOURCE = Line("an address or interface", word=True)
DESCRIPTION = Line("a text")
Addresses = list[Written[IpInterface]]
ADDRESSES = ListOf(Interface())
BgpSource = Literal["connected", "static", "ospf", "kernel"]
_BGP_SOURCE: Choice[BgpSource]
_BGP_SOURCE = Choice("connected", "static", "ospf", "kernel")
_OSPF_SOURCE: Choice[Literal["connected", "static", "bgp", "kernel"]]
_OSPF_SOURCE = Choice("connected", "static", "bgp", "kernel")
_FAMILY: Choice[Literal["ipv4", "ipv6"]] = Choice("ipv4", "ipv6")
BGP_SOURCES = ListOf(_BGP_SOURCE)
OSPF_SOURCES = ListOf(_OSPF_SOURCE)
FAMILIES = ListOf(_FAMILY)
Hop = IpAddress | str
"""A next hop: an address, or a node's name."""
HOP: ScalarKind[Hop] = AnyScalar("an address or a node's name", Address(), NAME)
OSPF_HERE: ScalarKind[bool | IPv4Address] = AnyScalar("`true`, `false` or an OSPF area", Bool(), AREA)
SYSCTL = Setting()
SYSCTL_VALUE = Words("a setting's value")
