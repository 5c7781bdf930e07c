"""Routing of every node: what it says in full, and what the short form derives from links and networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from itertools import islice

import msgspec

from nlan.interfaces import lan_name
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.schema.resolving.bgp import derive_bgp, fill_peers
from nlan.schema.resolving.drafts import CONNECTED, End, NodeDraft, Segment
from nlan.schema.resolving.full_router import written_router
from nlan.schema.resolving.segments import Wiring
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Position, Written, nearest, values
from nlan.schema.written.common import Hop
from nlan.schema.written.routing import OspfKeys, RouteKeys
from nlan.schema.written.sections import Record
from nlan.schema.written.table import NodeKeys, ShortKeys
from nlan.services.router.model import Ospf, OspfArea, OspfInterface, Raw, Router, StaticRoute

_ZERO = IPv4Address(0)


def derive_routing(wiring: Wiring) -> None:
    """Give every router its protocols and peers, every plain host its default route."""
    derive_routers(wiring)
    derive_gateways(wiring.nodes.values(), wiring.settings)
    fill_peers(wiring.nodes, wiring.settings)
    for node in wiring.nodes.values():
        if node.router is not None and (node.router.bgp or node.router.ospf):
            node.forwards = True


def derive_routers(wiring: Wiring) -> None:
    """Give every node its router: what it says in full first, what is derived around it."""
    settings, nodes = wiring.settings, wiring.nodes
    for node in nodes.values():
        node.router = written_router(node, settings.positions, settings.report, settings.engines)
        _resolve_asn(node, settings)
        _resolve_loopbacks(node, settings)
        if node.router is None and (node.is_router or NodeKeys.routes in node.written):
            node.router = Router(loopbacks=tuple(node.loopbacks))
    for node in nodes.values():
        if node.router:
            _ospf(node, settings)
    derive_bgp(wiring)
    for node in nodes.values():
        if node.router:
            _rest(node, settings, wiring)


def _resolve_asn(node: NodeDraft, settings: Settings) -> None:
    written = node.written.get(NodeKeys.asn, settings.written.get(ShortKeys.asn) if node.is_router else None)
    at = node.written.position(NodeKeys.asn)
    if node.router and node.router.bgp:
        settings.positions.put(at, "node", node.name, "asn")
        own = node.written.get(NodeKeys.asn)
        if isinstance(own, int) and own is not False and own != node.router.bgp.asn:
            settings.report.error(at, f"a node has one AS; this one says {written} and {node.router.bgp.asn}")
        node.asn = node.router.bgp.asn
    elif written == "auto":
        node.asn = settings.auto_asn(node.name)
    elif isinstance(written, int) and not isinstance(written, bool):
        node.asn = written
    if node.written.get(NodeKeys.bgp, settings.written.get(ShortKeys.bgp)) is False:
        node.asn = node.asn if node.router and node.router.bgp else None
    node.reflector = bool(node.written.get(NodeKeys.route_reflector))


def ospf_written(node: NodeDraft, settings: Settings) -> bool | IPv4Address | Record:
    """Return what the node, else the lab, says of OSPF; False where it runs none."""
    written = node.written.get(
        NodeKeys.ospf, settings.written.get(ShortKeys.ospf) if node.is_router else None
    )
    return False if written is None else written


def _resolve_loopbacks(node: NodeDraft, settings: Settings) -> None:
    written = node.written.get(NodeKeys.loopback)
    if isinstance(written, list):
        node.loopbacks = list(values(written))
        for item in written:
            settings.positions.put(item.at, "node", node.name, "address", item.value)
    elif written is not None and not isinstance(written, bool):
        node.loopbacks = [written]
        settings.positions.put(
            node.written.position(NodeKeys.loopback), "node", node.name, "address", written
        )
    elif written is not False and _wants_loopback(node, settings):
        pool = settings.pools["loopbacks"]
        number = settings.allocator.from_pool(pool, node.name, node.at)
        node.loopbacks = [] if number is None else list(pool.interfaces(number))
    if node.router:
        both = dict.fromkeys((*node.router.loopbacks, *node.loopbacks))
        node.loopbacks = list(both)
        node.router = msgspec.structs.replace(node.router, loopbacks=tuple(both))
    area = ospf_written(node, settings)
    if area is not False:
        node.ospf_area = (
            area.get(OspfKeys.area, _ZERO) if isinstance(area, Record) else _ZERO if area is True else area
        )


def _wants_loopback(node: NodeDraft, settings: Settings) -> bool:
    if node.written.get(NodeKeys.loopback) is True:
        return True
    if node.router is not None or not node.is_router:
        return False
    return node.asn is not None or ospf_written(node, settings) is not False


# -- OSPF


def _ospf(node: NodeDraft, settings: Settings) -> None:
    if node.router is None:
        return
    written = ospf_written(node, settings)
    full = node.router.ospf
    if full is not None:
        interfaces = tuple(_written_interfaces(node, full))
        ospf = msgspec.structs.replace(full, interfaces=interfaces)
    elif written is not False:
        ospf = _derived_ospf(node, written)
    else:
        return
    node.router = msgspec.structs.replace(node.router, ospf=ospf)


def _written_interfaces(node: NodeDraft, ospf: Ospf) -> Iterable[OspfInterface]:
    networks = [network for area in ospf.areas for network in area.networks]
    for segment, end in node.ends:
        if any(_covers(network, value) for network in networks for value in end.addresses):
            yield _interface(segment, end, passive=end.passive)
    for lan in node.vhosts:
        if any(_covers(network, gateway) for network in networks for gateway in lan.gateways):
            yield OspfInterface(name=lan_name(str(lan.gateway.ip)), passive=True)


def _covers(network: IpNetwork, interface: IpInterface) -> bool:
    return network.version == interface.version and interface.ip in network


def _interface(segment: Segment, end: End, passive: bool) -> OspfInterface:
    two = len(segment.ends) == 2 and not passive
    return OspfInterface(name=end.interface, point_to_point=two, cost=end.cost, passive=passive)


def _derived_ospf(node: NodeDraft, written: bool | IPv4Address | Record) -> Ospf:
    options = written if isinstance(written, Record) else Record(node.at)
    spoken = [
        (segment.ospf if isinstance(segment.ospf, IPv4Address) else node.ospf_area or _ZERO, segment, end)
        for segment, end in node.ends
        if segment.ospf is not False and (segment.ospf or _spoken(node, segment))
    ]
    home = _home(node, [area for area, _, _ in spoken])
    areas: dict[IPv4Address, list[IpNetwork]] = {home: [value.network for value in node.loopbacks]}
    interfaces = []
    for area, segment, end in spoken:
        areas.setdefault(area, []).extend(value.network for value in end.addresses)
        passive = end.passive or not _ospf_others(node, segment)
        end.cost = end.cost or options.get(OspfKeys.cost)
        interfaces.append(_interface(segment, end, passive))
    for lan in node.vhosts:
        areas[home].extend(gateway.network for gateway in lan.gateways)
        interfaces.append(OspfInterface(name=lan_name(str(lan.gateway.ip)), passive=True))
    sources = options.get(OspfKeys.redistribute)
    return Ospf(
        areas=tuple(
            OspfArea(area=area, networks=tuple(dict.fromkeys(nets))) for area, nets in areas.items() if nets
        ),
        interfaces=tuple(dict.fromkeys(interfaces)),
        redistribute=CONNECTED if sources is None else values(sources),
    )


def _home(node: NodeDraft, areas: list[IPv4Address]) -> IPv4Address:
    """Return the area of the loopback and of the host LANs: the node's, but not apart from all its segments.

    Alone in a backbone of its own, a loopback would be heard of by nobody in the real one.
    """
    written, home = node.written.get(NodeKeys.ospf), node.ospf_area or _ZERO
    is_written = isinstance(written, IPv4Address) or (
        isinstance(written, Record) and OspfKeys.area in written
    )
    return home if is_written or not areas or home in areas else areas[0]


def _spoken(node: NodeDraft, segment: Segment) -> bool:
    """Whether OSPF runs here unasked: not towards other ASes alone, and passively where only hosts are."""
    others = [end.node for end in segment.ends if end.node is not node]
    routers = [other for other in others if other.is_router or other.router]
    return not routers or any(_has_ospf(other) and not _is_border(node, other) for other in routers)


def _is_border(node: NodeDraft, other: NodeDraft) -> bool:
    """Whether an eBGP session is between the two; a router without an AS has an IGP alone."""
    return node.asn is not None and other.asn is not None and node.asn != other.asn


def _ospf_others(node: NodeDraft, segment: Segment) -> bool:
    return any(end.node is not node and _has_ospf(end.node) for end in segment.ends)


def _has_ospf(node: NodeDraft) -> bool:
    return node.ospf_area is not None or (node.router is not None and node.router.ospf is not None)


# -- the rest


def _rest(node: NodeDraft, settings: Settings, wiring: Wiring) -> None:
    router = node.router
    if router is None:
        return
    written, positions = node.written, settings.positions
    engine = written.get(NodeKeys.engine, router.engine)
    positions.put(written.position(NodeKeys.engine), "node", node.name, "engine")
    positions.put(written.position(NodeKeys.router_id), "node", node.name, "router_id")
    complete = msgspec.structs.replace(
        router,
        engine=engine,
        router_id=written.get(NodeKeys.router_id, router.router_id),
        routes=tuple(_routes(node, settings, wiring)),
        raw=_raw(node, wiring),
    )
    node.router = settings.engines[engine].spare(node.name, complete, positions, settings.report)


def _routes(node: NodeDraft, settings: Settings, wiring: Wiring) -> Iterable[StaticRoute]:
    entry: Written[Record] | tuple[Written[IpNetwork], Hop]
    for entry in node.written.get(NodeKeys.routes, []):
        if isinstance(entry, Written):
            yield from _route_record(node, entry.value, settings, wiring)
            continue
        prefix, hop = entry
        settings.positions.put(prefix.at, "node", node.name, "route", prefix.value)
        if hop == "blackhole":
            yield StaticRoute(prefix=prefix.value, blackhole=True)
        elif via := next_hop(node, hop, prefix.value.version, prefix.at, settings, wiring):
            yield StaticRoute(prefix=prefix.value, via=via)


def _route_record(
    node: NodeDraft, record: Record, settings: Settings, wiring: Wiring
) -> Iterable[StaticRoute]:
    prefix, blackhole = record.get(RouteKeys.prefix), record.get(RouteKeys.blackhole, False)
    ways = [way for way in (RouteKeys.via, RouteKeys.interface) if record.get(way)]
    if prefix is None:
        return
    settings.positions.put(record.at, "node", node.name, "route", prefix)
    if bool(ways) == blackhole:
        settings.report.error(record.at, "one of `via`, `interface` and `blackhole` is required")
        return
    hop, via = record.get(RouteKeys.via), None
    if hop is not None:
        via = next_hop(node, hop, prefix.version, record.position(RouteKeys.via), settings, wiring)
        if via is None:
            return
    yield StaticRoute(prefix=prefix, via=via, interface=record.get(RouteKeys.interface), blackhole=blackhole)


def next_hop(
    node: NodeDraft, hop: Hop, version: int, at: Position, settings: Settings, wiring: Wiring
) -> IpAddress | None:
    """Return the address of a next hop that is an address or a neighbouring node's name, or None."""
    if not isinstance(hop, str):
        return hop
    if hop not in wiring.nodes:
        settings.report.error(at, f"no node is called `{hop}`", nearest(hop, wiring.nodes))
        return None
    for segment, _ in node.ends:
        for end in segment.ends:
            if end.node.name == hop and end.node is not node and end.address(version):
                return end.address(version)
    settings.report.error(at, f"`{hop}` has no IPv{version} address on a segment with {node.name}")
    return None


def _raw(node: NodeDraft, wiring: Wiring) -> Raw | None:
    """Return the configuration that the user brings for an engine; a router has one of them."""
    reading = (engine.raw for engine in wiring.settings.engines.values())
    found = [raw for one in reading if one is not None and (raw := one.resolve(node, wiring)) is not None]
    for other in found[1:]:
        at = wiring.settings.positions.find("node", node.name, other.key)
        wiring.settings.report.error(at, f"one of `{found[0].key}` and `{other.key}` is required, not both")
    return found[0] if found else None


def derive_gateways(nodes: Iterable[NodeDraft], settings: Settings) -> None:
    """Give every plain host its default route: as written, else the first router on its segments."""
    for node in nodes:
        written = node.written.get(NodeKeys.gateway)
        if written is not None:
            settings.positions.put(node.written.position(NodeKeys.gateway), "node", node.name, "gateway")
            node.gateway = tuple(hop for item in written for hop in _written_gateways(node, item, settings))
        elif not node.is_router and node.router is None:
            segments = [segment for segment, _ in node.ends if segment.prefixes]
            routers = [end for end in _others(node, segments) if end.node.is_router or end.node.router]
            node.gateway = tuple(_first_of_each_family(routers, [end for _, end in node.ends]))


def _written_gateways(node: NodeDraft, item: Written[Hop], settings: Settings) -> list[IpAddress]:
    """Return the address that is written, or those of the node that is named, one a family."""
    if not isinstance(item.value, str):
        return [item.value]
    others = _others(node, [segment for segment, _ in node.ends])
    hops = list(_first_of_each_family([end for end in others if end.node.name == item.value]))
    if not hops:
        message = f"`{item.value}` is no node with an address on a segment with {node.name}"
        settings.report.error(item.at, message)
    return hops


def _others(node: NodeDraft, segments: Iterable[Segment]) -> list[End]:
    return [end for segment in segments for end in segment.ends if end.node is not node]


def _first_of_each_family(ends: Iterable[End], own: Sequence[End] = ()) -> Iterable[IpAddress]:
    """Yield the first address of each family; where `own` ends are given, one that their prefixes hold."""
    prefixes = [value.network for end in own for value in end.addresses]
    for version in (4, 6):
        hops = (hop for end in ends if (hop := end.address(version)))
        near = (hop for hop in hops if not own or any(hop in p for p in prefixes if p.version == version))
        yield from islice(near, 1)
