"""Checks of the resolved lab as a whole: what each part cannot see alone.

Errors are here, warnings about routing in `lint`.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlan.interfaces import LOOPBACK, UNDERLAY
from nlan.model import Lab, Node, Underlay
from nlan.model.codec import IpAddress
from nlan.model.segments import Holders, segments_of
from nlan.schema.checking.addressing import check_addresses, check_mtu, too_small
from nlan.schema.resolving.contributors import CheckedLab, Contributor, installed
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.ptn.model import L2Vpn, Ptn
from nlan.values import MTU_IPV6, MTU_MAX, vxlan_overhead


def verify(
    lab: Lab,
    positions: Positions,
    report: Report,
    services: Sequence[Contributor] | None = None,
) -> None:
    """Record everything that is wrong or rarely meant in the lab.

    Args:
        lab: The lab.
        positions: Where things are written.
        report: Where problems go.
        services: What nodes may hold; those that are installed, where none are given.
    """
    services = installed() if services is None else services
    segments = segments_of(lab)
    checked = CheckedLab(lab, segments, Holders(lab, segments), positions, report)
    for node in lab.nodes:
        _vnis(node, positions, report)
        _gateways(node, positions, report)
        _mtus(node, positions, report)
        _interfaces(node, positions, report)
    if not _doubled(lab):
        check_addresses(checked, services)
    _underlay(lab, positions, report)
    _tunnels(lab, positions, report)
    for service in services:
        service.check(checked)


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
    for service in node.services:
        taken |= service.taken()
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


def _gateways(node: Node, positions: Positions, report: Report) -> None:
    """Default routes: by a node on a segment, one of each family."""
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


def _mtus(node: Node, positions: Positions, report: Report) -> None:
    for interface in node.interfaces:
        at = positions.find("node", node.name, "interface", interface.name)
        check_mtu(interface.mtu, interface.addresses, at, report)
    for vpn in node.get(Ptn).l2vpns:
        check_mtu(vpn.mtu, vpn.addresses, positions.find("node", node.name, "vni", vpn.vni), report)


def _doubled(lab: Lab) -> bool:
    """Whether an interface's name is doubled, so that it is unknown which segment it is on."""
    return any(len({i.name for i in node.interfaces}) < len(node.interfaces) for node in lab.nodes)


# -- across nodes


def _underlay(lab: Lab, positions: Positions, report: Report) -> None:
    """The underlay is one segment of one prefix, each address one node's, and carries tunnels whole."""
    if lab.underlay is not None:
        if lab.underlay.prefix.version == 6 and lab.underlay.mtu < MTU_IPV6:
            report.error(positions.find("underlay", "mtu"), too_small(lab.underlay.mtu))
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
