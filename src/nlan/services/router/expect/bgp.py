"""BGP (RFC 4271, 4456): which sessions come up, and which prefixes each router learns.

A path-vector computation over the sessions: the shortest AS path wins, iBGP
routes are passed on by route reflectors alone, a route whose next hop the
router cannot reach is not used.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

import msgspec

from nlan.expect.converged import Session
from nlan.model import Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.services.node.expand import addresses
from nlan.services.router.expect.topology import Routed, described
from nlan.services.router.model import Bgp, BgpPeer, Router

Known = Mapping[str, frozenset[IpNetwork]]


class _Edge(msgspec.Struct, frozen=True):
    """A session as routes travel over it, from `node` to `to`; `own` is the sender's address.

    `from_client`: the receiver takes the sender for its route reflector client.
    """

    node: str
    to: str
    own: IpAddress
    external: bool
    next_hop_self: bool
    to_client: bool
    from_client: bool
    families: frozenset[int]


class _Route(msgspec.Struct, frozen=True):
    path: tuple[int, ...]
    next_hop: IpAddress | None
    internal: bool
    from_client: bool


def speaker(node: Node) -> Bgp | None:
    """Return the node's BGP, or None where the model has none."""
    router = described(node)
    return router.bgp if router is not None else None


def sessions(topology: Routed, known: Known) -> list[Session]:
    """Return both ends of every session that both sides describe and whose addresses are reachable.

    Args:
        topology: Of the lab.
        known: Prefixes that each router learns by other means (OSPF); static routes are followed besides.
    """
    return sorted(Session(e.node, str(p.address), e.to) for e, p in _edges(topology, known))


def learned(topology: Routed, known: Known) -> dict[str, frozenset[IpNetwork]]:
    """Return the prefixes that each router installs from BGP."""
    edges: dict[str, list[_Edge]] = defaultdict(list)
    for edge, _ in _edges(topology, known):
        edges[edge.node].append(edge)
    found: dict[str, set[IpNetwork]] = defaultdict(set)
    for origins, prefixes in _by_origins(topology).items():
        for version in (4, 6):
            mine = {prefix for prefix in prefixes if prefix.version == version}
            for node in _spread(topology, edges, known, origins, version) if mine else ():
                found[node] |= mine
    return {
        node: frozenset(prefixes - topology.connected[node] - known.get(node, frozenset()))
        for node, prefixes in found.items()
        if topology.installs(node)
    }


def _by_origins(topology: Routed) -> dict[frozenset[str], set[IpNetwork]]:
    origins: dict[IpNetwork, set[str]] = defaultdict(set)
    for name, node in topology.nodes.items():
        for prefix in _originated(topology, node):
            origins[prefix].add(name)
    groups: dict[frozenset[str], set[IpNetwork]] = defaultdict(set)
    for prefix, names in origins.items():
        groups[frozenset(names)].add(prefix)
    return groups


def _originated(topology: Routed, node: Node) -> Iterable[IpNetwork]:
    engine = topology.engines.of(node)
    return engine.announces(node) if engine is not None and speaker(node) is not None else ()


def _meant(topology: Routed) -> Iterator[tuple[Node, Bgp, BgpPeer, Node]]:
    """Yield the sessions that the model means: speaker, peer, and the node that holds the peer's address."""
    for name, node in topology.nodes.items():
        bgp = speaker(node)
        for peer in bgp.peers if bgp is not None else ():
            other = topology.holders.seen_from(name, peer.address)
            if bgp is not None and other is not None and other != name:
                yield node, bgp, peer, topology.nodes[other]


def _edges(topology: Routed, known: Known) -> Iterator[tuple[_Edge, BgpPeer]]:
    for node, bgp, peer, other in _meant(topology):
        edge = _edge(topology, known, node, bgp, peer, other)
        if edge is not None:
            yield edge, peer


def hindered(
    topology: Routed, known: Known, up: Container[tuple[str, str]]
) -> Iterator[tuple[str, str, int, str, str]]:
    """Yield the sessions that the file means and that cannot come up.

    Args:
        topology: Of the lab.
        known: Prefixes that each router learns by any means.
        up: Speaker and peer's address of the sessions that come up.

    Yields:
        Speaker, the peer's node, IP version, the cause in words that others share, and in full.
    """
    is_routed_by_raw = any(node.get(Router).raw for node in topology.nodes.values())
    for node, bgp, peer, other in _meant(topology):
        is_raw = topology.raw.speaks(node.name, "bgp") or topology.raw.speaks(other.name, "bgp")
        if (node.name, str(peer.address)) in up or is_raw:
            continue
        found = _hindrance(topology, known, node, bgp, peer, other)
        if found is not None and not (found.is_of_routing and is_routed_by_raw):
            yield node.name, other.name, peer.address.version, found.cause, found.detail


class _Hindrance(NamedTuple):
    """Why a session cannot come up; `is_of_routing`: for want of a route, which something else may bring."""

    cause: str
    detail: str
    is_of_routing: bool = False


def _hindrance(
    topology: Routed, known: Known, node: Node, bgp: Bgp, peer: BgpPeer, other: Node
) -> _Hindrance | None:
    theirs, back = speaker(other), _answer(topology, node, peer, other)
    if theirs is None:
        return _Hindrance(
            "the peer speaks no BGP", f"{other.name}, which holds {peer.address}, speaks no BGP"
        )
    if back is None:
        return _Hindrance("the peer does not list it", f"{other.name} does not list {node.name} as a peer")
    for asked, asn, by, whose in (
        (peer.peer_asn, theirs.asn, node, other),
        (back.peer_asn, bgp.asn, other, node),
    ):
        if asked != asn:
            detail = f"{by.name} takes {whose.name} for AS {asked}, and it is AS {asn}"
            return _Hindrance("the AS differs", detail)
    if peer.password != back.password:
        return _Hindrance("the password differs", f"{node.name} and {other.name} have not the same password")
    external = bgp.asn != theirs.asn
    for end, whom, far in ((peer, node, other), (back, other, node)):
        if (found := _unreached(topology, known, whom, end, far, external=external)) is not None:
            return found
    return None


def _unreached(
    topology: Routed, known: Known, node: Node, peer: BgpPeer, other: Node, *, external: bool
) -> _Hindrance | None:
    connected_only = external and peer.ebgp_multihop is None
    if _reaches(topology, known, node.name, peer.address, connected_only):
        return None
    if connected_only:
        detail = (
            f"{peer.address} of {other.name} is on no segment of {node.name}, and there is no `ebgp_multihop`"
        )
        return _Hindrance("more than one hop", detail)
    return _Hindrance("no route to the peer", f"{node.name} has no route to {peer.address}", True)


def _edge(topology: Routed, known: Known, node: Node, bgp: Bgp, peer: BgpPeer, other: Node) -> _Edge | None:
    theirs, back = speaker(other), _answer(topology, node, peer, other)
    if theirs is None or back is None or _hindrance(topology, known, node, bgp, peer, other) is not None:
        return None
    if topology.raw.decides(node.name, peer.address) or topology.raw.decides(other.name, back.address):
        return None
    version = {4 if family == "ipv4" else 6 for family in peer.families if family in back.families}
    return _Edge(
        node=node.name,
        to=other.name,
        own=back.address,
        external=bgp.asn != theirs.asn,
        next_hop_self=peer.next_hop_self,
        to_client=peer.route_reflector_client,
        from_client=back.route_reflector_client,
        families=frozenset(version & ({4, 6} if peer.address.version == 6 else {4})),  # RFC 8950
    )


def _answer(topology: Routed, node: Node, peer: BgpPeer, other: Node) -> BgpPeer | None:
    """Return the other side's description of the session, or None.

    One of the two connects from the address by which the other knows it; where the model does not tell from
    which it connects, it may be that one.
    """
    theirs = speaker(other)
    backs = [
        back
        for back in (theirs.peers if theirs is not None else ())
        if topology.holders.seen_from(other.name, back.address) == node.name
        and back.address.version == peer.address.version
    ]
    own = _source(node, peer)
    fitting = [back for back in backs if back.address == own]
    fitting += [back for back in backs if _source(other, back) == peer.address]
    fitting += [back for back in backs if own is None or _source(other, back) is None]
    return fitting[0] if fitting else None


def _source(node: Node, peer: BgpPeer) -> IpAddress | None:
    """Return the address that the node connects to the peer from, None where routing decides."""
    version = peer.address.version
    if peer.update_source is not None:
        return node.address_of(peer.update_source, version)
    near = (a.ip for a in addresses(node) if a.version == version and peer.address in a.network)
    return next(near, None)


def _reaches(topology: Routed, known: Known, node: str, address: IpAddress, connected_only: bool) -> bool:
    if topology.is_connected(node, address):
        return True
    if connected_only:
        return False
    return _knows(known, node, address) or _is_led(topology, known, node, address)


def _is_led(topology: Routed, known: Known, node: str, address: IpAddress) -> bool:
    """Tell whether static routes lead there, from router to router, or to one that knows the way."""
    seen = {node}
    while (hop := topology.static_hop(node, address)) is not None:
        following = topology.holders.seen_from(node, hop)
        if following is None or following in seen:
            return False
        if topology.is_connected(following, address) or _knows(known, following, address):
            return True
        seen.add(following)
        node = following
    return False


def _knows(known: Known, node: str, address: IpAddress) -> bool:
    return any(address in p for p in known.get(node, ()) if p.version == address.version)


def _spread(
    topology: Routed,
    edges: Mapping[str, list[_Edge]],
    known: Known,
    origins: frozenset[str],
    version: int,
) -> set[str]:
    """Return the routers that a prefix of these origins reaches, without the origins."""
    order = count()
    queue: list[tuple[int, bool, int, str, _Route]] = []
    for name in sorted(origins):
        heapq.heappush(queue, (0, False, next(order), name, _Route((), None, False, False)))
    have: dict[str, _Route] = {}
    while queue:
        *_, name, route = heapq.heappop(queue)
        if name in have:
            continue
        have[name] = route
        for edge in edges.get(name, ()):
            if edge.to not in have and version in edge.families:
                offered = _offer(topology, known, edge, route)
                if offered is not None:
                    entry = (len(offered.path), offered.internal, next(order), edge.to, offered)
                    heapq.heappush(queue, entry)
    return have.keys() - origins


def _offer(topology: Routed, known: Known, edge: _Edge, route: _Route) -> _Route | None:
    """Return the route as it arrives at the other end, or None where it is not sent or not used."""
    bgp, theirs = speaker(topology.nodes[edge.node]), speaker(topology.nodes[edge.to])
    assert bgp is not None
    assert theirs is not None
    if edge.external:
        path = (bgp.asn, *route.path)
        return None if theirs.asn in path else _Route(path, edge.own, False, False)
    if route.internal and not (route.from_client or edge.to_client):
        return None
    reflected = route.internal
    own = route.next_hop is None or (edge.next_hop_self and not reflected)
    next_hop = edge.own if own else route.next_hop
    if (
        next_hop is not None
        and topology.installs(edge.to)
        and not _reaches(topology, known, edge.to, next_hop, False)
    ):
        return None
    return _Route(route.path, next_hop, True, edge.from_client)
