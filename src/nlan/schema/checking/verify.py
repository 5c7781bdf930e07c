"""Checks of the resolved lab as a whole: what each part cannot see alone.

Errors are here, warnings about routing in `lint`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from ipaddress import IPv4Address, IPv4Interface

from nlan.interfaces import LOOPBACK, UNDERLAY, l2vpn_name, lan_name, tunnel_name
from nlan.model import Lab, Node, Underlay
from nlan.model.codec import IpAddress, IpInterface
from nlan.model.segments import Holders, segments_of
from nlan.registry import Registry
from nlan.schema.checking.addressing import check_addresses, held_addresses
from nlan.schema.checking.lint import lint
from nlan.schema.resolving.contributors import Contributor, installed
from nlan.schema.resolving.drafts import Positions
from nlan.schema.resolving.engines import SEAM, Engines
from nlan.schema.syntax.report import Report
from nlan.services.ptn.model import L2Vpn, Ptn
from nlan.services.router.model import BgpPeer, Router
from nlan.services.vhosts.model import Vhosts
from nlan.values import MTU_IPV6, MTU_MAX, vxlan_overhead


def verify(
    lab: Lab,
    positions: Positions,
    report: Report,
    engines: Engines | None = None,
    services: Sequence[Contributor] | None = None,
) -> None:
    """Record everything that is wrong or rarely meant in the lab.

    Args:
        lab: The lab.
        positions: Where things are written.
        report: Where problems go.
        engines: The routing engines; those that are installed, where none are given.
        services: What nodes may hold; those that are installed, where none are given.
    """
    engines = Registry().of(SEAM) if engines is None else engines
    segments = segments_of(lab)
    holders = Holders(lab, segments)
    held = held_addresses(lab, segments, positions)
    for node in lab.nodes:
        _vnis(node, positions, report)
        _hops(node, positions, report)
        _mtus(node, positions, report)
        _timers(node, positions, report)
        _doubles(node, positions, report)
        _interfaces(node, positions, report)
        for engine in engines.values():
            engine.check(node, positions, report)
        _host_lans(node, positions, report)
    if not _doubled(lab):
        check_addresses(lab, held, holders, positions, report)
    _underlay(lab, positions, report)
    _tunnels(lab, positions, report)
    _router_ids(lab, holders, positions, report)
    _peers(lab, holders, {item.interface.ip for item in held if not item.node}, positions, report, engines)
    lint(lab, holders, segments, positions, report, engines)
    for service in installed() if services is None else services:
        service.check(lab, positions, report)


# -- one node


def _vnis(node: Node, positions: Positions, report: Report) -> None:
    seen: set[int] = set()
    for vpn in node.get(Ptn).l2vpns:
        if vpn.vni in seen:
            at = positions.find("node", node.name, "vni", vpn.vni, "id", "again")
            report.error(at, f"the VNI {vpn.vni} is defined twice in {node.name}")
        seen.add(vpn.vni)


def _interfaces(node: Node, positions: Positions, report: Report) -> None:
    taken = {LOOPBACK: "the loopback", "all": "all of them to sysctls", "default": "new ones to sysctls"}
    taken |= {UNDERLAY: "on the underlay"} if node.attached else {}
    for vpn in node.get(Ptn).l2vpns:
        taken |= dict.fromkeys((l2vpn_name(vpn.vni), tunnel_name(vpn.vni)), f"VNI {vpn.vni}'s")
    taken |= {lan_name(str(lan.gateway.ip)): "a host LAN's bridge" for lan in node.get(Vhosts).lans}
    seen: set[str] = set()
    for interface in node.interfaces:
        name = interface.name
        if name in taken:
            at = positions.find("node", node.name, "interface", name)
            report.error(at, f"no end of a link can be called {name}: that is {taken[name]}")
        elif name in seen:
            at = positions.find("node", node.name, "interface", name, "again")
            report.error(at, f"the interface {name} is defined twice in {node.name}")
        seen.add(name)


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
    own = {value.ip for _, values in node.held() for value in values}
    seen: dict[int, IpAddress] = {}
    for hop in dict.fromkeys(node.gateway):
        at = positions.find("node", node.name, "gateway")
        if hop in own:
            report.error(at, f"{hop} is {node.name}'s own address")
        elif node.interface_towards(hop) is None:
            report.error(at, f"{hop} is on no segment of {node.name}")
        elif (other := seen.setdefault(hop.version, hop)) != hop:
            report.error(
                at, f"{node.name} has one default route of IPv{hop.version}; {hop} is one more than {other}"
            )


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


def _mtus(node: Node, positions: Positions, report: Report) -> None:
    """An interface with less than IPv6's least has no IPv6."""
    found: list[tuple[int, Sequence[IpInterface], tuple[Hashable, ...]]]
    found = [(i.mtu, i.addresses, ("interface", i.name)) for i in node.interfaces]
    found += [(vpn.mtu, vpn.addresses, ("vni", vpn.vni)) for vpn in node.get(Ptn).l2vpns]
    found += [(lan.mtu, lan.gateways, ("vhosts", lan.gateway)) for lan in node.get(Vhosts).lans]
    for mtu, addresses, key in found:
        if mtu < MTU_IPV6 and any(value.version == 6 for value in addresses):
            at = positions.find("node", node.name, *key)
            report.error(at, f"an MTU of {mtu} is too small for IPv6, which wants {MTU_IPV6} (RFC 8200)")


def _timers(node: Node, positions: Positions, report: Report) -> None:
    """A peer whose keepalives come later than the hold time allows."""
    bgp = node.get(Router).bgp
    for peer in bgp.peers if bgp else ():
        if peer.keepalive_s and peer.hold_time_s and peer.keepalive_s > peer.hold_time_s:
            at = positions.find("node", node.name, "bgp", "peer", peer.address, "keepalive_s")
            message = f"keepalives every {peer.keepalive_s} s cannot keep a hold time of {peer.hold_time_s} s"
            report.error(at, message, "RFC 4271 suggests a third of it")


def _host_lans(node: Node, positions: Positions, report: Report) -> None:
    """A LAN's second family: what no file says, but a change of the model may."""
    for lan in node.get(Vhosts).lans:
        at = positions.find("node", node.name, "vhosts", lan.gateway)
        second = (*lan.gateways[1:], *(lan.hosts6 or ()))
        if any(value.version == lan.gateway.version for value in second):
            report.error(at, f"the second family of {lan.gateway}'s LAN is the first one")
        elif len(second) != (1 + len(lan.hosts)) * len(lan.gateways[1:]):
            report.error(at, f"{len(lan.hosts6 or ())} of {len(lan.hosts)} hosts of {lan.gateway} have IPv6")


def _doubled(lab: Lab) -> bool:
    """Whether an interface's name is doubled, so that it is unknown which segment it is on."""
    return any(len({i.name for i in node.interfaces}) < len(node.interfaces) for node in lab.nodes)


# -- across nodes


def _underlay(lab: Lab, positions: Positions, report: Report) -> None:
    """The underlay is one segment of one prefix, each address one node's, and carries tunnels whole."""
    if lab.underlay is not None:
        if lab.underlay.prefix.version == 6 and lab.underlay.mtu < MTU_IPV6:
            small = f"an MTU of {lab.underlay.mtu} is too small for IPv6, which wants {MTU_IPV6} (RFC 8200)"
            report.error(positions.find("underlay", "mtu"), small)
        _tunnel_mtu(lab, lab.underlay, positions, report)
    seen: dict[IpAddress, str] = {}
    for node in lab.nodes:
        at = positions.find("node", node.name, "underlay")
        if node.underlay is None or not node.attached or lab.underlay is None:
            if node.get(Ptn).l2vpns or (node.attached and lab.underlay is not None):
                report.error(at, f"{node.name} is not on the underlay, and its tunnels lead nowhere")
            continue
        other = seen.setdefault(node.underlay.ip, node.name)
        if other != node.name:
            report.error(at, f"{node.underlay.ip} is the underlay address of {node.name} and {other}")
        if node.underlay.network != lab.underlay.prefix:
            message = f"{node.underlay} of {node.name} is not on the underlay, which is {lab.underlay.prefix}"
            report.error(at, message, "`pools: {underlay: PREFIX}` says another one")


def _tunnel_mtu(lab: Lab, underlay: Underlay, positions: Positions, report: Report) -> None:
    vpns = [(vpn.mtu, node.name, vpn.vni) for node in lab.nodes for vpn in node.get(Ptn).l2vpns]
    if not vpns:
        return
    overhead = vxlan_overhead(underlay.prefix.version)
    largest, name, vni = max(vpns, key=lambda entry: entry[0])
    if largest + overhead > MTU_MAX:
        at = positions.find("node", name, "vni", vni, "mtu")
        report.error(
            at, f"{largest} bytes are too many inside VXLAN: {MTU_MAX - overhead} at most (RFC 7348)"
        )
    elif underlay.mtu < largest + overhead:
        at = positions.find("underlay", "mtu")
        message = (
            f"{underlay.mtu} bytes cannot carry {largest} inside VXLAN, which adds {overhead} (RFC 7348)"
        )
        report.error(at, message, f"say at least {largest + overhead}, or a smaller `mtu`")


def _tunnels(lab: Lab, positions: Positions, report: Report) -> None:
    ends = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    for node in lab.nodes:
        for network in node.get(Ptn).networks:
            at = positions.find("node", node.name, "ptn", network.name, "local")
            if node.underlay and network.local != node.underlay.ip:
                held = f"is {ends[network.local]}'s" if network.local in ends else "is nobody's"
                hint = f"write `${{{node.name}}}`"
                report.error(at, f"{network.local} {held}; the tunnel end is {node.name}'s own address", hint)
        for vpn in node.get(Ptn).l2vpns:
            _tunnel_peers(node, vpn, ends, positions, report)


def _tunnel_peers(
    node: Node, vpn: L2Vpn, ends: dict[IpAddress, str], positions: Positions, report: Report
) -> None:
    seen: set[IpAddress] = set()
    for index, peer in enumerate(vpn.peers):
        if peer in ends and peer not in seen:
            seen.add(peer)
            continue
        at = positions.find("node", node.name, "vni", vpn.vni, "peer", index)
        if peer not in ends:
            report.error(at, f"no node of the lab has the underlay address {peer}")
        else:
            report.warning(at, f"{ends[peer]} is defined twice among the peers")


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


def _peers(
    lab: Lab,
    holders: Holders,
    hosts: set[IpAddress],
    positions: Positions,
    report: Report,
    engines: Engines,
) -> None:
    nodes = {node.name: node for node in lab.nodes}
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
