"""What cannot be of subnets, which addresses they hold, and where their parts stand in a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlan.model import Lab, Node
from nlan.model.codec import IpAddress
from nlan.model.segments import Segments
from nlan.schema.checking.addressing import check_mtu
from nlan.schema.checking.verify import not_on_the_underlay
from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report, nearest
from nlan.services.dvr.model import Dvr, Gateway, Subnet, groups
from nlan.values import MTU_MAX, vxlan_overhead


def check(checked: CheckedLab) -> None:
    """Record what cannot be, and what is rarely meant."""
    lab, positions, report = checked.lab, checked.positions, checked.report
    for node in (node for node in lab.nodes if node.find(Dvr) is not None):
        _names(node, positions, report)
        _default_routes(node, positions, report)
        _ports(node, positions, report)
        for subnet in node.get(Dvr).subnets:
            _subnet(node, subnet, positions, report)
        if node.underlay is None or not node.attached or lab.underlay is None:
            report.error(positions.find("node", node.name, "underlay"), not_on_the_underlay(node))
    _mtus(lab, positions, report)
    _peers(lab, positions, report)
    for vni, _, group in groups(lab):
        _hubs(vni, group, positions, report)


def _at(node: Node, subnet: Subnet, positions: Positions, *part: object) -> Position:
    return positions.find("node", node.name, "dvr", subnet.vni, *part)


def _names(node: Node, positions: Positions, report: Report) -> None:
    """A VNI is one subnet of a node, and of no other service."""
    others = {name: whose for one in node.services if not isinstance(one, Dvr) for name, whose in one.taken()}
    seen: set[int] = set()
    for subnet in node.get(Dvr).subnets:
        if subnet.vni in seen:
            at = _at(node, subnet, positions, "vni", "again")
            report.error(at, f"the VNI {subnet.vni} is defined twice in {node.name}")
        elif any(name in others for name, _ in Dvr(subnets=(subnet,)).taken()):
            message = f"the VNI {subnet.vni} of {node.name} is used by another of its networks"
            report.error(_at(node, subnet, positions, "vni"), message)
        seen.add(subnet.vni)


def _subnet(node: Node, subnet: Subnet, positions: Positions, report: Report) -> None:
    check_mtu(subnet.mtu, subnet.addresses, _at(node, subnet, positions, "mtu"), report)
    by_version: dict[int, Gateway] = {}
    for gateway in subnet.ip_dvr:
        at = positions.find("node", node.name, "address", gateway.address)
        if gateway.dhcp and (gateway.mode == "spoke" or gateway.address.version == 6):
            report.warning(at, f"a hub leases IPv4 addresses; {node.name} does not on VNI {subnet.vni}")
        if by_version.setdefault(gateway.address.version, gateway) is not gateway:
            version = gateway.address.version
            report.error(at, f"a subnet has one IPv{version} gateway; {gateway.address} is another")
    for host in subnet.hosts:
        for value in host.addresses:
            own = by_version.get(value.version)
            if own is not None and value.network != own.address.network:
                at = positions.find("node", node.name, "host", value)
                report.error(
                    at, f"{value} is not in {own.address.network}, whose gateway is {own.address.ip}"
                )


def _default_routes(node: Node, positions: Positions, report: Report) -> None:
    """The node's own default route: one of each family, by another one on the subnet."""
    seen: dict[int, IpAddress] = {gateway.version: gateway for gateway in node.gateway}
    own = {value.ip for _, values in node.held() for value in values}
    for subnet in node.get(Dvr).subnets:
        via, at = subnet.default_gw, _at(node, subnet, positions, "default_gw")
        if via is None:
            continue
        if via in own:
            report.error(at, f"{via} is {node.name}'s own address")
        elif not any(via in value.network for value in subnet.addresses if value.version == via.version):
            report.error(at, f"{via} is in no prefix that {node.name} has on VNI {subnet.vni}")
        elif (other := seen.setdefault(via.version, via)) is not via:
            message = f"{node.name} has one default route of IPv{via.version}"
            report.error(at, f"{message}; {via} is one more than {other}")


def _ports(node: Node, positions: Positions, report: Report) -> None:
    """A port is an interface that a link or a LAN gives the node, of one subnet, and without addresses."""
    known = {interface.name: interface for interface in node.interfaces}
    seen: dict[str, int] = {}
    for subnet in node.get(Dvr).subnets:
        for index, port in enumerate(subnet.ports):
            at = _at(node, subnet, positions, "port", index)
            if port not in known:
                report.error(
                    at, f"no link or network gives {node.name} an interface `{port}`", nearest(port, known)
                )
            elif known[port].addresses:
                message = f"{port} of {node.name} has addresses, and a port of a subnet has none"
                report.error(at, message, "say `addresses: false` of its link")
            if seen.setdefault(port, subnet.vni) != subnet.vni:
                report.error(at, f"{port} of {node.name} is a port of VNI {seen[port]} already")


def _mtus(lab: Lab, positions: Positions, report: Report) -> None:
    sizes = [(subnet.mtu, node, subnet) for node in lab.nodes for subnet in node.get(Dvr).subnets]
    if not sizes or lab.underlay is None:
        return
    overhead = vxlan_overhead(lab.underlay.prefix.version)
    mtu, node, subnet = max(sizes, key=lambda one: one[0])
    if mtu + overhead > MTU_MAX:
        message = f"{mtu} bytes are too many inside VXLAN: {MTU_MAX - overhead} at most (RFC 7348)"
        report.error(_at(node, subnet, positions, "mtu"), message)
    elif lab.underlay.mtu < mtu + overhead:
        message = (
            f"{lab.underlay.mtu} bytes cannot carry {mtu} inside VXLAN, which adds {overhead} (RFC 7348)"
        )
        hint = f"say at least {mtu + overhead}, or a smaller `mtu`"
        report.error(positions.find("underlay", "mtu"), message, hint)


def _peers(lab: Lab, positions: Positions, report: Report) -> None:
    """Tunnels lead to nodes' underlay addresses, once each."""
    ends = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    for node in lab.nodes:
        for subnet in node.get(Dvr).subnets:
            seen: set[IpAddress] = set()
            for index, peer in enumerate(subnet.peers):
                at = _at(node, subnet, positions, "peer", index)
                if peer not in ends:
                    report.error(at, f"no node of the lab has the underlay address {peer}")
                elif peer in seen:
                    report.warning(at, f"{ends[peer]} is defined twice among the peers")
                seen.add(peer)


def _hubs(vni: int, group: list[tuple[Any, Subnet]], positions: Positions, report: Report) -> None:
    """Of those who flood to each other, one is the hub of the others where these are spokes.

    A subnet with ports may have its hub behind them.
    """
    for version in (4, 6):
        parts = [(n, s, g) for n, s in group for g in s.ip_dvr if g.address.version == version]
        hubs = [node for node, _, gateway in parts if gateway.mode == "hub"]
        for node, _, gateway in [part for part in parts if part[2].mode == "hub"][1:]:
            at = positions.find("node", node.name, "address", gateway.address)
            report.error(at, f"VNI {vni} has two hubs, {hubs[0].name} and {node.name}", "say `spoke` of one")
        open_ended = any(subnet.ports for _, subnet in group)
        for node, _, gateway in parts:
            at = positions.find("node", node.name, "address", gateway.address)
            if gateway.mode in ("spoke", "spoke_dvr") and not hubs and not open_ended:
                message = (
                    f"{node.name} is a spoke of VNI {vni}, which has no hub: nobody is {gateway.address.ip}"
                )
                hint = "say `mode: hub` of one, or `dvr` of each"
                (report.error if gateway.mode == "spoke" else report.warning)(at, message, hint)


def held(node: Node, segments: Segments, positions: Positions) -> Iterator[Held]:
    """Yield the gateways' addresses of the node, which other nodes may have too, and those of its hosts."""
    for subnet in node.get(Dvr).subnets:
        key = node.name, subnet.bridge
        segment = segments.get(key, key)
        for value in subnet.addresses:
            at = positions.find("node", node.name, "address", value)
            yield Held(value, node.name, node.name, segment, at, shared=True)
        for host in subnet.hosts:
            for value in host.addresses:
                at = positions.find("node", node.name, "host", value)
                called = f"host {node.name}/{host.addresses[0].ip}"
                yield Held(value, called, "", segment, at)
                yield Held(value, called, "", ("hosts", node.name), at)


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where the subnets, their gateways, hosts and peers stand."""
    for number, subnet in enumerate(node.get(Dvr).subnets):
        key, path = ("dvr", subnet.vni), ("dvr", "subnets", str(number))
        yield key, path
        for word in ("vni", "default_gw", "mtu", "ip_dvr"):
            yield (*key, word), (*path, word)
        for index, gateway in enumerate(subnet.ip_dvr):
            yield ("address", gateway.address), (*path, "ip_dvr", str(index), "address")
        for index, host in enumerate(subnet.hosts):
            for inner, value in enumerate(host.addresses):
                yield ("host", value), (*path, "hosts", str(index), "addresses", str(inner))
        for word, values in (("peer", subnet.peers), ("port", subnet.ports)):
            for index, _ in enumerate(values):
                yield (*key, word, index), (*path, f"{word}s", str(index))
