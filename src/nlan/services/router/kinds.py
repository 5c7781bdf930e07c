"""Kinds of values that several keys of routing have."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Literal

from nlan.schema.written.addresses import Ipv4, RouterId
from nlan.schema.written.kinds import ListOf, ScalarKind
from nlan.schema.written.numbers import Asn, HoldTime, Integer
from nlan.schema.written.scalars import AnyScalar, Bool, Choice, Line, Password
from nlan.values import ASN_MAX

ASN = Asn(1, ASN_MAX, "AS number", "RFC 6793")
COST = Integer(1, 65535, "OSPF cost", "RFC 2328")
KEEPALIVE = Integer(0, 65535, "number of seconds")
HOLD_TIME = HoldTime()
PATHS = Integer(1, 64, "number of paths")
AREA = Ipv4("an OSPF area such as `0` or `0.0.0.0`", decimal=True)
ROUTER_ID = RouterId()
PASSWORD = Password(longest=80)
SOURCE = Line("an address or interface", word=True)
DESCRIPTION = Line("a text")
BgpSource = Literal["connected", "static", "ospf", "kernel"]
_BGP_SOURCE: Choice[BgpSource]
_BGP_SOURCE = Choice("connected", "static", "ospf", "kernel")
_OSPF_SOURCE: Choice[Literal["connected", "static", "bgp", "kernel"]]
_OSPF_SOURCE = Choice("connected", "static", "bgp", "kernel")
_FAMILY: Choice[Literal["ipv4", "ipv6"]] = Choice("ipv4", "ipv6")
BGP_SOURCES = ListOf(_BGP_SOURCE)
OSPF_SOURCES = ListOf(_OSPF_SOURCE)
FAMILIES = ListOf(_FAMILY)
OSPF_HERE: ScalarKind[bool | IPv4Address] = AnyScalar("`true`, `false` or an OSPF area", Bool(), AREA)
