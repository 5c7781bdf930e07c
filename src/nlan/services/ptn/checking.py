"""What cannot be of tunnels, which addresses L2VPNs hold, and where their parts stand in a node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.interfaces import l2vpn_name
from nlan.model import Lab, Node, Underlay
from nlan.model.codec import IpAddress
from nlan.model.segments import Segments
from nlan.schema.checking.addressing import check_mtu, held_on, parts_of_addresses
from nlan.schema.checking.verify import not_on_the_underlay
from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.ptn.lint import lint
from nlan.services.ptn.model import L2Vpn, Ptn
from nlan.values import MTU_MAX, vxlan_overhead


def check(checked: CheckedLab) -> None:
    """Record what cannot be, and what is rarely meant."""
    lab, positions, report = checked.lab, checked.positions, checked.report
    for node in lab.nodes:
        _vnis(node, positions, report)
        for vpn in node.get(Ptn).l2vpns:
            check_mtu(vpn.mtu, vpn.addresses, positions.find("node", node.name, "vni", vpn.vni), report)
    if lab.underlay is not None:
        _tunnel_mtu(lab, lab.underlay, positions, report)
    for node in (node for node in lab.nodes if node.get(Ptn).l2vpns):
        if node.underlay is None or not node.attached or lab.underlay is None:
            report.error(positions.find("node", node.name, "underlay"), not_on_the_underlay(node))
    _tunnels(lab, positions, report)
    lint(checked)


def _vnis(node: Node, positions: Positions, report: Report) -> None:
    seen: set[int] = set()
    for vpn in node.get(Ptn).l2vpns:
        if vpn.vni in seen:
            at = positions.find("node", node.name, "vni", vpn.vni, "id", "again")
            report.error(at, f"the VNI {vpn.vni} is defined twice in {node.name}")
        seen.add(vpn.vni)


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
    """Tunnels end at the node's own address, and lead to those of others, once each."""
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


def held(node: Node, segments: Segments, positions: Positions) -> Iterator[Held]:
    """Yield the addresses of the node on its L2VPNs, and of the hosts behind them."""
    for vpn in node.get(Ptn).l2vpns:
        key = node.name, l2vpn_name(vpn.vni)
        yield from held_on(node, vpn.addresses, segments.get(key, key), positions)
        for host in vpn.hosts:
            for value in host.addresses:
                at = positions.find("node", node.name, "host", value)
                called = f"host {node.name}/{host.addresses[0].ip}"
                yield Held(value, called, "", segments.get(key, key), at)
                yield Held(value, called, "", ("hosts", node.name), at)


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where the networks and their L2VPNs stand."""
    for number, network in enumerate(node.get(Ptn).networks):
        yield ("ptn", network.name, "local"), ("ptn", str(number), "local")
        for inner, vpn in enumerate(network.l2vpns):
            yield from _vpn(vpn, ("ptn", str(number), "l2vpns", str(inner)))


def _vpn(vpn: L2Vpn, path: PartPath) -> Iterator[tuple[PartKey, PartPath]]:
    key = "vni", vpn.vni
    yield key, path
    yield (*key, "id"), (*path, "vni")
    yield (*key, "mtu"), (*path, "mtu")
    for number, _ in enumerate(vpn.peers):
        yield (*key, "peer", number), (*path, "peers", str(number))
    yield from parts_of_addresses(vpn.addresses, (*path, "addresses"))
