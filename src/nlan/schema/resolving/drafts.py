"""What a lab looks like while it is resolved: nodes and segments that still fill up."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import msgspec

from nlan.model import Interface
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.schema.syntax.report import Position
from nlan.schema.written.sections import Record

K = TypeVar("K")


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

    def interfaces(self) -> dict[str, int]:
        """Return the lines of the nodes' interfaces, as ``NODE.INTERFACE``."""
        return {
            f"{key[1]}.{key[3]}": position.line
            for key, position in self._positions.items()
            if len(key) == 4 and key[2] == "interface"
        }

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

    def gateways(self, own: End, prefixes: Sequence[IpNetwork]) -> tuple[IpAddress, ...]:
        """Return the default routes of hosts: by their node if it routes here, else by the first to."""
        routers = [end for end in (own, *self.ends) if end.node.is_router]
        found = []
        for prefix in prefixes:
            hops = (end.address(prefix.version) for end in routers)
            found += [hop for hop in hops if hop is not None][:1]
        return tuple(found)


class NodeDraft(msgspec.Struct, eq=False):
    """A node on its way to the model.

    Attributes:
        name: The node's.
        written: What the file says of it.
        at: Where that stands.
        is_router: Whether it routes.
        underlay: Its address on the underlay.
        attached: Whether it is on the underlay; who needs that says so.
        carries: The largest MTU of its tunnels over the underlay.
        forwards: Whether it forwards packets where nothing is written of that.
        hosts: How many hosts are behind it.
        interfaces: What links and LANs give it.
        stubs: Its interfaces that are on no segment, such as the loopback, by name: their addresses.
        ends: Its segments, each with its own end.
        kept: What services keep of it, by type; see `of`.
    """

    name: str
    written: Record
    at: Position
    is_router: bool = False
    underlay: IpInterface | None = None
    attached: bool = False
    carries: int = 0
    forwards: bool = False
    hosts: int = 0
    interfaces: list[Interface] = []
    stubs: dict[str, list[IpInterface]] = {}
    ends: list[tuple[Segment, End]] = []
    gateway: tuple[IpAddress, ...] = ()
    kept: dict[type, Any] = {}

    def of(self, kind: type[K]) -> K:
        """Return what a service keeps of the node while it is resolved; at first, one made of nothing."""
        if kind not in self.kept:
            self.kept[kind] = kind()
        found: K = self.kept[kind]
        return found
