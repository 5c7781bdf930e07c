"""What a node holds of NAT."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import ClassVar, Literal

from nlan.model.codec import Base
from nlan.model.service import ServiceModel


class Forward(Base, frozen=True, kw_only=True):
    """A port of the node's outer address that leads to a host inside.

    Attributes:
        protocol: Of what is forwarded.
        port: The outer port.
        to: The host inside.
        to_port: The port there.
    """

    protocol: Literal["tcp", "udp"] = "tcp"
    port: int
    to: IPv4Address
    to_port: int


class Nat(ServiceModel, frozen=True, kw_only=True):
    """The translations of a node.

    Attributes:
        out: The interfaces to the outside: what leaves by them bears the node's address.
        forwards: Ports that are forwarded, in the order of the file.
    """

    key: ClassVar[str] = "nat"
    out: tuple[str, ...] = ()
    forwards: tuple[Forward, ...] = ()
