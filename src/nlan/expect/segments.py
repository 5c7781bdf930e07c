"""Who is connected to what: addresses, prefixes and their holders."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from nlan.engines.base import Engines
from nlan.interfaces import l2vpn_name
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.model.segments import Holders, Segment, segments_of
from nlan.services.node.expand import addresses
from nlan.services.ptn.model import Ptn


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The lab's addresses in the shapes that what stands on them asks for.

    Attributes:
        nodes: By name.
        holders: Which node holds an address, as another sees it.
        connected: Prefixes that a node is connected to.
        wires: What each (node, interface) is on: equal for those that are joined, if by way of others.
        floods: For each (node, interface) of an L2VPN: the nodes that it floods to.
        mtus: Of each segment where they differ: the MTU of each (node, interface).
        timers: The lab's.
        engines: What speaks for the routers.
    """

    nodes: dict[str, Node]
    holders: Holders
    connected: dict[str, frozenset[IpNetwork]]
    wires: dict[tuple[str, str], Segment]
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


def topology(lab: Lab, engines: Engines | None = None) -> Topology:
    """Return the topology of a lab.

    Args:
        lab: The lab.
        engines: The routing engines; those that are installed, where none are given.
    """
    engines = Engines.able() if engines is None else engines
    segments = segments_of(lab)
    wires = {
        (node, name if isinstance(name, str) else l2vpn_name(name)): s for (node, name), s in segments.items()
    }
    return Topology(
        nodes={node.name: node for node in lab.nodes},
        holders=Holders(lab, segments),
        floods=dict(_floods(lab)),
        wires=wires,
        mtus=_different_mtus(lab, wires),
        timers=lab.timers,
        engines=engines,
        connected={node.name: frozenset(a.network for a in addresses(node)) for node in lab.nodes},
    )


def _floods(lab: Lab) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    names = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    for node in lab.nodes:
        for vpn in node.get(Ptn).l2vpns:
            yield (node.name, l2vpn_name(vpn.vni)), frozenset(names[p] for p in vpn.peers if p in names)


def _different_mtus(
    lab: Lab, wires: dict[tuple[str, str], Segment]
) -> dict[Segment, dict[tuple[str, str], int]]:
    """Return the MTUs on the segments where they differ; of links and LANs both are made alike."""
    found: dict[Segment, dict[tuple[str, str], int]] = {}
    for node in lab.nodes:
        for vpn in node.get(Ptn).l2vpns:
            end = node.name, l2vpn_name(vpn.vni)
            found.setdefault(wires[end], {})[end] = vpn.mtu
    return {wire: sizes for wire, sizes in found.items() if len(set(sizes.values())) > 1}
