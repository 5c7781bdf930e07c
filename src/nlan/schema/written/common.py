"""Kinds of values that several keys have."""

from __future__ import annotations

from nlan.model.codec import IpAddress, IpInterface
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import Address, Interface
from nlan.schema.written.kinds import ListOf, ScalarKind
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import (
    AnyScalar,
    Name,
    Names,
    Setting,
    Text,
    Words,
)
from nlan.values import IFNAMSIZ, MTU_MAX, NAME_MAX, VID_MAX, VNI_MAX

VNI = Integer(1, VNI_MAX, "VNI", "RFC 7348")
VID = Integer(1, VID_MAX, "VLAN ID", "IEEE 802.1Q")
MTU = Integer(68, MTU_MAX, "MTU")
HOSTS = Integer(0, 65534, "number of hosts")
NAME = Name(NAME_MAX)
UNDERLAY = Interface(bare=True)
NODES = ListOf(Names("node names, or ranges of them such as `pe[1-4]`"))
IFNAME = Text(f"an interface name of at most {IFNAMSIZ} characters", "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
Addresses = list[Written[IpInterface]]
ADDRESSES = ListOf(Interface())
Hop = IpAddress | str
"""A next hop: an address, or a node's name."""
HOP: ScalarKind[Hop] = AnyScalar("an address or a node's name", Address(), NAME)
SYSCTL = Setting()
SYSCTL_VALUE = Words("a setting's value")
