"""DHCP of a node by what is written: ranges, leases, clients."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

import msgspec

from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.syntax.report import Position, Report, Written
from nlan.schema.written.sections import Record
from nlan.schema.written.segments import EndKeys
from nlan.services._attached import find_attached
from nlan.services.dhcp.model import Dhcp, Pool
from nlan.services.dhcp.written import NodeKeys, PoolKeys


class Asked(msgspec.Struct):
    """Where other services of a node want addresses leased: interfaces with its address, and who says so."""

    interfaces: dict[str, tuple[IPv4Interface, Position]] = {}


def resolve(node: NodeDraft, report: Report) -> Dhcp | None:
    """Return what the node leases, and the interfaces that take a lease; None where there is neither."""
    clients = tuple(end.interface for _, end in node.ends if end.written.get(EndKeys.dhcp))
    pools = tuple(_pools(node, report))
    return Dhcp(pools=pools, clients=clients) if pools or clients else None


def _pools(node: NodeDraft, report: Report) -> Iterator[Pool]:
    seen: dict[str, str] = {}
    for entry in node.written.get(NodeKeys.dhcp, []):
        word, record = (entry, Record(entry.at)) if isinstance(entry, Written) else entry
        attached = find_attached(node, word.value, word.at, report)
        if attached is None:
            continue
        if (first := seen.setdefault(attached.interface, word.value)) is not word.value:
            report.error(word.at, f"`{word.value}` and `{first}` are one interface, which has one pool")
            continue
        address = next((one for one in attached.addresses if isinstance(one, IPv4Interface)), None)
        if address is None:
            message = f"{node.name} has no IPv4 address on `{word.value}` that leases could be near"
            report.error(word.at, message, "give its end an `address`")
        elif (pool := _pool(attached.interface, address, record, word.at, report)) is not None:
            yield pool
    for interface, (address, at) in node.of(Asked).interfaces.items():
        if interface not in seen and (pool := _pool(interface, address, Record(at), at, report)) is not None:
            yield pool


def _pool(
    interface: str, address: IPv4Interface, record: Record, at: Position, report: Report
) -> Pool | None:
    network = address.network
    if network.prefixlen > 30:
        report.error(at, f"{network} has no room for leases")
        return None
    first, last = record.get(PoolKeys.range, _upper_half(address))
    ends, where = dict.fromkeys((first, last)), record.position(PoolKeys.range)
    fits = [_is_inside(one, address, where, report) for one in ends]
    hosts = record.get(PoolKeys.hosts, [])
    taken: dict[IPv4Address, str] = {}
    for client, kept in hosts:
        _is_inside(kept, address, client.at, report)
        if (other := taken.setdefault(kept, client.value)) is not client.value:
            report.error(client.at, f"{kept} is kept for `{other}` already")
    if not all(fits):
        return None
    return Pool(
        interface=interface,
        address=address,
        first=first,
        last=last,
        lease_s=record.get(PoolKeys.lease, 3600),
        hosts={client.value: kept for client, kept in hosts},
        options={option.value: value for option, value in record.get(PoolKeys.options, [])},
    )


def _upper_half(address: IPv4Interface) -> tuple[IPv4Address, IPv4Address]:
    network = address.network
    middle, last = network.network_address + network.num_addresses // 2, network.broadcast_address - 1
    return (min(middle, last), last)


def _is_inside(one: IPv4Address, address: IPv4Interface, at: Position, report: Report) -> bool:
    """Tell whether an address can be leased, after recording why not."""
    network = address.network
    if one not in network:
        report.error(at, f"{one} is not in {network}, the prefix of {address.ip}")
    elif one in (network.network_address, network.broadcast_address):
        report.error(at, f"{one} is no host's address in {network}")
    elif one == address.ip:
        report.error(at, f"{one} is the node's own address, and cannot be leased")
    else:
        return True
    return False
