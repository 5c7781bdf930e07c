"""BGP of the short form: sessions follow from links, networks and AS numbers.

Between ASes a session runs over every shared segment; inside an AS to the route reflectors, or to
every router where there is none, over loopbacks where OSPF carries them, else over a shared segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from nlan.model.codec import IpAddress
from nlan.schema.resolving.drafts import NodeDraft, Segment
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Position, Written, nearest
from nlan.schema.written.addresses import Address
from nlan.schema.written.sections import AnyKey, Record
from nlan.services.router.model import DEFAULT_ENGINE, Bgp, BgpPeer
from nlan.services.router.resolving.draft import CONNECTED, loopbacks_of, routing_of
from nlan.services.router.resolving.full import announcements, check_once, peer_options, written_peer
from nlan.services.router.written import (
    BgpAsKeys,
    BgpKeys,
    LabKeys,
    NodeKeys,
    PeerKeys,
    RouterKeys,
    SegmentKeys,
)

Path = tuple[IpAddress, IpAddress, IpAddress | None, IpAddress | None]
"""A session's ways: own address, the peer's address, own update source, the peer's."""
_OF_BGP: tuple[AnyKey, ...] = (NodeKeys.asn, NodeKeys.bgp, NodeKeys.route_reflector, NodeKeys.engine)
"""What is written in vain of a node that speaks no BGP."""
_OF_SESSIONS: tuple[AnyKey, ...] = (BgpKeys.password, BgpKeys.keepalive_s, BgpKeys.hold_time_s)
"""What is written once for all derived sessions."""


def derive_bgp(wiring: Wiring) -> None:
    """Give every node with an AS its BGP: derived sessions, changed and extended by what it says."""
    _reflectors(wiring)
    speakers = [node for node in wiring.nodes.values() if _speaks(node)]
    for node in wiring.nodes.values():
        _silent(node, wiring)
    for node in speakers:
        _name_peers(node, wiring)
    maker = _Maker(wiring, speakers, {node.name for node in speakers if _derives(node, wiring)})
    for node in speakers:
        _finish(node, maker.sessions(node), wiring)


def _speaks(node: NodeDraft) -> bool:
    draft = routing_of(node)
    return draft.asn is not None and draft.router is not None


def _silent(node: NodeDraft, wiring: Wiring) -> None:
    """Warn of what a node says of BGP where it speaks none."""
    wide = wiring.settings.written.get(LabKeys.bgp)
    if _speaks(node) or node.written.get(NodeKeys.bgp, wide) is False:
        return
    if node.written.has(NodeKeys.asn) and NodeKeys.asn not in node.written:
        return  # what it is could not be read, which is reported already
    is_host = routing_of(node).router is None
    why, hint = ("it is a host", "say `role: router`") if is_host else ("it has no AS", "say `asn`")
    for key in _OF_BGP:
        written, at = node.written.get(key), node.written.position(key)
        if (
            written not in (None, DEFAULT_ENGINE)
            and written is not False
            and not at.path.lower().startswith("defaults.")
        ):
            wiring.report.warning(at, f"{node.name} speaks no BGP, as {why}", hint)


def _reflectors(wiring: Wiring) -> None:
    for item in wiring.settings.written.get(LabKeys.route_reflector, []):
        for name in wiring.known(item.value, item.at):
            routing_of(wiring.nodes[name]).reflector = True


def _options(node: NodeDraft, wiring: Wiring) -> Record:
    own, wide = node.written.get(NodeKeys.bgp), wiring.settings.written.get(LabKeys.bgp)
    record = own if isinstance(own, Record) else Record(node.at)
    return record.over(wide) if isinstance(wide, Record) else record


def _derives(node: NodeDraft, wiring: Wiring) -> bool:
    full = node.written.get(NodeKeys.router)
    short = NodeKeys.asn in node.written or NodeKeys.bgp in node.written
    if full is not None and RouterKeys.bgp in full and not short:
        return False
    return _options(node, wiring).get(BgpKeys.derive, True)


class _Maker:
    """Derives the sessions of all nodes once; hands each node its own."""

    def __init__(self, wiring: Wiring, nodes: list[NodeDraft], deriving: set[str]) -> None:
        self._wiring = wiring
        self._peers: dict[str, dict[IpAddress, BgpPeer]] = {}
        self._external: set[str] = set()
        self._deriving = deriving
        self._ebgp({node.name for node in nodes})
        groups: dict[int, list[NodeDraft]] = {}
        for node in nodes:
            groups.setdefault(routing_of(node).asn or 0, []).append(node)
        for group in groups.values():
            self._ibgp(group)

    def sessions(self, node: NodeDraft) -> tuple[dict[IpAddress, BgpPeer], bool]:
        return self._peers.get(node.name, {}), node.name in self._external

    def _ebgp(self, names: set[str]) -> None:
        for segment in self._wiring.segments:
            ends = [end for end in segment.ends if end.node.name in names] if _derives_on(segment) else []
            for index, a in enumerate(ends):
                for b in ends[index + 1 :]:
                    if routing_of(a.node).asn == routing_of(b.node).asn:
                        continue
                    for version in (4, 6):
                        left, right = a.address(version), b.address(version)
                        if left and right:
                            self._external |= {a.node.name, b.node.name}
                            self._session(a.node, b.node, (left, right, None, None))

    def _session(self, a: NodeDraft, b: NodeDraft, path: Path) -> None:
        left, right, left_source, right_source = path
        ways = ((a, b, left, right, left_source), (b, a, right, left, right_source))
        for node, other, own, address, source in ways:
            if node.name not in self._deriving or not self._wanted(other, own):
                continue
            ours, theirs = routing_of(node), routing_of(other)
            is_client = ours.asn == theirs.asn and ours.reflector and not theirs.reflector
            peer = BgpPeer(
                address=address,
                peer_asn=theirs.asn or 0,
                families=family(address),
                update_source=str(source) if source else None,
                route_reflector_client=is_client,
                description=other.name,
            )
            self._peers.setdefault(node.name, {}).setdefault(address, peer)

    def _wanted(self, other: NodeDraft, address: IpAddress) -> bool:
        """Whether the other end derives this session too, or says it in full."""
        written = routing_of(other).bgp
        return other.name in self._deriving or (
            written is not None and any(p.address == address for p in written.peers)
        )

    def _ibgp(self, group: list[NodeDraft]) -> None:
        reflectors = [node for node in group if routing_of(node).reflector]
        for index, a in enumerate(group):
            for b in group[index + 1 :]:
                if not reflectors or routing_of(a).reflector or routing_of(b).reflector:
                    for path in inner_paths(a, b):
                        self._session(a, b, path)


def family(address: IpAddress) -> tuple[Literal["ipv4", "ipv6"], ...]:
    """Return the family that a session over the address carries."""
    return ("ipv4",) if address.version == 4 else ("ipv6",)


def inner_paths(a: NodeDraft, b: NodeDraft) -> Iterable[Path]:
    """Return the ways of a session inside an AS, one a family."""
    igp = routing_of(a).ospf_area is not None and routing_of(b).ospf_area is not None
    for version in (4, 6):
        left, right = _loopback(a, version), _loopback(b, version)
        shared = None if igp and left and right else _shared(a, b, version)
        if shared:
            yield shared
        elif left and right:
            yield left, right, left, right


def _derives_on(segment: Segment) -> bool:
    return segment.written.get(SegmentKeys.bgp, True)


def _loopback(node: NodeDraft, version: int) -> IpAddress | None:
    return next((value.ip for value in loopbacks_of(node) if value.version == version), None)


def _shared(a: NodeDraft, b: NodeDraft, version: int) -> Path | None:
    for segment, end in a.ends:
        for other in segment.ends:
            if other.node is not b or not _derives_on(segment):
                continue
            left, right = end.address(version), other.address(version)
            if left and right:
                return left, right, None, None
    return None


# -- what a node says of its own


def _name_peers(node: NodeDraft, wiring: Wiring) -> None:
    """Add the sessions that the service `Router` says by the peer's node."""
    written, router = node.written.get(NodeKeys.router), routing_of(node).router
    if written is None or router is None or router.bgp is None:
        return
    peers = {peer.address: peer for peer in router.bgp.peers}
    for entry in written.get(RouterKeys.bgp, [])[:1]:
        record = entry.value if isinstance(entry, Written) else entry[1]
        for item in record.get(BgpAsKeys.neighbors, []):
            name = item.value.get(PeerKeys.node)
            if name is not None and PeerKeys.peer not in item.value:
                _apply_node(node, name, item.value, item.at, peers, wiring)
    bgp = msgspec.structs.replace(router.bgp, peers=tuple(peers.values()))
    routing_of(node).router = msgspec.structs.replace(router, bgp=bgp)


def _finish(node: NodeDraft, sessions: tuple[dict[IpAddress, BgpPeer], bool], wiring: Wiring) -> None:
    derived, external = sessions
    options, router = _options(node, wiring), routing_of(node).router
    if router is None:
        return
    wiring.settings.positions.put(node.written.position(NodeKeys.asn), "node", node.name, "bgp")
    peers = {address: _with_defaults(peer, node, options, external) for address, peer in derived.items()}
    entry: Written[Record] | tuple[Written[str], bool | Record]
    written = options.get(BgpKeys.peers, [])
    check_once([entry for entry in written if isinstance(entry, Written)], wiring.report)
    for entry in written:
        _apply(node, entry, peers, wiring)
    for address in derived if BgpKeys.keepalive_s in options else ():
        key = "node", node.name, "bgp", "peer", address, "keepalive_s"
        wiring.settings.positions.put(options.position(BgpKeys.keepalive_s), *key)
    full = router.bgp or Bgp(asn=routing_of(node).asn or 0, redistribute=CONNECTED)
    peers |= {peer.address: peer for peer in full.peers}
    announced = announcements(node, options, wiring.settings.positions)
    bgp = msgspec.structs.replace(full, peers=tuple(peers.values()), **announced)
    routing_of(node).router = msgspec.structs.replace(router, bgp=bgp)


def _with_defaults(peer: BgpPeer, node: NodeDraft, options: Record, external: bool) -> BgpPeer:
    inner = peer.peer_asn == routing_of(node).asn
    changes: dict[str, object] = {key.name: options.get(key) for key in _OF_SESSIONS if key in options}
    if inner and options.get(BgpKeys.next_hop_self, external):
        changes["next_hop_self"] = True
    return msgspec.structs.replace(peer, **changes) if changes else peer


def _apply(
    node: NodeDraft,
    entry: Written[Record] | tuple[Written[str], bool | Record],
    peers: dict[IpAddress, BgpPeer],
    wiring: Wiring,
) -> None:
    """Change, add or drop sessions as one entry of `bgp.peers` says."""
    record: bool | Record
    if isinstance(entry, Written):
        record, at = entry.value, entry.value.at
        who = entry.value.get(PeerKeys.peer) or entry.value.get(PeerKeys.node)
    else:
        record, at, who = entry[1], entry[0].at, _who(entry[0].value)
        _named_twice(entry[0].value, record, wiring)
    if who is None:
        return wiring.report.error(at, "one of `node` and `peer` is required")
    if isinstance(who, str):
        return _apply_node(node, who, record, at, peers, wiring)
    if record is False:
        peers.pop(who, None)
    else:
        record = record.over(Record(record.at)) if isinstance(record, Record) else Record(at)
        record.values[PeerKeys.peer.name] = who
        new = written_peer(node, Written(record, at), wiring.settings.positions, wiring.report)
        if new and who in peers:
            new = _changed(peers[who], record)
        if new:
            peers[who] = new
    return None


def _named_twice(name: str, record: bool | Record, wiring: Wiring) -> None:
    """Record that an entry by a peer's name or address says once more who the peer is."""
    for key in (PeerKeys.node, PeerKeys.peer):
        if isinstance(record, Record) and record.has(key):
            wiring.report.error(record.position(key), f"`{name}` says already who the peer is")


def _who(name: str) -> IpAddress | str:
    try:
        return Address().parse(name, plain=True)
    except ValueError:
        return name


def _apply_node(
    node: NodeDraft,
    name: str,
    record: bool | Record,
    at: Position,
    peers: dict[IpAddress, BgpPeer],
    wiring: Wiring,
) -> None:
    other = wiring.nodes.get(name)
    if other is None:
        wiring.report.error(at, f"no node is called `{name}`", nearest(name, wiring.nodes))
        return
    mine = [address for address, peer in peers.items() if peer.description == name]
    if record is False:
        for address in mine:
            del peers[address]
        return
    asn = routing_of(other).asn
    if asn is None or other is node:
        wiring.report.error(
            at, f"`{name}` speaks no BGP" if other is not node else "a node is no peer of itself"
        )
        return
    options = record if isinstance(record, Record) else Record(at)
    if not mine:
        for path in inner_paths(node, other):
            peer = BgpPeer(address=path[1], peer_asn=asn, description=name, families=family(path[1]))
            peers[path[1]] = msgspec.structs.replace(peer, update_source=str(path[2]) if path[2] else None)
            mine.append(path[1])
    for address in mine:
        key = "node", node.name, "bgp", "peer", address
        wiring.settings.positions.put(at, *key)
        if options.has(PeerKeys.keepalive_s):
            wiring.settings.positions.put(options.position(PeerKeys.keepalive_s), *key, "keepalive_s")
        peers[address] = _changed(peers[address], options)


def _changed(peer: BgpPeer, record: Record) -> BgpPeer:
    options = peer_options(record, peer.address)
    if PeerKeys.families not in record:
        del options["families"]
    if (asn := record.get(PeerKeys.remote_as)) is not None:
        options["peer_asn"] = asn
    return msgspec.structs.replace(peer, **options)
