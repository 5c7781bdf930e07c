"""Subnets as nodes write them in full, and distributed routers, of which each node's part is derived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface
from typing import NamedTuple

import msgspec

from nlan.model.codec import IpInterface, IpNetwork
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.names import NodeTrees
from nlan.schema.resolving.numbering import lift, nth, number_of
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Position, values
from nlan.schema.syntax.tree import Map
from nlan.schema.written.sections import Record
from nlan.services.dhcp.resolving import Asked
from nlan.services.dvr.model import Dvr, DvrHost, Gateway, Mode, Subnet
from nlan.services.dvr.written import (
    DvrKeys,
    GatewayKeys,
    OfLab,
    OfNode,
    RouterKeys,
    SubnetKeys,
    VxlanKeys,
    Wide,
    WideKeys,
    WideSubnetKeys,
)
from nlan.values import VNI_MAX


class _Draft(msgspec.Struct):
    """What Dvr keeps of a node while a lab is resolved."""

    subnets: list[Subnet] = []


def asks_for_tunnels(tree: Map, nodes: NodeTrees) -> bool:
    """Tell by the bare tree of a file whether a node or the lab asks for distributed routing."""
    speakers = [tree.find("defaults", "Defaults"), *(value for trees in nodes.values() for _, value in trees)]
    return tree.find("routers", "Routers") is not None or any(
        isinstance(value, Map) and value.find("dvr", "Dvr") is not None for value in speakers
    )


def resolve(node: NodeDraft) -> Dvr | None:
    """Return what the node holds, None where that is nothing."""
    subnets = node.of(_Draft).subnets
    return Dvr(local=node.underlay.ip if node.underlay else None, subnets=tuple(subnets)) if subnets else None


def _add(node: NodeDraft, subnet: Subnet, at: Position) -> None:
    """Add a subnet to a node, which is on the underlay then, and routes."""
    node.of(_Draft).subnets.append(subnet)
    node.attached = node.forwards = True
    node.carries = max(node.carries, subnet.mtu)
    node.hosts += len(subnet.hosts)
    node.stubs.setdefault(subnet.bridge, []).extend(subnet.addresses)
    for gateway in subnet.ip_dvr:
        if gateway.dhcp and gateway.mode != "spoke" and isinstance(gateway.address, IPv4Interface):
            node.of(Asked).interfaces[subnet.bridge] = gateway.address, at


# -- in full


def declare(wiring: Wiring) -> None:
    """Add what nodes say in full."""
    for node in wiring.nodes.values():
        record = node.written.get(OfNode.dvr)
        if record is None:
            continue
        _own_end(node, record, wiring)
        for item in record.get(DvrKeys.subnets, []):
            if (subnet := _subnet(node, item.value, wiring)) is not None:
                _add(node, subnet, item.value.position(SubnetKeys.ip_dvr))


def _own_end(node: NodeDraft, record: Record, wiring: Wiring) -> None:
    """Record a tunnel end that is not the node's own, or more than one."""
    ends = record.get(DvrKeys.vxlan, [])
    for item in ends[1:]:
        wiring.report.error(item.at, f"{node.name} has one tunnel end; this is another")
    for item in ends[:1]:
        local = item.value.get(VxlanKeys.local_ip)
        if local is not None and node.underlay is not None and local != node.underlay.ip:
            at, own = item.value.position(VxlanKeys.local_ip), node.underlay.ip
            message = f"{local} is not {node.name}'s own address, which is {own}"
            wiring.report.error(at, message, f"write `${{{node.name}}}`")


def _subnet(node: NodeDraft, record: Record, wiring: Wiring) -> Subnet | None:
    vni, positions = record.get(SubnetKeys.vni), wiring.settings.positions
    if vni is None:
        return None
    key = ("node", node.name, "dvr", vni)
    positions.put(record.at, *key)
    for word in (SubnetKeys.vni, SubnetKeys.default_gw, SubnetKeys.mtu, SubnetKeys.ip_dvr):
        positions.put(record.position(word), *key, word.name)
    for index, peer in enumerate(record.get(SubnetKeys.peers, [])):
        positions.put(peer.at, *key, "peer", index)
    for index, port in enumerate(record.get(SubnetKeys.ports, [])):
        positions.put(port.at, *key, "port", index)
    hosts = record.get(SubnetKeys.ip_vhost, [])
    for host in hosts:
        positions.put(host.at, "node", node.name, "host", host.value)
    return Subnet(
        vni=vni,
        vid=record.get(SubnetKeys.vid),
        ip_dvr=tuple(_gateways(node, record, wiring)),
        peers=values(record.get(SubnetKeys.peers)),
        hosts=(DvrHost(addresses=values(hosts)),) if hosts else (),
        ports=values(record.get(SubnetKeys.ports)),
        default_gw=record.get(SubnetKeys.default_gw),
        mtu=record.get(SubnetKeys.mtu, wiring.settings.mtu),
    )


def _gateways(node: NodeDraft, record: Record, wiring: Wiring) -> Iterator[Gateway]:
    for item in record.get(SubnetKeys.ip_dvr, []):
        address, mode = item.value.get(GatewayKeys.addr), item.value.get(GatewayKeys.mode)
        if address is None or mode is None:
            continue
        at = item.value.position(GatewayKeys.addr)
        wiring.settings.positions.put(at, "node", node.name, "address", address)
        dhcp = item.value.get(GatewayKeys.dhcp, "disabled") not in ("disabled", "diabled")
        yield Gateway(address=address, mode=mode, dhcp=dhcp)


# -- of the lab


class _WideSubnet(NamedTuple):
    """A subnet of a distributed router, as it is before its nodes' parts are made."""

    name: str
    at: Position
    written: Record
    nodes: tuple[NodeDraft, ...]
    mode: Mode
    hub: NodeDraft | None
    vni: int
    prefixes: tuple[IpNetwork, ...]
    gateways: tuple[IpInterface, ...]


def connect(wiring: Wiring) -> None:
    """Give each node its part of the lab's distributed routers."""
    for name, router in wiring.settings.written.get(OfLab.routers, []):
        for subnet, written in router.get(RouterKeys.subnets, []):
            if (
                wide := _wide(f"{name.value}/{subnet.value}", subnet.at, written, router, wiring)
            ) is not None:
                _spread(wide, wiring)


def _record(written: Wide, at: Position) -> Record:
    """Return what is written of a subnet: a mapping as it is, prefixes as its `prefix`."""
    if isinstance(written, Record):
        return written
    record = Record(at)
    record.put(WideSubnetKeys.prefix, written, at)
    return record


def _wide(name: str, at: Position, written: Wide, router: Record, wiring: Wiring) -> _WideSubnet | None:
    own = _record(written, at)
    record = own.over(router)
    nodes = _members(record, wiring)
    hub = _hub(record, nodes, wiring)
    mode: Mode = record.get(WideKeys.mode, "dvr" if WideKeys.hub not in record else "spoke")
    if mode == "dvr" and WideKeys.hub in (record if WideKeys.mode not in own else own):
        wiring.report.error(
            record.position(WideKeys.hub), "in mode `dvr` each node routes, and none is the hub"
        )
    if mode != "dvr" and not record.has(WideKeys.hub):
        at_mode = record.position(WideKeys.mode)
        wiring.report.error(at_mode, f"mode `{mode}` needs a hub", "say which node: `hub: NODE`")
    if mode != "dvr" and hub is None:
        return None
    vni = record.get(WideSubnetKeys.vni)
    if vni is None:
        stated = wiring.stated("vni")
        vni = wiring.allocator.take("vni", name, 1, VNI_MAX, (stated, stated))
    prefixes = _prefixes(name, at, record, wiring)
    gateways = _wide_gateways(record, prefixes, wiring)
    if vni is None:
        wiring.report.error(at, "no VNI is left")
    if vni is None or not prefixes:
        return None
    return _WideSubnet(name, at, record, nodes, mode, hub, vni, prefixes, gateways)


def _members(record: Record, wiring: Wiring) -> tuple[NodeDraft, ...]:
    written = record.get(WideKeys.nodes)
    if written is None:
        return tuple(wiring.nodes.values())
    names = (name for item in written for name in wiring.known(item.value, item.at))
    return tuple(wiring.nodes[name] for name in dict.fromkeys(names))


def _hub(record: Record, nodes: Sequence[NodeDraft], wiring: Wiring) -> NodeDraft | None:
    written, at = record.get(WideKeys.hub), record.position(WideKeys.hub)
    if written is None:
        return None
    found = [wiring.nodes[name] for name in wiring.known(written, at)]
    if len(found) > 1:
        wiring.report.error(at, "a subnet has one hub")
    for node in found:
        if node not in nodes:
            wiring.report.error(at, f"the hub {node.name} is none of the subnet's nodes")
            return None
    return found[0] if found else None


def _prefixes(name: str, at: Position, record: Record, wiring: Wiring) -> tuple[IpNetwork, ...]:
    by_version: dict[int, IpNetwork] = {}
    for item in record.get(WideSubnetKeys.prefix, []):
        if by_version.setdefault(item.value.version, item.value) is not item.value:
            wiring.report.error(item.at, f"a subnet has one IPv{item.value.version} prefix; this is another")
    if not by_version:
        pool = wiring.settings.pools["networks"]
        number = wiring.allocator.from_pool(pool, name, at)
        return () if number is None else pool.networks(number)
    return tuple(by_version[version] for version in sorted(by_version))


def _wide_gateways(record: Record, prefixes: Sequence[IpNetwork], wiring: Wiring) -> tuple[IpInterface, ...]:
    """Return the gateway of each prefix: as written, else its first address."""
    found: dict[IpNetwork, IpInterface] = {}
    for item in record.get(WideSubnetKeys.gateway, []):
        if item.value.network not in prefixes:
            wiring.report.error(item.at, f"{item.value} is not in {' or '.join(map(str, prefixes))}")
        found.setdefault(item.value.network, item.value)
    small = min((prefix.num_addresses for prefix in prefixes), default=0)
    first = 0 if small <= 2 else 1
    return tuple(found.get(prefix) or nth(prefix, first + lift(prefix, small)) for prefix in prefixes)


def _spread(wide: _WideSubnet, wiring: Wiring) -> None:
    """Give each node its part of a subnet."""
    counts = _host_counts(wide, wiring)
    for node in wide.nodes:
        if node.underlay is None:
            continue
        mode: Mode = "hub" if node is wide.hub else wide.mode
        subnet = Subnet(
            vni=wide.vni,
            vid=wide.written.get(WideSubnetKeys.vid),
            name=wide.name,
            ip_dvr=tuple(Gateway(address=address, mode=mode) for address in wide.gateways),
            peers=tuple(peer.underlay.ip for peer in _peers(node, wide) if peer.underlay),
            hosts=tuple(_hosts(node, counts.get(node.name, 0), wide, wiring)),
            mtu=wide.written.get(WideKeys.mtu, wiring.settings.mtu),
        )
        positions, key = wiring.settings.positions, ("node", node.name, "dvr", wide.vni)
        positions.put(wide.at, *key)
        positions.put(wide.written.position(WideSubnetKeys.vni), *key, "vni")
        positions.put(wide.written.position(WideKeys.mtu), *key, "mtu")
        for address in wide.gateways:
            at = wide.written.position(WideSubnetKeys.gateway)
            positions.put(at, "node", node.name, "address", address)
        _add(node, subnet, wide.at)


def _peers(node: NodeDraft, wide: _WideSubnet) -> Iterator[NodeDraft]:
    """Yield whom a node floods to: of spokes the hub alone, else each of the others."""
    for other in wide.nodes:
        if other is not node and (wide.mode != "spoke" or wide.hub in (node, other)):
            yield other


def _host_counts(wide: _WideSubnet, wiring: Wiring) -> dict[str, int]:
    written = wide.written.get(WideKeys.hosts, 1)
    if isinstance(written, int):
        return {node.name: written for node in wide.nodes}
    members = {node.name for node in wide.nodes}
    counts: dict[str, int] = {}
    for names, count in written:
        for name in wiring.known(names.value, names.at):
            counts[name] = count
            if name not in members:
                wiring.report.error(names.at, f"{name} is none of the subnet's nodes")
    return counts


def _hosts(node: NodeDraft, count: int, wide: _WideSubnet, wiring: Wiring) -> Iterator[DvrHost]:
    """Yield a node's hosts: addresses of the subnet by the node's name; adding one moves no other."""
    small = min(prefix.num_addresses for prefix in wide.prefixes)
    taken = sorted({number_of(value, small) for value in wide.gateways})
    at = wide.written.position(WideKeys.hosts)
    for index in range(1, count + 1):
        name = f"{node.name}/{index}"
        number = wiring.allocator.take(f"members/{wide.name}", name, 1, small - 2, (taken, taken))
        if number is None:
            wiring.report.error(at, f"the hosts do not fit into {wide.name}, {wide.prefixes[0]}")
            return
        addresses = tuple(nth(prefix, number + lift(prefix, small)) for prefix in wide.prefixes)
        for value in addresses:
            wiring.settings.positions.put(at, "node", node.name, "host", value)
        yield DvrHost(addresses=addresses)
