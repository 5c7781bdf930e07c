"""What a lab looks like while it is resolved: nodes and segments that still fill up."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from ipaddress import IPv4Address

import msgspec

from nlan.model import Interface, Limits, ServiceModel
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.schema.syntax.report import Position
from nlan.schema.written.sections import Record
from nlan.services.ptn.model import L2Vpn, PtnNetwork, VpnHost
from nlan.services.router.model import Router
from nlan.services.vhosts.model import VhostLan

CONNECTED = ("connected",)
"""What routers announce besides, unless a file says otherwise."""


class Positions:
    """Where each part of the lab is written; what was derived falls back to what it came from."""

    def __init__(self) -> None:
        """Start empty."""
        self._positions: dict[tuple[Hashable, ...], Position] = {}

    def put(self, position: Position, *key: Hashable) -> None:
        """Record where the part `key` stands; the first wins, the second is it `again`."""
        if self._positions.setdefault(key, position) is not position:
            self._positions.setdefault((*key, "again"), position)

    def has(self, *key: Hashable) -> bool:
        """Tell whether this very part is written."""
        return key in self._positions

    def find(self, *key: Hashable) -> Position:
        """Return the position of the part, else of the nearest whole it belongs to."""
        while key:
            if (position := self._positions.get(key)) is not None:
                return position
            key = key[:-1]
        return Position()


class End(msgspec.Struct, eq=False):
    """A node's interface on a segment."""

    node: NodeDraft
    interface: str
    at: Position
    written: Record
    addresses: list[IpInterface] = []
    cost: int | None = None
    passive: bool = False
    hosts: list[VpnHost] = []

    def address(self, version: int) -> IpAddress | None:
        """Return the first address of the family, without prefix length, or None."""
        return next((value.ip for value in self.addresses if value.version == version), None)


class Segment(msgspec.Struct, eq=False):
    """What several nodes share: a link, a LAN, an L2VPN."""

    name: str
    kind: str
    at: Position
    written: Record
    mtu: int
    ends: list[End] = []
    prefixes: tuple[IpNetwork, ...] = ()
    ospf: bool | IPv4Address | None = None
    bgp: bool = True
    cost: int | None = None
    vni: int = 0

    def gateways(self, own: End, prefixes: Sequence[IpNetwork]) -> tuple[IpAddress, ...]:
        """Return the default routes of hosts: by their node if it routes here, else by the first to."""
        routers = [end for end in (own, *self.ends) if end.node.is_router]
        found = []
        for prefix in prefixes:
            hops = (end.address(prefix.version) for end in routers)
            found += [hop for hop in hops if hop is not None][:1]
        return tuple(found)


class NodeDraft(msgspec.Struct, eq=False):
    """A node on its way to the model."""

    name: str
    written: Record
    at: Position
    is_router: bool = False
    underlay: IpInterface | None = None
    attached: bool = False
    asn: int | None = None
    reflector: bool = False
    ospf_area: IPv4Address | None = None
    interfaces: list[Interface] = []
    ptn: list[PtnNetwork] = []
    vhosts: list[VhostLan] = []
    loopbacks: list[IpInterface] = []
    ends: list[tuple[Segment, End]] = []
    router: Router | None = None
    gateway: tuple[IpAddress, ...] = ()
    limits: Limits | None = None
    services: list[ServiceModel] = []


def vpns_of(node: NodeDraft) -> list[L2Vpn]:
    """Return all L2VPNs of a node."""
    return [vpn for network in node.ptn for vpn in network.l2vpns]
