"""What a node holds of DHCP: pools that it leases addresses of, and interfaces that take a lease."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from typing import ClassVar

import msgspec

from nlan.model.codec import Base
from nlan.model.service import ServiceModel


class Pool(Base, frozen=True, kw_only=True):
    """The addresses that a node leases on one of its interfaces.

    Attributes:
        interface: The interface.
        address: The node's own address there.
        first: The first address of the range.
        last: The last one.
        lease_s: How long a lease lasts, in seconds.
        hosts: Addresses that are kept for a client, by its name or MAC address.
        options: What clients are told besides, by the option's name or number.
    """

    interface: str
    address: IPv4Interface
    first: IPv4Address
    last: IPv4Address
    lease_s: int = 3600
    hosts: dict[str, IPv4Address] = msgspec.field(default_factory=dict)
    options: dict[str, str] = msgspec.field(default_factory=dict)


class Dhcp(ServiceModel, frozen=True, kw_only=True):
    """The DHCP of a node.

    Attributes:
        pools: What it leases, in the order of the file.
        clients: Its interfaces that take their address by DHCP.
    """

    key: ClassVar[str] = "dhcp"
    pools: tuple[Pool, ...] = ()
    clients: tuple[str, ...] = ()
