"""OSPF (RFC 2328): who hears whom, and which prefixes each router learns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_network
from typing import NamedTuple

from nlan.model import Node
from nlan.model.codec import IpInterface, IpNetwork
from nlan.model.segments import Segment
from nlan.services.router.expect.raw import Apart
from nlan.services.router.expect.topology import Routed, described, mtus_differ
from nlan.services.router.model import Router

BACKBONE = IPv4Address(0)

AreaPrefix = tuple[IpNetwork, IPv4Address]
"""A prefix in an area."""
End = tuple[str, str, bool]
"""A router, its interface, and whether that is passive."""
Member = tuple[str, IPv4Address]
"""A router in an area."""


class Placed(NamedTuple):
    """An address on which a router speaks, and its area."""

    interface: str
    address: IpInterface
    area: IPv4Address


def learned(topology: Routed, version: int) -> dict[str, frozenset[IpNetwork]]:
    """Return the prefixes that each router learns by OSPF, without those it is connected to.

    Args:
        topology: Of the lab.
        version: 4 for OSPFv2, 6 for OSPFv3.
    """
    inside = _inside(topology, version)
    reach = _reach(_members(topology, version))
    outside = {name: _redistributed(topology, name, version) for name in reach}
    return {
        name: frozenset().union(*(inside[m] for m in members), *(outside[other] for other, _ in members))
        - topology.connected[name]
        for name, members in reach.items()
    }


def adjacencies(topology: Routed, version: int) -> dict[tuple[str, str], int]:
    """Return on how many neighbours each router comes to terms with, by (router, interface).

    That is full, or two-way beside a designated router where neither is one (RFC 2328, section 10.4). Raw
    lines that speak of OSPF may keep two apart, so nothing is expected of their segments; nor of L2VPNs where
    not all flood to all or not all have the same MTU.
    """
    found: dict[tuple[str, str], int] = {}
    unequal = _unequal(topology, version)
    for ends in _alike(topology, version):
        if any(topology.segments.get(end) in unequal for end in ends):
            continue
        names = {name for name, _ in ends}
        is_raw = any(topology.raw.speaks(name, "ospf") for name in names)
        if len(names) == len(ends) and not is_raw and topology.is_meshed(ends):
            found.update((end, len(ends) - 1) for end in ends if len(ends) > 1)
    return found


def _alike(topology: Routed, version: int) -> Iterator[set[tuple[str, str]]]:
    """Yield the ends that hear each other in the same subnet and area, the passive ones left out."""
    found: dict[tuple[Segment, AreaPrefix], set[tuple[str, str]]] = defaultdict(set)
    for prefix, routers in _by_prefix(topology, version).items():
        for name, interface, passive in routers:
            if not passive:
                found[topology.segments.get((name, interface)), prefix].add((name, interface))
    yield from found.values()


def hindered(topology: Routed, version: int) -> Iterator[Apart]:
    """Yield the routers that hear another one that runs OSPF and never become adjacent to any.

    Of OSPFv3 the subnets say nothing: it runs over link-local addresses.
    """
    yield from _strangers(topology, version)
    yield from _unequal(topology, version).values()
    yield from topology.raw.hindered(version)


def _strangers(topology: Routed, version: int) -> Iterator[Apart]:
    for ends in _speakers(topology, version).values():
        for name, own in ends.items():
            others = {other: those for other, those in ends.items() if other != name}
            if others and not any(_meet(own, those, version) for those in others.values()):
                other, those = next(iter(others.items()))
                yield (name, other, *_apart(own[0], those[0], name, other))


def _speakers(topology: Routed, version: int) -> dict[Segment, dict[str, list[Placed]]]:
    """Return, by segment, the addresses of the routers that speak there, where the model has all of OSPF."""
    found: dict[Segment, dict[str, list[Placed]]] = defaultdict(lambda: defaultdict(list))
    for (name, area), interface, address in _placed(topology, version):
        segment, node = topology.segments.get((name, interface)), topology.nodes[name]
        is_numbered = address.network.prefixlen < address.max_prefixlen
        if (
            segment is not None
            and is_numbered
            and not _is_passive(node, interface)
            and not topology.raw.speaks(name, "ospf")
        ):
            found[segment][name].append(Placed(interface, address, area))
    return found


def _meet(own: list[Placed], theirs: list[Placed], version: int) -> bool:
    return any(
        one.area == other.area and (version == 6 or one.address.network == other.address.network)
        for one in own
        for other in theirs
    )


def _apart(own: Placed, theirs: Placed, name: str, other: str) -> tuple[str, str]:
    if own.area != theirs.area:
        detail = (
            f"{own.interface} of {name} is in area {own.area}, {theirs.interface} of {other} in {theirs.area}"
        )
        return "the areas differ", detail
    detail = f"{name} has {own.address} on {own.interface}, {other} has {theirs.address}: another subnet"
    return "the subnets differ", detail


def _unequal(topology: Routed, version: int) -> dict[Segment, Apart]:
    """Return the segments whose routers' MTUs differ, each with two of them.

    The one with the smaller MTU refuses the other's description of its database (RFC 2328, section 10.6).
    Who meets whom among several depends on which of them are elected.
    """
    if not topology.mtus:
        return {}
    speakers = _speakers(topology, version)
    pairs = (
        (segment, _unequal_pair(sizes, speakers.get(segment, {}), version))
        for segment, sizes in topology.mtus.items()
    )
    return {segment: apart for segment, apart in pairs if apart is not None}


def _unequal_pair(
    sizes: dict[tuple[str, str], int], ends: dict[str, list[Placed]], version: int
) -> Apart | None:
    for (name, interface), size in sizes.items():
        for (other, facing), largest in sizes.items():
            if size < largest and _meet(ends.get(name, []), ends.get(other, []), version):
                return name, other, *mtus_differ((interface, name, size), (facing, other, largest))
    return None


def _area_of(node: Node, network: IpNetwork) -> IPv4Address | None:
    """Return the area of the longest prefix that covers the network."""
    router = described(node)
    ospf = router.ospf if router is not None else None
    covering = [
        (prefix.prefixlen, area.area)
        for area in (ospf.areas if ospf is not None else ())
        for prefix in area.networks
        if prefix.version == network.version and network.subnet_of(prefix)  # type: ignore[arg-type]
    ]
    return max(covering, key=lambda one: one[0])[1] if covering else None


def _placed(topology: Routed, version: int) -> Iterator[tuple[Member, str, IpInterface]]:
    """Yield the addresses that an area covers: (router, area), interface, address."""
    for name, node in topology.nodes.items():
        for interface, own in node.held():
            for address in own:
                if address.version == version and (area := _area_of(node, address.network)) is not None:
                    yield (name, area), interface, address


def _by_prefix(topology: Routed, version: int) -> dict[AreaPrefix, list[End]]:
    found: dict[AreaPrefix, list[End]] = defaultdict(list)
    for (name, area), interface, address in _placed(topology, version):
        passive = _is_passive(topology.nodes[name], interface)
        found[address.network, area].append((name, interface, passive))
    return found


def _inside(topology: Routed, version: int) -> dict[Member, set[IpNetwork]]:
    """Return what each router announces in each of its areas; of a loopback that is the address alone."""
    found: dict[Member, set[IpNetwork]] = defaultdict(set)
    for member, interface, address in _placed(topology, version):
        found[member].add(ip_network(address.ip) if interface == "lo" else address.network)
    return found


def _redistributed(topology: Routed, name: str, version: int) -> set[IpNetwork]:
    """Return what a router announces besides: OSPFv2 leaves out what runs OSPF itself."""
    node = topology.nodes[name]
    ospf = node.get(Router).ospf
    if ospf is None or "connected" not in ospf.redistribute:
        return set()
    networks = (network for network in topology.connected[name] if network.version == version)
    return {network for network in networks if version == 6 or _area_of(node, network) is None}


def _is_passive(node: Node, interface: str) -> bool:
    ospf = node.get(Router).ospf
    return (
        interface == "lo" or ospf is None or any(i.name == interface and i.passive for i in ospf.interfaces)
    )


def _members(topology: Routed, version: int) -> dict[Member, set[Member]]:
    """Return each router per area with those it hears there."""
    graph: dict[Member, set[Member]] = defaultdict(set)
    apart = {*_unequal(topology, version), *topology.raw.apart(version)}
    for (_, area), routers in _by_prefix(topology, version).items():
        active = [
            (name, area)
            for name, interface, passive in routers
            if not passive and topology.segments.get((name, interface)) not in apart
        ]
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


def _reach(graph: dict[Member, set[Member]]) -> dict[str, set[Member]]:
    """Return whose prefixes each router learns, area by area: its areas', and by the backbone the others'.

    A router that is adjacent in the backbone takes other areas' prefixes from there alone; any other, also
    one whose part of the backbone is but itself, from every router of its areas that has a part in it.
    """
    components = _components(graph)
    areas: dict[str, list[frozenset[Member]]] = defaultdict(list)
    for (name, _), component in components.items():
        areas[name].append(component)
    reach: dict[str, set[Member]] = {}
    for name, mine in areas.items():
        own = components.get((name, BACKBONE), frozenset())
        backbones = {own} if len(own) > 1 else _backbones(mine, components)
        borders = {border for backbone in backbones for border, _ in backbone}
        reached = {*mine, *(component for border in borders for component in areas[border])}
        reach[name] = {member for component in reached for member in component if member[0] != name}
    return reach


def _backbones(
    mine: Iterable[frozenset[Member]], components: dict[Member, frozenset[Member]]
) -> set[frozenset[Member]]:
    routers = {name for component in mine for name, _ in component}
    return {components[name, BACKBONE] for name in routers if (name, BACKBONE) in components}
