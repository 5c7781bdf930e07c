"""OSPF of every router: what it says in full, and what the short form derives from links and networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

import msgspec

from nlan.interfaces import LOOPBACK
from nlan.model.codec import IpInterface, IpNetwork
from nlan.schema.resolving.drafts import End, NodeDraft, Segment
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import values
from nlan.schema.written.sections import Record
from nlan.services.router.model import Ospf, OspfArea, OspfInterface
from nlan.services.router.resolving.draft import CONNECTED, loopbacks_of, routing_of
from nlan.services.router.written import EndKeys, LabKeys, NodeKeys, OspfKeys, SegmentKeys

_ZERO = IPv4Address(0)


def ospf_written(node: NodeDraft, settings: Settings) -> bool | IPv4Address | Record:
    """Return what the node, else the lab, says of OSPF; False where it runs none."""
    written = node.written.get(NodeKeys.ospf, settings.written.get(LabKeys.ospf) if node.is_router else None)
    return False if written is None else written


def derive_ospf(node: NodeDraft, settings: Settings) -> None:
    """Give a router its OSPF."""
    draft = routing_of(node)
    if draft.router is None:
        return
    written = ospf_written(node, settings)
    full = draft.router.ospf
    if full is not None:
        interfaces = tuple(_written_interfaces(node, full))
        ospf = msgspec.structs.replace(full, interfaces=interfaces)
    elif written is not False:
        ospf = _derived_ospf(node, written)
    else:
        return
    draft.router = msgspec.structs.replace(draft.router, ospf=ospf)


def _written_interfaces(node: NodeDraft, ospf: Ospf) -> Iterable[OspfInterface]:
    networks = [network for area in ospf.areas for network in area.networks]
    for segment, end in node.ends:
        if any(_covers(network, value) for network in networks for value in end.addresses):
            yield _interface(segment, end, _is_passive(end), _cost(segment, end))
    for name, addresses in _host_lans(node):
        if any(_covers(network, value) for network in networks for value in addresses):
            yield OspfInterface(name=name, passive=True)


def _host_lans(node: NodeDraft) -> Iterator[tuple[str, list[IpInterface]]]:
    """Yield the node's interfaces that only hosts are behind."""
    yield from ((name, addresses) for name, addresses in node.stubs.items() if name != LOOPBACK)


def _covers(network: IpNetwork, interface: IpInterface) -> bool:
    return network.version == interface.version and interface.ip in network


def _interface(segment: Segment, end: End, passive: bool, cost: int | None) -> OspfInterface:
    two = len(segment.ends) == 2 and not passive
    return OspfInterface(name=end.interface, point_to_point=two, cost=cost, passive=passive)


def _is_passive(end: End) -> bool:
    return end.written.get(EndKeys.passive, False)


def _cost(segment: Segment, end: End) -> int | None:
    return end.written.get(EndKeys.cost, segment.written.get(SegmentKeys.cost))


def _derived_ospf(node: NodeDraft, written: bool | IPv4Address | Record) -> Ospf:
    options = written if isinstance(written, Record) else Record(node.at)
    spoken = list(_spoken(node))
    home = _home(node, [area for area, _, _ in spoken])
    areas: dict[IPv4Address, list[IpNetwork]] = {home: [value.network for value in loopbacks_of(node)]}
    interfaces = []
    for area, segment, end in spoken:
        areas.setdefault(area, []).extend(value.network for value in end.addresses)
        passive = _is_passive(end) or not _ospf_others(node, segment)
        cost = _cost(segment, end) or options.get(OspfKeys.cost)
        interfaces.append(_interface(segment, end, passive, cost))
    for name, addresses in _host_lans(node):
        areas[home].extend(value.network for value in addresses)
        interfaces.append(OspfInterface(name=name, passive=True))
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

    Alone in a backbone of its own, a loopback would be announced to nobody in the real one.
    """
    written, home = node.written.get(NodeKeys.ospf), routing_of(node).ospf_area or _ZERO
    is_written = isinstance(written, IPv4Address) or (
        isinstance(written, Record) and OspfKeys.area in written
    )
    return home if is_written or not areas or home in areas else areas[0]


def _spoken(node: NodeDraft) -> Iterator[tuple[IPv4Address, Segment, End]]:
    """Yield the segments that OSPF runs on, each with its area and the node's end."""
    own = routing_of(node).ospf_area or _ZERO
    for segment, end in node.ends:
        written = segment.written.get(SegmentKeys.ospf)
        if written is not False and (written or _is_spoken_unasked(node, segment)):
            yield written if isinstance(written, IPv4Address) else own, segment, end


def _is_spoken_unasked(node: NodeDraft, segment: Segment) -> bool:
    """Whether OSPF runs here unasked: not towards other ASes alone, and passively where only hosts are."""
    others = [end.node for end in segment.ends if end.node is not node]
    routers = [other for other in others if other.is_router or routing_of(other).router]
    return not routers or any(_has_ospf(other) and not _is_border(node, other) for other in routers)


def _is_border(node: NodeDraft, other: NodeDraft) -> bool:
    """Whether an eBGP session is between the two; a router without an AS has an IGP alone."""
    own, theirs = routing_of(node).asn, routing_of(other).asn
    return own is not None and theirs is not None and own != theirs


def _ospf_others(node: NodeDraft, segment: Segment) -> bool:
    return any(end.node is not node and _has_ospf(end.node) for end in segment.ends)


def _has_ospf(node: NodeDraft) -> bool:
    draft = routing_of(node)
    return draft.ospf_area is not None or (draft.router is not None and draft.router.ospf is not None)
