"""Addresses of a segment's ends: as written, else the next ones of its prefixes, by the nodes' names."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface

from nlan.model.codec import IpInterface, IpNetwork
from nlan.schema.resolving.drafts import End, Segment
from nlan.schema.resolving.settings import Settings
from nlan.schema.written.sections import Record
from nlan.schema.written.segments import EndKeys, SegmentKeys


def number_ends(
    settings: Settings, segment: Segment, record: Record, pool: str, options: list[Record]
) -> None:
    """Give each end without an address one of each of the segment's prefixes."""
    for end_options in options:
        if end_options.get(EndKeys.dhcp) and EndKeys.address in end_options:
            message = "an end has the `address` that is written, or takes one by `dhcp`"
            settings.report.error(end_options.position(EndKeys.dhcp), message, "say one of them")
        for item in end_options.get(EndKeys.address, []):
            settings.positions.put(item.at, "address", segment.name, item.value)
    if not record.get(SegmentKeys.addresses, True):
        segment.prefixes = ()
        return
    bare = [end for end in segment.ends if not end.addresses and not end.written.get(EndKeys.dhcp)]
    for end_options in options if segment.prefixes else []:
        _inside(settings, segment, end_options)
    if not segment.prefixes:
        segment.prefixes = _prefixes(settings, segment, bare, pool)
    small = min((prefix.num_addresses for prefix in segment.prefixes), default=0)
    for end, number in zip(bare, _numbers(settings, segment, bare, pool, small), strict=False):
        end.addresses = [nth(prefix, number + lift(prefix, small)) for prefix in segment.prefixes]


def _inside(settings: Settings, segment: Segment, written: Record) -> None:
    """An end's address lies in what the segment says of its family."""
    for item in written.get(EndKeys.address, []):
        own = [prefix for prefix in segment.prefixes if prefix.version == item.value.version]
        if own and not any(item.value.ip in prefix for prefix in own):
            settings.report.error(item.at, f"{item.value} is not in {own[0]}, the prefix of {segment.name}")


def _prefixes(settings: Settings, segment: Segment, bare: list[End], pool: str) -> tuple[IpNetwork, ...]:
    stated = dict.fromkeys(value.network for end in segment.ends for value in end.addresses)
    if stated or not bare:
        return tuple(stated)
    number = settings.allocator.from_pool(settings.pools[pool], segment.name, segment.at)
    return () if number is None else settings.pools[pool].networks(number)


def _numbers(settings: Settings, segment: Segment, bare: list[End], pool: str, small: int) -> list[int]:
    if not segment.prefixes or not bare:
        return []
    first, last = (0, small - 1) if small <= 2 else (1, small - 2)
    numbers: list[int | None]
    if pool == "links" and len(bare) == len(segment.ends):
        numbers = [number if number <= last else None for number in (first, first + 1)]
    else:
        taken = sorted({number_of(value, small) for end in segment.ends for value in end.addresses})
        members = f"members/{segment.name}"
        numbers = [
            settings.allocator.take(members, end.node.name, first, last, (taken, taken)) for end in bare
        ]
    if None in numbers:
        prefix = min(segment.prefixes, key=lambda network: network.num_addresses)
        settings.report.error(segment.at, f"{len(segment.ends)} nodes do not fit into {prefix}")
    return [number for number in numbers if number is not None]


def nth(prefix: IpNetwork, number: int) -> IpInterface:
    """Return the address of a number in a prefix."""
    kind = IPv4Interface if prefix.version == 4 else IPv6Interface
    return kind((int(prefix.network_address) + number, prefix.prefixlen))


def lift(prefix: IpNetwork, small: int) -> int:
    """Return how far a larger prefix counts behind one of two addresses, as its first is no host's."""
    return 1 if small <= 2 < prefix.num_addresses else 0


def number_of(value: IpInterface, small: int) -> int:
    """Return the number of an address in its prefix, counted as the smallest prefix counts."""
    return int(value.ip) - int(value.network.network_address) - lift(value.network, small)
