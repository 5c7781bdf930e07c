"""Addresses, marked by their protocol number (IFA_PROTO, kernel 5.18).

A kernel that does not know that number reports none even for the addresses it gave to the loopback
itself; there every global address of a marked link counts as nlan's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import NamedTuple

from nlan.netlink import codec, route
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message
from nlan.netlink.links import IFF_LOOPBACK, Link, Links, dump_links, mac_octets
from nlan.netlink.route import PROTOCOL, Routes
from nlan.netlink.step import FINISH, MAKE, REMOVE, Context, Step, index_of
from nlan.resources import Address

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_IFA_ADDRESS, _IFA_LOCAL, _IFA_PROTO = 1, 2, 11
_IFA_F_NODAD, _IFA_F_TENTATIVE = 0x02, 0x40
_SCOPE_GLOBAL, _SCOPE_LINK = 0, 253
_KERNELS = frozenset({1, 2, 3})
"""Protocol numbers of the loopback's own address, of router advertisements, of link-local ones."""
_LINK_LOCAL = IPv6Interface("fe80::/64")
LOCAL_ROUTE, CONNECTED_ROUTE = "its local route is missing", "its connected route is missing"
LINK_LOCAL, LINK_LOCAL_ROUTE = "the link-local address is missing", "the link-local route is missing"
_AF_INET, _AF_INET6 = 2, 10
_HEADER = struct.Struct("=BBBBI")


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
            if link is None or one.scope != _SCOPE_GLOBAL:
                continue
            ours = one.protocol == PROTOCOL if knows_protocol else link.is_marked
            if ours:
                self.own.append((link, one))
            elif knows_protocol and link.is_marked and one.protocol not in _KERNELS:
                self.foreign.append((link, one))

    @property
    def has_ipv6(self) -> bool:
        """Whether anybody gave the namespace an IPv6 address."""
        return any(one.is_ipv6 for _, one in (*self.own, *self.foreign))

    def is_fresh(self, routes: Routes) -> bool:
        """Tell whether an IPv6 address may be too new for the kernel to take in packets for it."""
        return any(
            one.is_ipv6 and _is_at_work(link, one) and not routes.delivers(one.packed)
            for link, one in self.own
        )


def dump_addresses(channel: Channel, links: Links) -> Addresses:
    """Return the addresses of the channel's namespace."""
    return Addresses(links, _listed(channel))


def observe(namespace: str, found: Addresses, routes: Routes) -> Iterable[Address]:
    """Return nlan's addresses in the namespace."""
    for link, one in found.own:
        address = one.address
        lacks = tuple(_lacks(link, address, found, routes)) if _is_at_work(link, one) else ()
        yield Address(namespace=namespace, interface=link.name, address=address, lacks=lacks)


def _is_at_work(link: Link, one: Listed) -> bool:
    """Tell whether the kernel shall have made what belongs to the address."""
    return link.up and (not one.is_ipv6 or (link.has_begun_ipv6 and not one.is_tentative))


def _lacks(
    link: Link, address: IPv4Interface | IPv6Interface, found: Addresses, routes: Routes
) -> Iterator[str]:
    """Yield what the kernel makes together with an address that is at work, and is gone."""
    is_loopback = bool(link.flags & IFF_LOOPBACK)
    network = address.network
    if not routes.delivers(address.packed):
        yield LOCAL_ROUTE
    has_route = address.version == 6 or (network.prefixlen < 32 and not is_loopback)
    if has_route and not routes.connects(network, link.number):
        yield CONNECTED_ROUTE
    if address.version == 6 and not is_loopback:
        if link.number not in found.local:
            yield LINK_LOCAL
        elif not routes.connects(_LINK_LOCAL.network, link.number):
            yield LINK_LOCAL_ROUTE


def update(address: Address, observed: Address) -> list[Step]:
    """Put back what the kernel made and is gone."""
    ip, lacks = address.address, observed.lacks
    if not lacks:
        return take_over(address)
    if ip.version == 6 and LOCAL_ROUTE in lacks:  # the kernel knows no other way
        return [*delete(address), *(s._replace(phase=FINISH) for s in take_over(address))]

    def step(message: Callable[[Context, int], Message]) -> Step:
        def build(context: Context) -> Message:
            return message(context, index_of(context, address.interface))

        return Step(FINISH, address.namespace, build)

    steps = []
    if LOCAL_ROUTE in lacks:
        steps.append(step(lambda _, index: route.deliver(ip, index)))
    if CONNECTED_ROUTE in lacks:
        steps.append(step(lambda _, index: route.connect(ip, index)))
    if LINK_LOCAL in lacks:
        steps.append(step(_link_local))
    if LINK_LOCAL_ROUTE in lacks:
        steps.append(step(lambda _, index: route.connect(_LINK_LOCAL, index)))
    return steps


def _link_local(context: Context, index: int) -> Message:
    """Return the message that gives an interface the address that its MAC address stands for."""
    mac = mac_octets(context.links().by_index[index].mac)
    packed = _LINK_LOCAL.packed[:8] + bytes((mac[0] ^ 2, *mac[1:3], 0xFF, 0xFE, *mac[3:]))
    header = _HEADER.pack(_AF_INET6, 64, _IFA_F_NODAD, _SCOPE_LINK, index)
    parts = codec.attribute(_IFA_LOCAL, packed) + codec.attribute(_IFA_ADDRESS, packed)
    return Message(_RTM_NEWADDR, codec.NLM_F_CREATE | codec.NLM_F_REPLACE, header + parts)


def of_other_length(address: Address, channel: Channel) -> Iterable[Address]:
    """Return the same address with other lengths, whoever gave it to the interface."""
    index = dump_links(channel).index_of(address.interface)
    for one in _listed(channel):
        found = one.address
        if one.number == index and found.ip == address.address.ip and found != address.address:
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


def _listed(channel: Channel) -> list[Listed]:
    return [_parse(body) for _, body in channel.dump(Message(_RTM_GETADDR, 0, _HEADER.pack(0, 0, 0, 0, 0)))]


def _parse(body: memoryview) -> Listed:
    _, length, flags, scope, index = _HEADER.unpack_from(body)
    found = codec.attributes(body, _HEADER.size)
    packed = bytes(found.get(_IFA_LOCAL) or found[_IFA_ADDRESS])
    protocol = found[_IFA_PROTO][0] if _IFA_PROTO in found else 0
    return Listed(index, scope, protocol, length, packed, bool(flags & _IFA_F_TENTATIVE), body)
