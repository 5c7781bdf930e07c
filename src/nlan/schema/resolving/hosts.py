"""The short form's host LANs, and what a node may use."""

from __future__ import annotations

from typing import Any

from nlan.model import Limits
from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.services import add_lan, host_lan, written_gateways
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax.report import Position, Written
from nlan.schema.written.sections import Record


def add_host_lans(node: NodeDraft, settings: Settings) -> None:
    """Add what the node's `hosts` says, and its limits."""
    limits = node.written.get("limits")
    if limits:
        node.limits = Limits(memory=limits.get("memory"), cpus=limits.get("cpus"), pids=limits.get("pids"))
    written = node.written.get("hosts")
    if written is None:
        return
    at = node.written.position("hosts")
    for index, entry in enumerate(written if isinstance(written, list) else [Written(written, at)], 1):
        _lan(node, index, entry, settings)


def _lan(node: NodeDraft, index: int, entry: Any, settings: Settings) -> None:
    mtu = node.written.get("mtu", settings.mtu)
    if not isinstance(entry, Written):  # from the mapping: gateway to number
        gateway, count = entry
        return _add(node, [gateway.value], count, mtu, gateway.at, settings)
    record = entry.value if isinstance(entry.value, Record) else Record(entry.at)
    count = record.get("vhosts", 1) if isinstance(entry.value, Record) else entry.value
    gateways = written_gateways(record, settings.report)
    if "network" not in record.positions and count:
        gateways = _allocated(node, record.get("name", f"lan{index}"), entry.at, settings)
    return _add(node, gateways, count, record.get("mtu", mtu), entry.at, settings)


def _add(
    node: NodeDraft, gateways: list[Any], count: int, mtu: int, at: Position, settings: Settings
) -> None:
    if gateways:
        add_lan(node, host_lan(gateways, count, mtu, at, settings.report), at, settings.positions)


def _allocated(node: NodeDraft, name: str, at: Position, settings: Settings) -> list[Any]:
    if settings.positions.has("node", node.name, "lan", name):
        settings.report.error(at, f"two host LANs of {node.name} are called `{name}`")
        return []
    settings.positions.put(at, "node", node.name, "lan", name)
    pool = settings.pools["lans"]
    number = settings.allocator.from_pool(pool, f"{node.name}/{name}", at)
    if number is None:
        return []
    return [_first(network) for network in pool.networks(number)]


def _first(network: Any) -> Any:
    import ipaddress

    kind = ipaddress.IPv4Interface if network.version == 4 else ipaddress.IPv6Interface
    step = 0 if network.num_addresses <= 2 else 1
    return kind((int(network.network_address) + step, network.prefixlen))
