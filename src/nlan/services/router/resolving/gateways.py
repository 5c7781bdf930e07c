"""Default routes of plain hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from nlan.model.codec import IpAddress
from nlan.schema.resolving.drafts import End, NodeDraft, Segment
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Written
from nlan.schema.written.common import Hop
from nlan.schema.written.table import NodeKeys
from nlan.services.router.resolving.draft import routing_of


def derive_gateways(nodes: Iterable[NodeDraft], settings: Settings) -> None:
    """Give every plain host its default route: as written, else the first router on its segments."""
    for node in nodes:
        written = node.written.get(NodeKeys.gateway)
        if written is not None:
            settings.positions.put(node.written.position(NodeKeys.gateway), "node", node.name, "gateway")
            node.gateway = tuple(hop for item in written for hop in _written_gateways(node, item, settings))
        elif not node.is_router and routing_of(node).router is None:
            segments = [segment for segment, _ in node.ends if segment.prefixes]
            routers = [
                end for end in _others(node, segments) if end.node.is_router or routing_of(end.node).router
            ]
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
