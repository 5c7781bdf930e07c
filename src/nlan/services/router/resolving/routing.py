"""Routing of every node: what it says in full, and what the short form derives from links and networks."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

import msgspec

from nlan.interfaces import LOOPBACK
from nlan.model.codec import IpAddress, IpNetwork
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Wiring
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Position, Written, nearest, values
from nlan.schema.written.common import Hop
from nlan.schema.written.sections import Record
from nlan.services.router.engines import Engines, installed
from nlan.services.router.model import Raw, Router, StaticRoute
from nlan.services.router.resolving.asns import Asns
from nlan.services.router.resolving.bgp import derive_bgp
from nlan.services.router.resolving.draft import loopbacks_of, routing_of
from nlan.services.router.resolving.full import written_router
from nlan.services.router.resolving.gateways import derive_gateways
from nlan.services.router.resolving.ospf import derive_ospf, ospf_written
from nlan.services.router.resolving.peers import fill_peers
from nlan.services.router.written import LabKeys, NodeKeys, OspfKeys, RouteKeys

_ZERO = IPv4Address(0)


def derive_routing(wiring: Wiring) -> None:
    """Give every router its protocols and peers, every plain host its default route."""
    engines = installed()
    _derive_routers(wiring, engines)
    derive_gateways(wiring.nodes.values(), wiring.settings)
    fill_peers(wiring.nodes, wiring.settings)
    for node in wiring.nodes.values():
        router = routing_of(node).router
        if router is not None and (router.bgp or router.ospf):
            node.forwards = True


def _derive_routers(wiring: Wiring, engines: Engines) -> None:
    """Give every node its router: what it says in full first, what is derived around it."""
    settings, nodes, asns = wiring.settings, wiring.nodes, Asns(wiring)
    for node in nodes.values():
        draft = routing_of(node)
        draft.router = written_router(node, settings.positions, settings.report, engines)
        _resolve_asn(node, settings, asns)
        _resolve_loopbacks(node, settings)
        if draft.router is None and (node.is_router or NodeKeys.routes in node.written):
            draft.router = Router(loopbacks=tuple(loopbacks_of(node)))
    for node in nodes.values():
        derive_ospf(node, settings)
    derive_bgp(wiring)
    for node in nodes.values():
        _rest(node, settings, wiring, engines)


def _resolve_asn(node: NodeDraft, settings: Settings, asns: Asns) -> None:
    draft = routing_of(node)
    full = draft.router.bgp if draft.router else None
    written = node.written.get(NodeKeys.asn, settings.written.get(LabKeys.asn) if node.is_router else None)
    at = node.written.position(NodeKeys.asn)
    if full is not None:
        settings.positions.put(at, "node", node.name, "asn")
        own = node.written.get(NodeKeys.asn)
        if isinstance(own, int) and own is not False and own != full.asn:
            settings.report.error(at, f"a node has one AS; this one says {written} and {full.asn}")
        draft.asn = full.asn
    elif written == "auto":
        draft.asn = asns.auto(node.name)
    elif isinstance(written, int) and not isinstance(written, bool):
        draft.asn = written
    if node.written.get(NodeKeys.bgp, settings.written.get(LabKeys.bgp)) is False and full is None:
        draft.asn = None
    draft.reflector = bool(node.written.get(NodeKeys.route_reflector))


def _resolve_loopbacks(node: NodeDraft, settings: Settings) -> None:
    written = node.written.get(NodeKeys.loopback)
    if isinstance(written, list):
        node.stubs[LOOPBACK] = list(values(written))
        for item in written:
            settings.positions.put(item.at, "node", node.name, "address", item.value)
    elif written is not None and not isinstance(written, bool):
        node.stubs[LOOPBACK] = [written]
        settings.positions.put(
            node.written.position(NodeKeys.loopback), "node", node.name, "address", written
        )
    elif written is not False and _wants_loopback(node, settings):
        pool = settings.pools["loopbacks"]
        number = settings.allocator.from_pool(pool, node.name, node.at)
        node.stubs[LOOPBACK] = [] if number is None else list(pool.interfaces(number))
    draft = routing_of(node)
    if draft.router:
        both = dict.fromkeys((*draft.router.loopbacks, *loopbacks_of(node)))
        node.stubs[LOOPBACK] = list(both)
        draft.router = msgspec.structs.replace(draft.router, loopbacks=tuple(both))
    area = ospf_written(node, settings)
    if area is not False:
        draft.ospf_area = (
            area.get(OspfKeys.area, _ZERO) if isinstance(area, Record) else _ZERO if area is True else area
        )


def _wants_loopback(node: NodeDraft, settings: Settings) -> bool:
    if node.written.get(NodeKeys.loopback) is True:
        return True
    draft = routing_of(node)
    if draft.router is not None or not node.is_router:
        return False
    return draft.asn is not None or ospf_written(node, settings) is not False


# -- the rest


def _rest(node: NodeDraft, settings: Settings, wiring: Wiring, engines: Engines) -> None:
    draft = routing_of(node)
    router = draft.router
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
        raw=_raw(node, wiring, engines),
    )
    draft.router = engines[engine].spare(node.name, complete, positions, settings.report)


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


def _raw(node: NodeDraft, wiring: Wiring, engines: Engines) -> Raw | None:
    """Return the configuration that the user brings for an engine; a router has one of them."""
    reading = (engine.raw for engine in engines.values())
    found = [raw for one in reading if one is not None and (raw := one.resolve(node, wiring)) is not None]
    for other in found[1:]:
        at = wiring.settings.positions.find("node", node.name, other.key)
        wiring.settings.report.error(at, f"one of `{found[0].key}` and `{other.key}` is required, not both")
    return found[0] if found else None
