"""Who is connected to what: addresses, prefixes and their holders."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from nlan.engines.base import Engines
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.model.segments import Holders, Segment, Segments, segments_of

if TYPE_CHECKING:
    from nlan.services.base import Service


class Port(NamedTuple):
    """A node's interface on a segment that nodes share, where that is not as a link is.

    The segment itself is said by the model (`nlan.model.ServiceModel.segments`).

    Attributes:
        node: The node.
        interface: The interface's name.
        mtu: In bytes; those of a segment may differ.
        floods: The nodes that get what it sends to all; None where each on the segment does.
    """

    node: str
    interface: str
    mtu: int
    floods: frozenset[str] | None = None


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The lab's addresses in the shapes that what stands on them asks for.

    Attributes:
        nodes: By name.
        holders: Which node holds an address, as another sees it.
        connected: Prefixes that a node is connected to.
        segments: What each (node, interface) is on: equal for those that are joined, if by way of others.
        floods: For each (node, interface) that does not flood to all on its segment: to which nodes it does.
        mtus: Of each segment where they differ: the MTU of each (node, interface).
        timers: The lab's.
        engines: What speaks for the routers.
    """

    nodes: dict[str, Node]
    holders: Holders
    connected: dict[str, frozenset[IpNetwork]]
    segments: dict[tuple[str, str], Segment]
    floods: dict[tuple[str, str], frozenset[str]]
    mtus: dict[Segment, dict[tuple[str, str], int]]
    timers: Literal["lab", "standard"]
    engines: Engines

    def is_connected(self, node: str, address: IpAddress) -> bool:
        """Tell whether the node has an interface on the address's prefix."""
        return any(address in prefix for prefix in self.connected[node] if prefix.version == address.version)

    def is_meshed(self, ends: Collection[tuple[str, str]]) -> bool:
        """Tell whether each of these (node, interface) hears each other one, as over a wire."""
        names = {name for name, _ in ends}
        return all(names - {end[0]} <= self.floods.get(end, names) for end in ends)


def topology(lab: Lab, engines: Engines | None = None, services: Iterable[Service] = ()) -> Topology:
    """Return the topology of a lab.

    Args:
        lab: The lab.
        engines: The routing engines; those that are installed, where none are given.
        services: What nodes offer: some have ports.
    """
    segments = segments_of(lab)
    ports = [port for service in services for port in service.ports(lab)]
    return Topology(
        nodes={node.name: node for node in lab.nodes},
        holders=Holders(lab, segments),
        floods={(port.node, port.interface): port.floods for port in ports if port.floods is not None},
        segments=segments,
        mtus=_different_mtus(ports, segments),
        timers=lab.timers,
        engines=Engines.able() if engines is None else engines,
        connected={node.name: frozenset(_connected(node)) for node in lab.nodes},
    )


def _connected(node: Node) -> Iterable[IpNetwork]:
    return (address.network for _, own in node.held() for address in own)


def _different_mtus(ports: Iterable[Port], segments: Segments) -> dict[Segment, dict[tuple[str, str], int]]:
    """Return the MTUs on the segments where they differ; of links and LANs both are made alike."""
    found: dict[Segment, dict[tuple[str, str], int]] = {}
    for port in ports:
        end = port.node, port.interface
        if end in segments:
            found.setdefault(segments[end], {})[end] = port.mtu
    return {segment: sizes for segment, sizes in found.items() if len(set(sizes.values())) > 1}
