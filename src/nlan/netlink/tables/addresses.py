"""Addresses as the kernel lists them, and which of them are nlan's: those with its protocol number.

That number (IFA_PROTO) is known since kernel 5.18. A kernel that does not know it reports none even for
the addresses it gave to the loopback itself; there every global address of a marked link counts as nlan's.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message
from nlan.netlink.tables.links import Link, Links
from nlan.netlink.tables.routes import PROTOCOL, Routes

_BY_THEMSELVES = frozenset(
    {wire.IFAPROT_KERNEL_LO, wire.IFAPROT_KERNEL_RA, wire.IFAPROT_KERNEL_LL, wire.RTPROT_DHCP}
)
"""Protocol numbers of the loopback's own address, of router advertisements, of link-local ones, of leases."""


class Listed(NamedTuple):
    """An address as the kernel lists it.

    Attributes:
        number: Of its interface.
        scope: RT_SCOPE_*.
        protocol: Who put it there, 0 where the kernel does not know.
        length: Of its prefix.
        packed: Its bytes.
        is_tentative: Whether IPv6 does not work with it yet.
        body: The message that says so; what removes it is the same.
    """

    number: int
    scope: int
    protocol: int
    length: int
    packed: bytes
    is_tentative: bool
    body: memoryview

    @property
    def address(self) -> IPv4Interface | IPv6Interface:
        """It with its prefix length; made when asked for, since most are nobody's business."""
        return ip_interface((self.packed, self.length))

    @property
    def is_ipv6(self) -> bool:
        """Whether it is one of IPv6."""
        return len(self.packed) == 16

    @property
    def is_link_local(self) -> bool:
        """Whether it is one of IPv6 that is good on its link alone."""
        return self.is_ipv6 and self.packed[0] == 0xFE and self.packed[1] & 0xC0 == 0x80


class Addresses:
    """The addresses of a namespace."""

    def __init__(self, links: Links, listed: Sequence[Listed]) -> None:
        """Tell nlan's from others', as far as this kernel can."""
        knows_protocol = any(one.protocol for one in listed)
        self.own: list[tuple[Link, Listed]] = []
        self.foreign: list[tuple[Link, Listed]] = []
        self.local = frozenset(one.number for one in listed if one.is_link_local)
        """The interfaces that have a link-local address."""
        for one in listed:
            link = links.by_index.get(one.number)
            if link is None or one.scope != wire.RT_SCOPE_UNIVERSE:
                continue
            ours = one.protocol == PROTOCOL if knows_protocol else link.is_marked
            if ours:
                self.own.append((link, one))
            elif knows_protocol and link.is_marked and one.protocol not in _BY_THEMSELVES:
                self.foreign.append((link, one))

    @property
    def has_ipv6(self) -> bool:
        """Whether anybody gave the namespace an IPv6 address."""
        return any(one.is_ipv6 for _, one in (*self.own, *self.foreign))

    def is_fresh(self, routes: Routes) -> bool:
        """Tell whether an IPv6 address may be too new for the kernel to take in packets for it."""
        return any(
            one.is_ipv6 and is_at_work(link, one) and not routes.delivers(one.packed)
            for link, one in self.own
        )


def dump_addresses(channel: Channel, links: Links) -> Addresses:
    """Return the addresses of the channel's namespace."""
    return Addresses(links, list_addresses(channel))


def is_at_work(link: Link, one: Listed) -> bool:
    """Tell whether the kernel shall have made what belongs to the address."""
    return link.up and (not one.is_ipv6 or (link.has_begun_ipv6 and not one.is_tentative))


def list_addresses(channel: Channel) -> list[Listed]:
    """Return all addresses of the channel's namespace, whoever put them there."""
    return [
        _parse(body)
        for _, body in channel.dump(Message(wire.RTM_GETADDR, 0, wire.IFADDRMSG.pack(0, 0, 0, 0, 0)))
    ]


def _parse(body: memoryview) -> Listed:
    _, length, flags, scope, index = wire.IFADDRMSG.unpack_from(body)
    found = codec.attributes(body, wire.IFADDRMSG.size)
    packed = bytes(found.get(wire.IFA_LOCAL) or found[wire.IFA_ADDRESS])
    protocol = found[wire.IFA_PROTO][0] if wire.IFA_PROTO in found else 0
    return Listed(index, scope, protocol, length, packed, bool(flags & wire.IFA_F_TENTATIVE), body)
