"""The service `Router` as a node writes it in full: loopbacks, OSPF, BGP."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

import msgspec

from nlan.model.codec import IpAddress, IpNetwork
from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.syntax.report import Position, Report, Written, values
from nlan.schema.written.sections import AnyKey, Record
from nlan.services.router.engines import Engines
from nlan.services.router.model import DEFAULT_ENGINE, Bgp, BgpPeer, Ospf, OspfArea, Router
from nlan.services.router.resolving.draft import CONNECTED
from nlan.services.router.written import (
    BgpAsKeys,
    BgpKeys,
    ByAs,
    NodeKeys,
    OspfAreaKeys,
    PeerKeys,
    RouterKeys,
)


def written_router(node: NodeDraft, positions: Positions, report: Report, engines: Engines) -> Router | None:
    """Return what the node's service `Router` says, or None where it has none."""
    record = node.written.get(NodeKeys.router)
    if record is None:
        return None
    loopbacks = record.get(RouterKeys.loopback, [])
    for item in loopbacks:
        positions.put(item.at, "node", node.name, "address", item.value)
    positions.put(record.position(RouterKeys.router_id), "node", node.name, "router_id")
    engine = _chosen(node, record, positions, engines)
    return Router(
        loopbacks=values(loopbacks),
        router_id=record.get(RouterKeys.router_id),
        engine=engine,
        ospf=_written_ospf(node, record, positions, report),
        bgp=_written_bgp(node, record, positions, report),
    )


def _chosen(node: NodeDraft, record: Record, positions: Positions, engines: Engines) -> str:
    """Return the engine that a key of its own chooses, and remember where."""
    found = DEFAULT_ENGINE
    for name, engine in engines.items():
        if (written := engine.chosen(record)) is not None:
            positions.put(written.at, "node", node.name, "engine")
            found = name if written.value else found
    positions.put(record.at, "node", node.name, "engine")
    return found


def _written_ospf(node: NodeDraft, record: Record, positions: Positions, report: Report) -> Ospf | None:
    written_areas = record.get(RouterKeys.ospf)
    if written_areas is None:
        return None
    positions.put(record.position(RouterKeys.ospf), "node", node.name, "ospf")
    areas: dict[IPv4Address | None, list[IpNetwork]] = {}
    first: dict[IpNetwork, IPv4Address | None] = {}
    for item in written_areas:
        area = item.value.get(OspfAreaKeys.area)
        for network in item.value.get(OspfAreaKeys.networks, []):
            if (other := first.setdefault(network.value, area)) != area:
                report.error(network.at, f"{network.value} is in area {other} already; a prefix is in one")
                continue
            positions.put(network.at, "node", node.name, "ospf", network.value)
            areas.setdefault(area, []).append(network.value)
    return Ospf(
        areas=tuple(
            OspfArea(area=area, networks=tuple(dict.fromkeys(networks)))
            for area, networks in areas.items()
            if area is not None
        ),
        redistribute=CONNECTED,
    )


def _written_bgp(node: NodeDraft, record: Record, positions: Positions, report: Report) -> Bgp | None:
    entries = list(_by_as(record.get(RouterKeys.bgp, []), report))
    if len(entries) > 1:
        others = ", ".join(str(asn.value) for asn, _ in entries)
        report.error(entries[1][0].at, f"a node has one AS; this one has {len(entries)} ({others})")
    if not entries:
        return None
    asn, written = entries[0]
    positions.put(asn.at, "node", node.name, "bgp")
    neighbors = written.get(BgpAsKeys.neighbors, [])
    check_once(neighbors, report)
    peers = [peer for item in neighbors if (peer := written_peer(node, item, positions, report))]
    announced = announcements(node, written, positions)
    bgp = Bgp(asn=asn.value, peers=tuple(peers), redistribute=CONNECTED)
    return msgspec.structs.replace(bgp, **announced)


def announcements(node: NodeDraft, record: Record, positions: Positions) -> dict[str, object]:
    """Return what a record says of a router's BGP besides its peers, and remember where."""
    key = ("node", node.name, "bgp")
    found: dict[str, object] = {}
    if (networks := record.get(BgpKeys.networks)) is not None:
        found["networks"] = values(networks)
        for item in networks:
            positions.put(item.at, *key, "networks", item.value)
    if (sources := record.get(BgpKeys.redistribute)) is not None:
        found["redistribute"] = values(sources)
        for source in sources:
            positions.put(source.at, *key, "redistribute", source.value)
    if BgpKeys.maximum_paths in record:
        found["maximum_paths"] = record.get(BgpKeys.maximum_paths)
        positions.put(record.position(BgpKeys.maximum_paths), *key, "maximum_paths")
    return found


def _by_as(written: ByAs, report: Report) -> Iterator[tuple[Written[int], Record]]:
    for entry in written:
        if not isinstance(entry, Written):
            yield entry
        elif (asn := entry.value.get(BgpAsKeys.as_)) is not None:
            yield Written(asn, entry.value.position(BgpAsKeys.as_)), entry.value
        elif not entry.value.has(BgpAsKeys.as_):
            report.error(entry.value.at, "`As` is required: the AS number")


def check_once(peers: list[Written[Record]], report: Report) -> None:
    """Record peers of a list that are defined twice, or that say both an address and a node."""
    first: dict[IpAddress | str, Position] = {}
    for item in peers:
        record = item.value
        if record.has(PeerKeys.peer) and record.has(PeerKeys.node):
            report.error(record.position(PeerKeys.node), "one of `node` and `peer` is required, not both")
        who = record.get(PeerKeys.peer) or record.get(PeerKeys.node)
        at = record.position(PeerKeys.peer if PeerKeys.peer in record else PeerKeys.node)
        if who is not None and (other := first.setdefault(who, at)) is not at:
            line = report.source_line(other.line)
            report.error(at, f"the peer {who} is defined twice; the first is in line {line}")


def written_peer(
    node: NodeDraft, written: Written[Record], positions: Positions, report: Report
) -> BgpPeer | None:
    """Return the peer of a record that gives its address, or None; one that gives nothing is reported."""
    record = written.value
    address = record.get(PeerKeys.peer)
    if address is None:
        if not record.has(PeerKeys.peer) and not record.has(PeerKeys.node):
            report.error(record.at, "`Peer` is required: the peer's address")
        return None
    key = ("node", node.name, "bgp", "peer", address)
    positions.put(record.position(PeerKeys.peer), *key)
    positions.put(record.position(PeerKeys.remote_as), *key, "asn")
    positions.put(record.position(PeerKeys.keepalive_s), *key, "keepalive_s")
    if record.get(PeerKeys.external):
        positions.put(record.at, *key, "external")
    peer = BgpPeer(address=address, peer_asn=record.get(PeerKeys.remote_as, 0))
    return msgspec.structs.replace(peer, **peer_options(record, address))


_OPTIONS: tuple[AnyKey, ...] = (
    PeerKeys.next_hop_self,
    PeerKeys.route_reflector_client,
    PeerKeys.password,
    PeerKeys.update_source,
    PeerKeys.ebgp_multihop,
    PeerKeys.keepalive_s,
    PeerKeys.hold_time_s,
    PeerKeys.description,
)


def peer_options(record: Record, address: IpAddress) -> dict[str, object]:
    """Return the options of a session that the record says, by the names that the model has for them."""
    options: dict[str, object] = {key.name: record.get(key) for key in _OPTIONS if key in record}
    return options | {"families": values(record.get(PeerKeys.families)) or (f"ipv{address.version}",)}
