"""GoBGP: a router whose engine it is to the one daemon that speaks BGP for it.

GoBGP knows neither interfaces nor routes of the kernel, so what it announces follows from the model:
what the file names, the prefixes of the node's addresses (``connected``), its static routes
(``static``). It puts no route into the kernel; static routes are the kernel's own.

In a lab a peer that dials by itself is waited for and not dialled: GoBGP holds a lost session idle for
5 s where it dials (``holdtimeIdle``, not to be configured), and takes one that it waits for at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import msgspec

from nlan.engines._routers import HOLD_TIME_S, KEEPALIVE_S, router_id
from nlan.engines.gobgp.resource import GobgpDaemon, LocalPath, sorted_paths
from nlan.kinds.route import Route
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.resources import Key
from nlan.services.node.expand import addresses
from nlan.services.router.model import BgpPeer, Router

STANDARD_HOLD_TIME_S = 90
"""GoBGP's own."""


def gobgp_daemons(
    node: Node,
    timers: Literal["lab", "standard"],
    after: Sequence[Key] = (),
    dialled_by: Collection[IpAddress] = (),
) -> tuple[GobgpDaemon, ...]:
    """Return the node's GoBGP, or nothing where it speaks no BGP.

    Args:
        node: One whose router's engine is GoBGP.
        timers: ``lab`` gives peers short timers unless they have their own.
        after: What should exist before the daemon starts.
        dialled_by: The peers that dial this router by themselves.
    """
    bgp = node.get(Router).bgp
    if bgp is None:
        return ()
    peers = sorted(
        (_resolved(node, bgp.asn, peer, timers) for peer in bgp.peers),
        key=lambda peer: (peer.address.version, int(peer.address)),
    )
    return (
        GobgpDaemon(
            namespace=node.name,
            asn=bgp.asn,
            router_id=router_id(node),
            peers=tuple(peers),
            listens=tuple(peer.address for peer in peers if peer.address in dialled_by),
            paths=local_paths(node),
            after=tuple(after),
        ),
    )


def _resolved(node: Node, asn: int, peer: BgpPeer, timers: Literal["lab", "standard"]) -> BgpPeer:
    """Return the peer as GoBGP takes it: an address to speak from, timers as FRR would have them.

    To an external peer GoBGP is always the next hop itself, whatever is said.
    """
    keepalive, hold = _timers(peer, timers)
    source = peer.update_source and node.address_of(peer.update_source, peer.address.version)
    return msgspec.structs.replace(
        peer,
        keepalive_s=keepalive,
        hold_time_s=hold,
        update_source=str(source) if source else None,
        next_hop_self=peer.next_hop_self and peer.peer_asn == asn,
    )


def _timers(peer: BgpPeer, timers: Literal["lab", "standard"]) -> tuple[int | None, int | None]:
    keepalive, hold = peer.keepalive_s, peer.hold_time_s
    if keepalive is None and hold is None:
        return (KEEPALIVE_S, HOLD_TIME_S) if timers == "lab" else (None, None)
    if hold is None:
        least = HOLD_TIME_S if timers == "lab" else STANDARD_HOLD_TIME_S
        hold = max(least, 3 * (keepalive or 0))
    return hold // 3 if keepalive is None else keepalive, hold


def local_paths(node: Node) -> tuple[LocalPath, ...]:
    """Return what a router announces of its own; redistributed only in families that peers speak."""
    router = node.find(Router)
    if router is None or router.bgp is None:
        return ()
    bgp = router.bgp
    spoken = {family for peer in bgp.peers for family in peer.families} or {"ipv4"}
    found: dict[IpNetwork, LocalPath] = {}
    for prefix in bgp.networks:
        found[prefix] = LocalPath(prefix=prefix)
    for prefix in _redistributed(node, bgp.redistribute):
        if f"ipv{prefix.version}" in spoken:
            found.setdefault(prefix, LocalPath(prefix=prefix, origin="incomplete"))
    return tuple(sorted_paths(found.values()))


def _redistributed(node: Node, sources: Collection[str]) -> Iterator[IpNetwork]:
    if "connected" in sources:
        yield from (address.network for address in addresses(node))
    if "static" in sources:
        yield from (route.prefix for route in node.get(Router).routes)


def static_routes(node: Node) -> Iterator[Route]:
    """Yield a GoBGP router's static routes, which the kernel gets from nlan itself."""
    for route in node.get(Router).routes:
        if route.via is not None:
            interface = node.interface_towards(route.via)
            yield Route(namespace=node.name, prefix=route.prefix, via=route.via, interface=interface)


def dialled_by(node: Node, lab: Lab) -> frozenset[IpAddress]:
    """Return the peers of a node that dial it by themselves and soon: FRR with a lab's timers.

    Of two GoBGP the first by name waits, and the other dials: each holds a peer that it dials idle after
    a loss, and closes what that peer opens meanwhile, so that two that both dial miss each other for long.
    """
    bgp = node.get(Router).bgp
    if lab.timers != "lab" or bgp is None:
        return frozenset()
    peers = {peer.address for peer in bgp.peers}
    mine = {address.ip for address in addresses(node)}
    return frozenset(
        address.ip
        for other in lab.nodes
        if other.name != node.name and _dials(other, mine, waits=other.name < node.name)
        for address in addresses(other)
        if address.ip in peers
    )


def _dials(other: Node, addresses: Collection[IpAddress], *, waits: bool) -> bool:
    """Whether a node dials one of the addresses: FRR unless raw lines may say that it only waits.

    Args:
        other: The node.
        addresses: Those of whom it may dial.
        waits: Whether it waits if it is a GoBGP.
    """
    router = other.find(Router)
    if router is None or router.bgp is None or (router.engine == "gobgp" and waits):
        return False
    raw = router.raw
    if raw is not None and (raw.is_whole or re.search(r"\b(passive|shutdown)\b", raw.text)):
        return False
    return any(peer.address in addresses for peer in router.bgp.peers)
