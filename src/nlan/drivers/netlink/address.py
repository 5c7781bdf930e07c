"""Addresses, marked by their protocol number (IFA_PROTO, kernel 5.18).

A kernel that does not know that number reports none even for the addresses it gave to the loopback
itself; there every global address of a marked link counts as nlan's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from nlan.drivers.netlink import codec
from nlan.drivers.netlink.channel import Channel
from nlan.drivers.netlink.codec import Message
from nlan.drivers.netlink.links import Links, dump_links
from nlan.drivers.netlink.step import MAKE, REMOVE, Context, Step, index_of
from nlan.resources import Address

PROTOCOL = 110
"""nlan's protocol number on addresses and routes (free in the kernel's and iproute2's lists)."""

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_IFA_ADDRESS, _IFA_LOCAL, _IFA_PROTO = 1, 2, 11
_IFA_F_NODAD = 2
_SCOPE_GLOBAL = 0
_AF_INET, _AF_INET6 = 2, 10
_HEADER = struct.Struct("=BBBBI")


def create(address: Address) -> list[Step]:
    """Add it, IPv6 without duplicate detection; one of IPv4 that is there already is taken over.

    IPv6 knows addresses without their length: one that is there may have another, and keeps it.
    """
    return take_over(address) if address.address.version == 4 else _put(address, codec.NLM_F_CREATE)


def take_over(address: Address) -> list[Step]:
    """Add it, or put nlan's mark on one that is there."""
    return _put(address, codec.NLM_F_CREATE | codec.NLM_F_REPLACE)


def _put(address: Address, flags: int) -> list[Step]:
    return [Step(MAKE, address.namespace, lambda context: _message(context, address, _RTM_NEWADDR, flags))]


def delete(address: Address) -> list[Step]:
    """Remove it."""

    def build(context: Context) -> Message | None:
        if not context.links().index_of(address.interface):
            return None
        return _message(context, address, _RTM_DELADDR, 0)

    return [Step(REMOVE, address.namespace, build, absent_is_done=True)]


def observe(namespace: str, links: Links, channel: Channel) -> Iterable[Address]:
    """Return nlan's addresses in the namespace."""
    listed = _listed(channel)
    knows_protocol = any(protocol for _, _, protocol, _ in listed)
    for index, scope, protocol, address in listed:
        link = links.by_index.get(index)
        if link is None:
            continue
        ours = protocol == PROTOCOL if knows_protocol else link.is_marked and scope == _SCOPE_GLOBAL
        if ours:
            yield Address(namespace=namespace, interface=link.name, address=address)


def of_other_length(address: Address, channel: Channel) -> Iterable[Address]:
    """Return the same address with other lengths, whoever gave it to the interface."""
    index = dump_links(channel).index_of(address.interface)
    for number, _, _, found in _listed(channel):
        if number == index and found.ip == address.address.ip and found != address.address:
            yield Address(namespace=address.namespace, interface=address.interface, address=found)


def _message(context: Context, address: Address, kind: int, flags: int) -> Message:
    interface = address.address
    family, dad = (_AF_INET, 0) if interface.version == 4 else (_AF_INET6, _IFA_F_NODAD)
    header = _HEADER.pack(
        family, interface.network.prefixlen, dad, _SCOPE_GLOBAL, index_of(context, address.interface)
    )
    packed = interface.ip.packed
    parts = codec.attribute(_IFA_LOCAL, packed) + codec.attribute(_IFA_ADDRESS, packed)
    return Message(kind, flags, header + parts + codec.u8(_IFA_PROTO, PROTOCOL))


def _listed(channel: Channel) -> list[tuple[int, int, int, IPv4Interface | IPv6Interface]]:
    return [_parse(body) for _, body in channel.dump(Message(_RTM_GETADDR, 0, _HEADER.pack(0, 0, 0, 0, 0)))]


def _parse(body: memoryview) -> tuple[int, int, int, IPv4Interface | IPv6Interface]:
    _, length, _, scope, index = _HEADER.unpack_from(body)
    found = codec.attributes(body, _HEADER.size)
    packed = bytes(found.get(_IFA_LOCAL) or found[_IFA_ADDRESS])
    protocol = found[_IFA_PROTO][0] if _IFA_PROTO in found else 0
    return index, scope, protocol, ip_interface((packed, length))
