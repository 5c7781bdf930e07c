"""Host LANs, of the short form and of the service `Vhosts`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Interface, IPv6Interface

import msgspec

from nlan.interfaces import lan_name
from nlan.model.codec import IpInterface, IpNetwork
from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written.sections import Record
from nlan.services.vhosts.model import VhostLan
from nlan.services.vhosts.written import HostLanKeys, NodeKeys, VhostsKeys


class _Draft(msgspec.Struct, eq=False):
    """What Vhosts keeps of a node while a lab is resolved."""

    lans: list[VhostLan] = []


def lans_of(node: NodeDraft) -> list[VhostLan]:
    """Return the host LANs that a node has so far."""
    return node.of(_Draft).lans


def add_host_lans(node: NodeDraft, settings: Settings) -> None:
    """Add what the node's `hosts` says."""
    written = node.written.get(NodeKeys.hosts)
    if written is None:
        return
    at = node.written.position(NodeKeys.hosts)
    settings.positions.put(at, "node", node.name, "hosts")
    entries: Iterable[Written[int | Record] | tuple[Written[IpInterface], int]]
    entries = written if isinstance(written, list) else [Written(written, at)]
    for index, entry in enumerate(entries, 1):
        if isinstance(entry, Written):
            _lan(node, index, entry, settings)
        else:
            gateway, count = entry
            mtu = node.written.get(NodeKeys.mtu, settings.mtu)
            _add(node, [gateway.value], count, mtu, gateway.at, settings)


def _lan(node: NodeDraft, index: int, entry: Written[int | Record], settings: Settings) -> None:
    mtu = node.written.get(NodeKeys.mtu, settings.mtu)
    record = entry.value if isinstance(entry.value, Record) else Record(entry.at)
    count = record.get(HostLanKeys.vhosts, 1) if isinstance(entry.value, Record) else entry.value
    gateways = written_gateways(record, settings.report)
    if not record.has(HostLanKeys.network) and count:
        gateways = _allocated(node, record.get(HostLanKeys.name, f"lan{index}"), entry.at, settings)
    _add(node, gateways, count, record.get(HostLanKeys.mtu, mtu), entry.at, settings)


def _add(
    node: NodeDraft, gateways: list[IpInterface], count: int, mtu: int, at: Position, settings: Settings
) -> None:
    if gateways:
        add_lan(node, host_lan(gateways, count, mtu, at, settings.report), at, settings.positions)


def _allocated(node: NodeDraft, name: str, at: Position, settings: Settings) -> list[IpInterface]:
    if settings.positions.has("node", node.name, "lan", name):
        settings.report.error(at, f"two host LANs of {node.name} are called `{name}`")
        return []
    settings.positions.put(at, "node", node.name, "lan", name)
    pool = settings.pools["lans"]
    number = settings.allocator.from_pool(pool, f"{node.name}/{name}", at)
    if number is None:
        return []
    return [_first(network) for network in pool.networks(number)]


def _first(network: IpNetwork) -> IpInterface:
    kind = IPv4Interface if network.version == 4 else IPv6Interface
    step = 0 if network.num_addresses <= 2 else 1
    return kind((int(network.network_address) + step, network.prefixlen))


def vain_mtus(nodes: Iterable[NodeDraft], settings: Settings) -> None:
    """Record where `mtu` is written of nodes, none of which has what it is meant for."""
    used: dict[Position, bool] = {}
    for node in nodes:
        if NodeKeys.mtu in node.written:
            at = node.written.position(NodeKeys.mtu)
            used[at] = used.get(at, False) or bool(lans_of(node))
    for at in (at for at, is_used in used.items() if not is_used):
        message = "a node's `mtu` is that of its host LANs, and there are none"
        settings.report.error(at, message, "say it of the link or network, or of the whole lab")


# -- the full form, and what both have


def add_vhosts(node: NodeDraft, mtu: int, positions: Positions, report: Report) -> None:
    """Add the host LANs of the node's service `Vhosts`; each says its gateway address."""
    record = node.written.get(NodeKeys.vhosts)
    for item in record.get(VhostsKeys.vhost_props, []) if record else []:
        written = item.value
        gateways = written_gateways(written, report)
        if not gateways:
            if not written.has(HostLanKeys.network):
                report.error(written.at, "`Network` is required: the LAN's gateway address")
            continue
        hosts = written.get(HostLanKeys.vhosts, 1)
        own = written.get(HostLanKeys.mtu, node.written.get(NodeKeys.mtu, mtu))
        lan = host_lan(gateways, hosts, own, written.position(HostLanKeys.vhosts), report)
        add_lan(node, lan, written.position(HostLanKeys.network), positions)


def written_gateways(record: Record, report: Report) -> list[IpInterface]:
    """Return the node's own addresses that a host LAN says, IPv4 first; none after recording why."""
    written = record.get(HostLanKeys.network)
    if not isinstance(written, list):
        return [] if written is None else [written]
    by_version: dict[int, IpInterface] = {}
    for item in written:
        if by_version.setdefault(item.value.version, item.value) is not item.value:
            report.error(
                item.at, f"a host LAN has one IPv{item.value.version} address; {item.value} is another"
            )
    if not written:
        report.error(
            record.position(HostLanKeys.network), "the list is empty; expected the LAN's gateway address"
        )
    return [by_version[version] for version in sorted(by_version)]


def add_lan(node: NodeDraft, lan: VhostLan, at: Position, positions: Positions) -> None:
    """Add a host LAN and remember where it is written."""
    lans_of(node).append(lan)
    node.stubs.setdefault(lan_name(str(lan.gateway.ip)), []).extend(lan.gateways)
    node.hosts += len(lan.hosts)
    node.forwards = True
    positions.put(at, "node", node.name, "vhosts", lan.gateway)
    for gateway in lan.gateways:
        positions.put(at, "node", node.name, "address", gateway)


def host_lan(gateways: Sequence[IpInterface], hosts: int, mtu: int, at: Position, report: Report) -> VhostLan:
    """Return the LAN of `gateways`, one a family, with the next `hosts` addresses of each.

    A prefix that is too small is reported, and all families get as many as fit.
    """
    hosts = min(hosts, *(_room(gateway, hosts, at, report) for gateway in gateways))
    first, second = gateways[0], gateways[1] if len(gateways) > 1 else None
    return VhostLan(
        gateway=first,
        hosts=_next(first, hosts),
        gateway6=second,
        hosts6=None if second is None else _next(second, hosts),
        mtu=mtu,
    )


def _room(gateway: IpInterface, hosts: int, at: Position, report: Report) -> int:
    """Return how many addresses follow the gateway's; it is reported where they are fewer than `hosts`."""
    network = gateway.network
    top = int(network.broadcast_address) - (1 if network.version == 4 and network.prefixlen < 31 else 0)
    room = max(top - int(gateway.ip), 0)
    if hosts > room:
        report.error(
            at, f"{hosts} hosts do not fit after {gateway.ip} in {network}, which has room for {room}"
        )
    return room


def _next(gateway: IpInterface, hosts: int) -> tuple[IpInterface, ...]:
    interface, first, length = type(gateway), int(gateway.ip) + 1, gateway.network.prefixlen
    return tuple(interface((first + index, length)) for index in range(hosts))
