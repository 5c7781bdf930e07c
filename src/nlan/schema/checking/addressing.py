"""Addresses and prefixes of the lab, judged by the segment that they are on.

One segment has each address once. Elsewhere the same address or an overlapping prefix may be meant:
an anycast loopback, an interface that borrows its loopback's address, sites that do not touch. What is
doubtful there is a warning, and what no packet can be meant for is silent.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from ipaddress import ip_interface

from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.model.segments import Holders, Segment, Segments
from nlan.schema.resolving.contributors import CheckedLab, Contributor, Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report
from nlan.values import MTU_IPV6


def check_addresses(checked: CheckedLab, services: Iterable[Contributor]) -> None:
    """Record addresses that are defined twice on a segment, and prefixes that overlap.

    Link-local ones mean nothing beyond their link.
    """
    lab, segments, holders, positions, report = checked
    every = (item for node in lab.nodes for item in _held(node, segments, positions, services))
    held = [item for item in every if not item.interface.is_link_local]
    _duplicates(held, positions, report)
    _overlaps(lab, held, holders, positions, report)


def check_mtu(mtu: int, addresses: Iterable[IpInterface], at: Position, report: Report) -> None:
    """Record an MTU below IPv6's least of an interface that has an IPv6 address."""
    if mtu < MTU_IPV6 and any(value.version == 6 for value in addresses):
        report.error(at, too_small(mtu))


def too_small(mtu: int) -> str:
    """Return what is wrong with an MTU that IPv6 cannot have."""
    return f"an MTU of {mtu} is too small for IPv6, which wants {MTU_IPV6} (RFC 8200)"


def parts_of_addresses(values: Iterable[IpInterface], path: PartPath) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where each address of a list stands."""
    for number, value in enumerate(values):
        yield ("address", value), (*path, str(number))


def _held(
    node: Node, segments: Segments, positions: Positions, services: Iterable[Contributor]
) -> Iterator[Held]:
    for interface in node.interfaces:
        key = node.name, interface.name
        yield from held_on(node, interface.addresses, segments.get(key, key), positions)
    for service in services:
        yield from service.held(node, segments, positions)


def held_on(
    node: Node, addresses: Iterable[IpInterface], segment: Segment, positions: Positions
) -> Iterator[Held]:
    """Yield the node's own addresses on a segment."""
    for value in addresses:
        yield Held(value, node.name, node.name, segment, positions.find("node", node.name, "address", value))


def _duplicates(held: list[Held], positions: Positions, report: Report) -> None:
    first: dict[tuple[IpAddress, Segment], Held] = {}
    for item in held:
        other = first.setdefault((item.interface.ip, item.segment), item)
        if other is not item and not (item.shared and other.shared):
            message = f"{item.interface.ip} at {item.holder} stands at {other.holder} too"
            report.error(_second(item, other, positions), f"{message}{_line(other, report)}")


def _second(item: Held, other: Held, positions: Positions) -> Position:
    """Return where an item stands that is the second of two, also where both are of one node."""
    if item.at != other.at:
        return item.at
    again = positions.find("node", item.node, "address", item.interface, "again")
    return again if again.path else item.at


def _line(item: Held, report: Report) -> str:
    return f" (line {report.source_line(item.at.line)})" if item.at.line else ""


# -- prefixes that overlap

Net = tuple[IpNetwork, Held]
"""A prefix, and the first address in it on its segment."""


def _overlaps(lab: Lab, held: list[Held], holders: Holders, positions: Positions, report: Report) -> None:
    """Prefixes that overlap: on one node, on one segment, or where routes lead from one to the other."""
    nets: dict[tuple[IpNetwork, Segment], Held] = {}
    of_node: dict[str, dict[tuple[IpNetwork, Segment], Held]] = {node.name: {} for node in lab.nodes}
    touched: dict[Segment, set[str]] = {}
    for item in held:
        if item.node:
            key = item.interface.network, item.segment
            nets.setdefault(key, item)
            of_node[item.node].setdefault(key, item)
            touched.setdefault(item.segment, set()).add(item.node)
    for node in lab.nodes:
        own = [(network, item) for (network, _), item in of_node[node.name].items()]
        for inner, outer in _nested(own):
            if inner[1].segment != outer[1].segment:
                _at_one_node(inner, outer, positions, report)
    _under(lab, nets, touched, positions, report)
    islands: dict[Hashable, list[Net]] = {}
    for (network, _), item in nets.items():
        islands.setdefault(holders.island(item.node), []).append((network, item))
    for island in islands.values():
        for inner, outer in _nested(island):
            apart = touched[inner[1].segment].isdisjoint(touched[outer[1].segment])
            if apart or inner[1].segment == outer[1].segment:
                _apart(inner, outer, report)


def _nested(nets: list[Net]) -> Iterator[tuple[Net, Net]]:
    """Yield each prefix with those it lies in; of equal ones the later with the first."""
    stack: list[Net] = []
    for net in sorted(nets, key=lambda one: _order(one[0])):
        while stack and not _inside(net[0], stack[-1][0]):
            stack.pop()
        yield from ((net, outer) for outer in stack)
        if not stack or stack[-1][0] != net[0]:
            stack.append(net)


def _order(network: IpNetwork) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def _inside(network: IpNetwork, outer: IpNetwork) -> bool:
    """Tell whether a prefix lies in another; ``subnet_of`` makes four addresses for an answer."""
    if network.version != outer.version or network.prefixlen < outer.prefixlen:
        return False
    rest = outer.max_prefixlen - outer.prefixlen
    return int(network.network_address) >> rest == int(outer.network_address) >> rest


def _is_host(net: Net) -> bool:
    return bool(net[0].prefixlen == net[0].max_prefixlen)


def _is_lo(net: Net) -> bool:
    return isinstance(net[1].segment, tuple) and net[1].segment[0] == "lo"


def _under(
    lab: Lab,
    nets: dict[tuple[IpNetwork, Segment], Held],
    touched: dict[Segment, set[str]],
    positions: Positions,
    report: Report,
) -> None:
    """Nodes on the underlay reach their tunnels' ends by its prefix alone."""
    if lab.underlay is None:
        return
    under = lab.underlay.prefix
    attached = {node.name for node in lab.nodes if node.attached}
    at = positions.find("node", lab.nodes[0].name, "underlay")
    other = under, Held(ip_interface(under), "the underlay", "", "underlay", at)
    for (network, segment), item in nets.items():
        if (_inside(network, under) or _inside(under, network)) and touched[segment] & attached:
            report.error(item.at, _sentence((network, item), other, report))


def _at_one_node(inner: Net, outer: Net, positions: Positions, report: Report) -> None:
    """Two segments of a node: fine where one prefix is a single address, which the node itself has."""
    if _is_host(inner):
        return
    leads = "the longer prefix" if inner[0] != outer[0] else "one of them"
    inner, outer = _by_line(inner, outer)
    at = _second(inner[1], outer[1], positions)
    report.warning(at, f"{_sentence(inner, outer, report)}: packets take {leads}")


def _apart(inner: Net, outer: Net, report: Report) -> None:
    """Segments that no node is on both of, or one segment with prefixes of different length."""
    anycast = inner[0] == outer[0] and _is_host(inner) and _is_lo(inner) and _is_lo(outer)
    one = inner[1].segment == outer[1].segment
    if anycast or (one and _is_host(inner)):
        return
    leads = "the longer prefix" if inner[0] != outer[0] else "the nearer one"
    follows = "its ends should agree" if one else f"routes lead to {leads}"
    inner, outer = _by_line(inner, outer)
    report.warning(inner[1].at, f"{_sentence(inner, outer, report)}: {follows}")


def _by_line(inner: Net, outer: Net) -> tuple[Net, Net]:
    return (outer, inner) if inner[1].at.line < outer[1].at.line else (inner, outer)


def _sentence(one: Net, other: Net, report: Report) -> str:
    same = "is used on two segments" if one[0] == other[0] else f"overlaps {other[0]}"
    return f"{one[0]} of {one[1].holder} {same}, at {other[1].holder} too{_line(other[1], report)}"
