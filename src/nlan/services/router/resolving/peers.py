"""What a BGP peer's address tells: whose it is, and so its AS."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nlan.model.codec import IpAddress
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.settings import Settings
from nlan.services.router.model import BgpPeer, Raw
from nlan.services.router.resolving.draft import routing_of


def fill_peers(nodes: dict[str, NodeDraft], settings: Settings) -> None:
    """Give every session the AS and the name of the node that holds its address, where it says none."""
    if not any(routing_of(node).bgp for node in nodes.values()):
        return
    holders: dict[IpAddress, list[NodeDraft]] = {}
    for node in nodes.values():
        for ip in _own(node):
            holders.setdefault(ip, []).append(node)
    for node in nodes.values():
        router = routing_of(node).router
        if router is not None and router.bgp is not None:
            peers = tuple(_filled(node, peer, holders, settings) for peer in router.bgp.peers)
            bgp = msgspec.structs.replace(router.bgp, peers=peers)
            routing_of(node).router = msgspec.structs.replace(router, bgp=bgp)


def _own(node: NodeDraft) -> Iterable[IpAddress]:
    yield from (value.ip for _, end in node.ends for value in end.addresses)
    yield from (value.ip for addresses in node.stubs.values() for value in addresses)
    if node.attached and node.underlay:
        yield node.underlay.ip


def _filled(
    node: NodeDraft, peer: BgpPeer, holders: dict[IpAddress, list[NodeDraft]], settings: Settings
) -> BgpPeer:
    other = _holder(node, peer.address, holders)
    changes: dict[str, object] = {}
    if peer.peer_asn == 0:
        key = ("node", node.name, "bgp", "peer", peer.address)
        if other is not None and routing_of(other).asn is not None:
            changes["peer_asn"] = routing_of(other).asn
        elif settings.positions.has(*key, "external"):
            settings.report.error(
                settings.positions.find(*key), "`RemoteAs` is required: the peer is not of this lab"
            )
        elif other is not None and (raw := _raw(other)) is not None:
            message = f"`RemoteAs` is required: the AS of {other.name} is in its own {raw.title} lines"
            settings.report.error(settings.positions.find(*key), message)
    if peer.description is None and other is not None:
        changes["description"] = other.name
    return msgspec.structs.replace(peer, **changes) if changes else peer


def _raw(node: NodeDraft) -> Raw | None:
    router = routing_of(node).router
    return router.raw if router is not None else None


def _holder(
    node: NodeDraft, address: IpAddress, holders: dict[IpAddress, list[NodeDraft]]
) -> NodeDraft | None:
    """Return who holds the address: a neighbour on a segment, where several do."""
    found = holders.get(address, [])
    if len(found) > 1:
        ends = (end for segment, _ in node.ends for end in segment.ends if end.node is not node)
        near = (end.node for end in ends if any(value.ip == address for value in end.addresses))
        return next(near, next((other for other in found if other is not node), found[0]))
    return found[0] if found else None
