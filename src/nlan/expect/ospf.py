"""OSPF (RFC 2328): who hears whom, and which prefixes each router learns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address

from nlan.expect.segments import Topology, interface_addresses
from nlan.model import Node
from nlan.model.codec import IpNetwork

BACKBONE = IPv4Address(0)

Segment = tuple[IpNetwork, IPv4Address]
"""A prefix in an area."""
End = tuple[str, str, bool]
"""A router, its interface, and whether that is passive."""
Member = tuple[str, IPv4Address]
"""A router in an area."""


def learned(topology: Topology, version: int) -> dict[str, frozenset[IpNetwork]]:
    """Return the prefixes that each router learns by OSPF, without those it is connected to.

    Args:
        topology: Of the lab.
        version: 4 for OSPFv2, 6 for OSPFv3.
    """
    members = _members(topology, version)
    reach = _reach(members)
    announced = {node: _announced(topology, node, version) for node in reach}
    return {
        node: frozenset().union(*(announced[other] for other in others)) - topology.connected[node]
        for node, others in reach.items()
    }


def adjacencies(topology: Topology, version: int) -> frozenset[tuple[str, str]]:
    """Return the (router, interface) pairs on which a neighbour becomes full: segments of two routers.

    On larger segments only some pairs become full (RFC 2328, section 10.4); their routes tell.
    """
    pairs: set[tuple[str, str]] = set()
    for routers in _segments(topology, version).values():
        ends = {(name, interface) for name, interface, passive in routers if not passive}
        if len(ends) == len(routers) == 2:
            pairs |= ends
    return frozenset(pairs)


def _area_of(node: Node, network: IpNetwork) -> IPv4Address | None:
    ospf = node.router.ospf if node.router is not None and node.router.engine == "frr" else None
    for area in ospf.areas if ospf is not None else ():
        for prefix in area.networks:
            if prefix.version == network.version and network.subnet_of(prefix):  # type: ignore[arg-type]
                return area.area
    return None


def _segments(topology: Topology, version: int) -> dict[Segment, list[End]]:
    segments: dict[Segment, list[End]] = defaultdict(list)
    for name, node in topology.nodes.items():
        for interface, address in interface_addresses(node):
            if address.version == version and (area := _area_of(node, address.network)) is not None:
                segments[address.network, area].append((name, interface, _is_passive(node, interface)))
    return segments


def _is_passive(node: Node, interface: str) -> bool:
    ospf = node.router.ospf if node.router is not None else None
    return ospf is not None and any(i.name == interface and i.passive for i in ospf.interfaces)


def _members(topology: Topology, version: int) -> dict[Member, set[Member]]:
    """Return each router per area with those it hears there."""
    graph: dict[Member, set[Member]] = defaultdict(set)
    for (_, area), routers in _segments(topology, version).items():
        active = [(name, area) for name, _, passive in routers if not passive]
        for member in active:
            graph[member] |= set(active)
        for name, *_ in routers:
            graph[name, area].add((name, area))
    return graph


def _component(graph: dict[Member, set[Member]], start: Member) -> frozenset[Member]:
    found, todo = {start}, [start]
    while todo:
        for other in graph[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return frozenset(found)


def _components(graph: dict[Member, set[Member]]) -> dict[Member, frozenset[Member]]:
    components: dict[Member, frozenset[Member]] = {}
    for member in graph:
        if member not in components:
            component = _component(graph, member)
            components.update(dict.fromkeys(component, component))
    return components


def _reach(graph: dict[Member, set[Member]]) -> dict[str, set[str]]:
    """Return the routers whose prefixes each router learns: its areas', and by the backbone the others'."""
    components = _components(graph)
    reach: dict[str, set[str]] = defaultdict(set)
    for (name, _), component in components.items():
        for area_component in (component, *_by_backbone(component, components)):
            reach[name] |= {other for other, _ in area_component}
    for name in reach:
        reach[name].discard(name)
    return reach


def _by_backbone(
    component: frozenset[Member], components: dict[Member, frozenset[Member]]
) -> Iterator[frozenset[Member]]:
    backbones = {components[name, BACKBONE] for name, _ in component if (name, BACKBONE) in components}
    for backbone in backbones:
        border = {name for name, _ in backbone}
        yield from (components[member] for member in components if member[0] in border)


def _announced(topology: Topology, name: str, version: int) -> frozenset[IpNetwork]:
    node = topology.nodes[name]
    assert node.router is not None
    assert node.router.ospf is not None
    networks = {prefix for prefix in topology.connected[name] if prefix.version == version}
    if "connected" in node.router.ospf.redistribute:
        return frozenset(networks)
    return frozenset(prefix for prefix in networks if _area_of(node, prefix) is not None)
