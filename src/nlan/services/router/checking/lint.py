"""Warnings that know routing: what a lab may well mean, and yet rarely does."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from nlan.interfaces import LOOPBACK
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.model.segments import Segment, Segments
from nlan.schema.checking.folding import Folding
from nlan.schema.resolving.contributors import CheckedLab
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.router.engines import Engines
from nlan.services.router.model import BgpPeer, Ospf, Router


def lint(checked: CheckedLab, engines: Engines) -> None:
    """Record the warnings."""
    warnings = Folding(checked.report, (node.name for node in checked.lab.nodes))
    _ospf(checked.lab, checked.segments, checked.positions, warnings)
    _bgp(checked, warnings, engines)
    for node in checked.lab.nodes:
        _unnumbered(node, checked.positions, checked.report)
    warnings.close()


def _bgp(checked: CheckedLab, report: Folding, engines: Engines) -> None:
    lab, _, holders, positions, _ = checked
    nodes = {node.name: node for node in lab.nodes}
    sessions: dict[tuple[str, str], list[BgpPeer]] = {}  # by speaker and holder of the peer's address
    for node in lab.nodes:
        bgp = node.get(Router).bgp
        for peer in bgp.peers if bgp else ():
            holder = holders.seen_from(node.name, peer.address)
            sessions.setdefault((node.name, holder or ""), []).append(peer)
    for node in lab.nodes:
        router = node.get(Router)
        if router.bgp:
            engine = engines.get(router.engine)  # None: it was installed when the lab was made
            on_kernel = engine is None or engine.installs
            for peer in router.bgp.peers:
                if on_kernel:
                    _source(node, peer, positions, report)
                other = nodes.get(holders.seen_from(node.name, peer.address) or "")
                if other is not None and other is not node:
                    backs = sessions.get((other.name, node.name), [])
                    _session(node, other, peer, backs, positions, report)
            _next_hops(node, positions, report)
            if on_kernel:
                _sources(node, positions, report)


def _session(
    node: Node, other: Node, peer: BgpPeer, backs: list[BgpPeer], positions: Positions, report: Folding
) -> None:
    if other.get(Router).bgp is None:
        return
    at = positions.find("node", node.name, "bgp", "peer", peer.address)
    if not backs:
        message = f"{other.name} does not list {node.name} as a peer: the session never comes up"
        report.warning(at, message)
    elif any(back.password != peer.password for back in backs):
        message = f"{other.name} has another password for this session: it never comes up"
        report.warning(at, message)
    bgp = node.get(Router).bgp
    if not _reaches(node, other, peer.address):
        kind = "iBGP" if bgp and bgp.asn == peer.peer_asn else "eBGP"
        if kind == "iBGP":
            report.warning(at, f"{node.name} has no route to its iBGP peer {peer.address} before BGP is up")
        elif peer.ebgp_multihop is None:
            message = f"the eBGP peer {peer.address} is not on a segment of {node.name}"
            report.warning(at, message, "`ebgp_multihop` allows more than one hop")


def interfaces_of(node: Node) -> list[IpInterface]:
    """Return the node's addresses on segments, with prefix length."""
    return [value for _, value in _on_segments(node)]


def _source(node: Node, peer: BgpPeer, positions: Positions, report: Folding) -> None:
    """A session that is bound to what the node has not."""
    if peer.update_source is None:
        return
    version = peer.address.version
    source = node.address_of(peer.update_source, version)
    if source is None or source not in {value.ip for _, own in node.held() for value in own}:
        at = positions.find("node", node.name, "bgp", "peer", peer.address)
        lacks = f"{node.name} has no IPv{version} address on an interface {peer.update_source}"
        lacks = lacks if source is None else f"{node.name} has no address {source}"
        report.warning(at, f"{lacks}: the session never comes up")


def _reaches(node: Node, other: Node, address: IpAddress) -> bool:
    """Whether something but BGP knows the way: a segment, OSPF at both ends, a static route, raw lines."""
    here, there = node.get(Router), other.find(Router)
    if there is not None and ((here.ospf and there.ospf) or here.raw or there.raw):
        return True
    prefixes = [value.network for value in interfaces_of(node)]
    prefixes += [route.prefix for route in here.routes] if there is not None else []
    return any(prefix.version == address.version and address in prefix for prefix in prefixes)


def _next_hops(node: Node, positions: Positions, report: Folding) -> None:
    """A border router that hands on next hops that nobody inside knows."""
    router = node.find(Router)
    if router is None or router.bgp is None or router.raw:
        return
    bgp = router.bgp
    outside = any(peer.peer_asn != bgp.asn for peer in bgp.peers)
    announced = "connected" in bgp.redistribute or (router.ospf and "connected" in router.ospf.redistribute)
    if not outside or announced:
        return
    for peer in bgp.peers:
        if peer.peer_asn == bgp.asn and not peer.next_hop_self:
            at = positions.find("node", node.name, "bgp", "peer", peer.address)
            message = f"{peer.address} hears of next hops outside the AS that it has no route to"
            report.warning(at, message, "say `next_hop_self: true`, or redistribute `connected`")


def _sources(node: Node, positions: Positions, report: Folding) -> None:
    """A router that shall tell BGP of routes that nobody there learns."""
    router = node.find(Router)
    if router is None or router.bgp is None or router.raw or router.ospf:
        return
    if "ospf" in router.bgp.redistribute:
        at = positions.find("node", node.name, "bgp", "redistribute", "ospf")
        report.warning(at, f"{node.name} runs no OSPF: there is nothing of it to redistribute")


# -- OSPF


def _unnumbered(node: Node, positions: Positions, report: Report) -> None:
    """An interface that borrows an address hears nothing of OSPF through a reverse-path filter."""
    ospf = node.get(Router).ospf
    if ospf is None or node.sysctls.get("net/ipv4/conf/all/rp_filter") == "0":
        return
    spoken = {interface.name for interface in ospf.interfaces if not interface.passive}
    for name, own in node.held():
        single = [value for value in own if value.version == 4]
        if name in spoken and single and all(value.network.prefixlen == 32 for value in single):
            at = positions.find("node", node.name, "address", single[0])
            message = f"{node.name} drops what it hears of OSPF on {name}: of a neighbour beyond its /32"
            hint = "`sysctls: {net.ipv4.conf.all.rp_filter: 0}` lets it pass"
            report.warning(at, f"{message} the reverse-path filter knows no way back", hint)


def _ospf(lab: Lab, segments: Segments, positions: Positions, report: Folding) -> None:
    """Prefixes that no interface has, and segments whose ends are in different areas or subnets."""
    areas: dict[tuple[Segment, int], tuple[str, IPv4Address]] = {}
    subnets: dict[Segment, dict[str, set[IPv4Network]]] = {}
    for node in lab.nodes:
        ospf = node.get(Router).ospf
        if ospf is None:
            continue
        _uncovered(node, ospf, positions, report)
        passive = {interface.name for interface in ospf.interfaces if interface.passive}
        for name, value in _on_segments(node):
            found = None if name in passive else _area(ospf, value)
            if found is None or (node.name, name) not in segments:
                continue
            network, area = found
            segment = segments[node.name, name]
            first, other = areas.setdefault((segment, value.version), (node.name, area))
            if area != other:
                at = positions.find("node", node.name, "ospf", network)
                message = f"{name} is in area {area} here and in {other} at {first}: no adjacency comes up"
                report.warning(at, message)
            elif (
                isinstance(value, IPv4Interface) and value.network.prefixlen < value.max_prefixlen
            ):  # else unnumbered
                subnets.setdefault(segment, {}).setdefault(node.name, set()).add(value.network)
    _subnets(subnets, positions, report)


def _subnets(
    by_segment: dict[Segment, dict[str, set[IPv4Network]]], positions: Positions, report: Folding
) -> None:
    """OSPFv2 routers that hear others and share a subnet with none of them."""
    for subnets in by_segment.values():
        for name, own in subnets.items():
            others = {other: theirs for other, theirs in subnets.items() if other != name}
            if others and not any(own & theirs for theirs in others.values()):
                other, theirs = next(iter(others.items()))
                mine, far = min(own), min(theirs)
                at = positions.find("node", name, "ospf", mine)
                message = f"{name} is in the subnet {mine} here and {other} in {far}: no adjacency comes up"
                report.warning(at, message)


def _on_segments(node: Node) -> Iterator[tuple[str, IpInterface]]:
    """Yield the interface's name and the address of each address but the loopback's."""
    for name, own in node.held():
        if name != LOOPBACK:
            yield from ((name, value) for value in own)


def _area(ospf: Ospf, value: IpInterface) -> tuple[IpNetwork, IPv4Address] | None:
    """Return the longest prefix that covers the address, and its area."""
    covering = [
        (network, area.area)
        for area in ospf.areas
        for network in area.networks
        if network.version == value.version and value.ip in network
    ]
    return max(covering, key=lambda entry: entry[0].prefixlen, default=None)


def _uncovered(node: Node, ospf: Ospf, positions: Positions, report: Folding) -> None:
    held = interfaces_of(node) + list(node.get(Router).loopbacks)
    for area in ospf.areas:
        for network in area.networks:
            if not any(value.version == network.version and value.ip in network for value in held):
                at = positions.find("node", node.name, "ospf", network)
                report.warning(
                    at, f"no interface of {node.name} has an address in {network}: OSPF runs on none"
                )
