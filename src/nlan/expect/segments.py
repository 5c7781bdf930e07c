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
from nlan.services.router.expect.raw import Raw, RawExpectation
from nlan.services.router.model import Router, StaticRoute


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The lab's addresses in the shapes that routing asks for.

    Attributes:
        nodes: By name.
        holders: Which node holds an address, as another sees it.
        connected: Prefixes that a node is connected to.
        wires: What each (node, interface) is on: equal for those that are joined, if by way of others.
        floods: For each (node, interface) of an L2VPN: the nodes that it floods to.
        mtus: Of each segment where they differ: the MTU of each (node, interface).
        timers: The lab's.
        engines: What speaks for the routers.
        raw: What is known of raw configuration.
    """

    nodes: dict[str, Node]
    holders: Holders
    connected: dict[str, frozenset[IpNetwork]]
    wires: dict[tuple[str, str], Segment]
    floods: dict[tuple[str, str], frozenset[str]]
    mtus: dict[Segment, dict[tuple[str, str], int]]
    timers: Literal["lab", "standard"]
    engines: Engines
    raw: Raw

    def near(self, node: str) -> frozenset[IpNetwork]:
        """Return what a node is connected to, by addresses that raw lines give it, too."""
        return self.connected[node] | self.raw.networks(node)

    def installs(self, node: str) -> bool:
        """Tell whether the routes that a node's router learns reach its kernel."""
        engine = self.engines.of(self.nodes[node])
        return engine is not None and engine.installs

    def is_connected(self, node: str, address: IpAddress) -> bool:
        """Tell whether the node has an interface on the address's prefix."""
        return any(address in prefix for prefix in self.connected[node] if prefix.version == address.version)

    def is_meshed(self, ends: Collection[tuple[str, str]]) -> bool:
        """Tell whether each of these (node, interface) hears each other one, as over a wire."""
        names = {name for name, _ in ends}
        return all(names - {end[0]} <= self.floods.get(end, names) for end in ends)

    def static_hop(self, node: str, address: IpAddress) -> IpAddress | None:
        """Return the next hop of the node's static route to the address; a default route does not count."""
        covering = [
            route
            for route in static_routes(self.nodes[node])
            if route.prefix.version == address.version and address in route.prefix and route.prefix.prefixlen
        ]
        best = max(covering, key=lambda route: route.prefix.prefixlen, default=None)
        return best.via if best is not None and self.is_used(node, best) else None

    def is_used(self, node: str, route: StaticRoute) -> bool:
        """Tell whether the node's next hop of a static route is on one of its segments."""
        if route.via is None:
            return False
        towards = self.nodes[node].interface_towards(route.via)
        return towards is not None and route.interface in (None, towards)


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
    found = Topology(
        nodes={node.name: node for node in lab.nodes},
        holders=Holders(lab, segments),
        floods=dict(_floods(lab)),
        wires=wires,
        mtus=_different_mtus(lab, wires),
        timers=lab.timers,
        engines=engines,
        raw=Raw(),
        connected={node.name: frozenset(a.network for a in addresses(node)) for node in lab.nodes},
    )
    return msgspec.structs.replace(found, raw=Raw(_raw(found, engines)))


def _raw(topology: Topology, engines: Engines) -> Iterator[RawExpectation]:
    """Yield what the engines know of raw configuration, of those whose routers have any."""
    used = {node.get(Router).engine for node in topology.nodes.values() if node.get(Router).raw}
    for engine in engines:
        if engine.name in used and engine.raw is not None:
            yield engine.raw.expectation(topology)


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


def described(node: Node) -> Router | None:
    """Return the node's router as far as the model tells; None where raw configuration is all it has."""
    router = node.find(Router)
    return None if router is None or (router.raw is not None and router.raw.only) else router


def static_routes(node: Node) -> tuple[StaticRoute, ...]:
    """Return the node's static routes."""
    router = described(node)
    return router.routes if router is not None else ()


def mtus_differ(small: tuple[str, str, int], large: tuple[str, str, int]) -> tuple[str, str]:
    """Return why two never come to terms whose interface, node and MTU are these: in general, and in full.

    The one with the smaller MTU refuses the other's description of its database (RFC 2328, section 10.6).
    """
    (interface, node, few), (facing, other, many) = small, large
    what = f"{interface} of {node} has an MTU of {few} bytes, {facing} of {other} one of {many}"
    return "the MTUs differ", what
