"""What cannot be of routing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from ipaddress import IPv4Address, IPv4Interface

from nlan.model import Lab, Node
from nlan.model.codec import IpAddress
from nlan.model.segments import Holders
from nlan.schema.resolving.contributors import CheckedLab
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.router.checking.lint import lint
from nlan.services.router.engines import Engines, installed
from nlan.services.router.model import BgpPeer, Router


def check(checked: CheckedLab) -> None:
    """Record what is wrong or rarely meant."""
    lab, _, holders, positions, report = checked
    engines = installed()
    for node in lab.nodes:
        _hops(node, positions, report)
        _timers(node, positions, report)
        _doubles(node, positions, report)
        for engine in engines.values():
            engine.check(node, positions, report)
    _router_ids(lab, holders, positions, report)
    _peers(checked, engines)
    lint(checked, engines)


# -- one node


def _hops(node: Node, positions: Positions, report: Report) -> None:
    """Next hops: on a segment, of the route's family, and one default route of each."""
    for route in node.get(Router).routes:
        at = positions.find("node", node.name, "route", route.prefix)
        if route.via is not None and route.via.version != route.prefix.version:
            report.error(
                at, f"{route.via} is no next hop for {route.prefix}, which is IPv{route.prefix.version}"
            )
        if bool(route.via or route.interface) == route.blackhole:
            report.error(at, f"the route to {route.prefix} wants a next hop or an interface, or `blackhole`")


def _doubles(node: Node, positions: Positions, report: Report) -> None:
    """What is defined twice in a router: no file says it so far, but a change of the model may."""
    router = node.find(Router)
    peers = Counter(peer.address for peer in router.bgp.peers) if router and router.bgp else {}
    for address in (address for address, count in peers.items() if count > 1):
        at = positions.find("node", node.name, "bgp", "peer", address)
        report.error(at, f"the peer {address} is defined twice in {node.name}")
    areas = router.ospf.areas if router and router.ospf else ()
    networks = Counter(network for area in areas for network in area.networks)
    for network in (network for network, count in networks.items() if count > 1):
        at = positions.find("node", node.name, "ospf", network)
        report.error(at, f"{network} is defined twice in the OSPF areas of {node.name}")


def _timers(node: Node, positions: Positions, report: Report) -> None:
    """A peer whose keepalives come later than the hold time allows."""
    bgp = node.get(Router).bgp
    for peer in bgp.peers if bgp else ():
        if peer.keepalive_s and peer.hold_time_s and peer.keepalive_s > peer.hold_time_s:
            at = positions.find("node", node.name, "bgp", "peer", peer.address, "keepalive_s")
            message = f"keepalives every {peer.keepalive_s} s cannot keep a hold time of {peer.hold_time_s} s"
            report.error(at, message, "RFC 4271 suggests a third of it")


# -- across nodes


def _router_ids(lab: Lab, holders: Holders, positions: Positions, report: Report) -> None:
    """Routers with one router ID: no OSPF and no AS has it twice, other ASes may (RFC 2328, RFC 6286)."""
    seen: dict[tuple[IPv4Address, Hashable], dict[Hashable, str]] = {}
    for node in lab.nodes:
        router = node.find(Router)
        if router is None or not (router.bgp or router.ospf):
            continue
        first = _first_ipv4(node)
        value, hint = router.router_id, ""
        at = positions.find("node", node.name, "router_id")
        if value is None and first is not None:
            value, hint = first.ip, "it is their first address; say `router_id` at one of them"
            at = positions.find("node", node.name, "address", first)
        elif value is None:
            continue
        others = seen.setdefault((value, holders.island(node.name)), {})
        domains: list[Hashable] = [
            *(["ospf"] if router.ospf else []),
            *([router.bgp.asn] if router.bgp else []),
        ]
        if (other := next((others[domain] for domain in domains if domain in others), None)) is not None:
            report.error(at, f"{node.name} and {other} both have the router ID {value}", hint)
        elif (other := next(iter(others.values()), None)) is not None:
            report.warning(at, f"{node.name} and {other}, of another AS, have the router ID {value}", hint)
        others |= {domain: node.name for domain in domains if domain not in others}


def _first_ipv4(node: Node) -> IPv4Interface | None:
    """Return what a router takes for its ID where none is written."""
    return next((value for _, own in node.held() for value in own if isinstance(value, IPv4Interface)), None)


def _peers(checked: CheckedLab, engines: Engines) -> None:
    lab, _, holders, positions, report = checked
    nodes = {node.name: node for node in lab.nodes}
    hosts = {
        value.ip for node in lab.nodes for own, _ in node.hosts() for value in own if not value.is_link_local
    }
    for node in lab.nodes:
        bgp = node.get(Router).bgp
        for peer in bgp.peers if bgp else ():
            key = ("node", node.name, "bgp", "peer", peer.address)
            if positions.has(*key, "external"):
                continue
            holder = holders.seen_from(node.name, peer.address)
            if holder is not None:
                _peer(node, nodes[holder], peer, key, positions, report, engines)
            elif peer.address in hosts:
                report.error(
                    positions.find(*key), f"{peer.address} is a host's address, and hosts speak no BGP"
                )
            else:
                hint = _near(peer.address, holders)
                report.error(positions.find(*key), f"no node of the lab has the address {peer.address}", hint)


def _near(address: IpAddress, holders: Holders) -> str:
    """Suggest the router's address that differs from it least, in the same /24 or /64."""
    width = 8 if address.version == 4 else 64
    near = [
        (abs(int(other) - int(address)), other)
        for other in holders
        if other.version == address.version and int(other) >> width == int(address) >> width
    ]
    if not near:
        return "`external: true` says that the peer is not of this lab"
    best = min(near)[1]
    return f"did you mean {best}, which {holders.any(best)} has?"


def _peer(
    node: Node,
    other: Node,
    peer: BgpPeer,
    key: tuple[Hashable, ...],
    positions: Positions,
    report: Report,
    engines: Engines,
) -> None:
    if other is node:
        report.error(positions.find(*key), f"{peer.address} is {node.name}'s own address")
    elif (bgp := other.get(Router).bgp) is None:
        if other.get(Router).raw is None:
            report.error(positions.find(*key), f"{other.name}, which has {peer.address}, speaks no BGP")
    elif bgp.asn != peer.peer_asn and not any(
        peer.peer_asn in engine.raw_asns(other) for engine in engines.values()
    ):
        asn = bgp.asn
        message = f"{peer.peer_asn} is not the AS of {other.name}, which has {peer.address}: that is {asn}"
        report.error(positions.find(*key, "asn"), message)
