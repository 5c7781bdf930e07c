"""Addresses, marked by their protocol number."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_network
from pathlib import Path
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import FINISH, MAKE, REMOVE, Context, Step, index_of
from nlan.netlink.tables.addresses import Addresses, is_at_work, list_addresses
from nlan.netlink.tables.links import Link, dump_links, mac_octets
from nlan.netlink.tables.routes import PROTOCOL, Routes, connect, deliver
from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource, link_key
from nlan.runtimes.base import Nodes

_LINK_LOCAL = IPv6Interface("fe80::/64")
LOCAL_ROUTE, CONNECTED_ROUTE = "its local route is missing", "its connected route is missing"
LINK_LOCAL, LINK_LOCAL_ROUTE = "the link-local address is missing", "the link-local route is missing"


class Address(Resource, frozen=True, kw_only=True):
    """An address of an interface.

    Attributes:
        namespace: Where the interface is.
        interface: Its name.
        address: With prefix length.
        lacks: What of it the kernel makes and is gone, in words: ``its connected route is missing``.
    """

    kind: ClassVar[str] = "address"
    is_ground: ClassVar[bool] = True
    rank: ClassVar[int] = Rank.ADDRESSES
    goes_with_link: ClassVar[bool] = True
    brings_routes: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"lacks": "hitless"}
    namespace: str
    interface: str
    address: IPv4Interface | IPv6Interface
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Interface and address."""
        return Key(self.kind, self.namespace, f"{self.interface} {self.address}")

    def requires(self) -> tuple[Key, ...]:
        """The interface."""
        return (Key(NAMESPACE, self.namespace, ""), link_key(self.namespace, self.interface))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """The address, once per namespace."""
        return (("address", self.namespace, _bare(self.address)),)

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The one that it is in."""
        return (self.address.network,)


def _bare(address: IPv4Interface | IPv6Interface) -> str:
    """Return ``str(address.ip)``, without making another address first."""
    return str(address).partition("/")[0].partition("%")[0]


class AddressKind(KernelKind[Address]):
    """How addresses are made and found."""

    resource = Address
    events = ("address",)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield nlan's addresses, and foreign ones of its links."""
        addresses, routes = view.addressing
        for link, one in addresses.own:
            address = one.address
            lacks = tuple(_lacks(link, address, addresses, routes)) if is_at_work(link, one) else ()
            yield Address(namespace=view.namespace, interface=link.name, address=address, lacks=lacks)
        for link, one in addresses.foreign:
            words, prefix = f"{one.address} on {link.name}", ip_network(one.address.ip)
            yield foreign(view.namespace, "address", words, wire.RTM_DELADDR, one.body, prefix=prefix)

    def create(self, desired: Address) -> list[Step]:
        """Add it, IPv6 without duplicate detection; one of IPv4 that is there already is taken over.

        IPv6 knows addresses without their length: one that is there may have another, and keeps it.
        """
        return take_over(desired) if desired.address.version == 4 else _put(desired, wire.NLM_F_CREATE)

    def update(self, desired: Address, observed: Address) -> list[Step]:
        """Put back what the kernel made and is gone."""
        return _put_back(desired, observed)

    def delete(self, observed: Address) -> list[Step]:
        """Remove it."""
        return _removal(observed)

    def in_the_way(self, desired: Address, channel: Channel) -> Iterable[Resource]:
        """Return what else of it the interface has; without that it is taken over, whoever gave it."""
        return list(_of_other_length(desired, channel))

    def mend(self, desired: Address, refused: Refusal, nodes: Nodes) -> bool:
        """Switch IPv6 on for an interface where somebody switched it off."""
        if refused.errno != errno.EACCES:
            return False
        with nodes.inside(desired.namespace):
            path = Path("/proc/sys/net/ipv6/conf", desired.interface, "disable_ipv6")
            path.write_text("0", encoding="ascii")
        return True


KIND = AddressKind()


def take_over(address: Address) -> list[Step]:
    """Add it, or put nlan's mark on one that is there."""
    return _put(address, wire.NLM_F_CREATE | wire.NLM_F_REPLACE)


def _put(address: Address, flags: int) -> list[Step]:
    return [
        Step(MAKE, address.namespace, lambda context: _message(context, address, wire.RTM_NEWADDR, flags))
    ]


def _removal(address: Address) -> list[Step]:

    def build(context: Context) -> Message | None:
        if not context.links().index_of(address.interface):
            return None
        return _message(context, address, wire.RTM_DELADDR, 0)

    return [Step(REMOVE, address.namespace, build, absent_is_done=True)]


def _lacks(
    link: Link, address: IPv4Interface | IPv6Interface, found: Addresses, routes: Routes
) -> Iterator[str]:
    """Yield what the kernel makes together with an address that is at work, and is gone."""
    is_loopback = bool(link.flags & wire.IFF_LOOPBACK)
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


def _put_back(address: Address, observed: Address) -> list[Step]:
    ip, lacks = address.address, observed.lacks
    if not lacks:
        return take_over(address)
    if ip.version == 6 and LOCAL_ROUTE in lacks:  # the kernel knows no other way
        return [*_removal(address), *(s._replace(phase=FINISH) for s in take_over(address))]

    def step(message: Callable[[Context, int], Message]) -> Step:
        def build(context: Context) -> Message:
            return message(context, index_of(context, address.interface))

        return Step(FINISH, address.namespace, build)

    steps = []
    if LOCAL_ROUTE in lacks:
        steps.append(step(lambda _, index: deliver(ip, index)))
    if CONNECTED_ROUTE in lacks:
        steps.append(step(lambda _, index: connect(ip, index)))
    if LINK_LOCAL in lacks:
        steps.append(step(_link_local))
    if LINK_LOCAL_ROUTE in lacks:
        steps.append(step(lambda _, index: connect(_LINK_LOCAL, index)))
    return steps


def _link_local(context: Context, index: int) -> Message:
    """Return the message that gives an interface the address that its MAC address stands for."""
    mac = mac_octets(context.links().by_index[index].mac)
    packed = _LINK_LOCAL.packed[:8] + bytes((mac[0] ^ 2, *mac[1:3], 0xFF, 0xFE, *mac[3:]))
    header = wire.IFADDRMSG.pack(wire.AF_INET6, 64, wire.IFA_F_NODAD, wire.RT_SCOPE_LINK, index)
    parts = codec.attribute(wire.IFA_LOCAL, packed) + codec.attribute(wire.IFA_ADDRESS, packed)
    return Message(wire.RTM_NEWADDR, wire.NLM_F_CREATE | wire.NLM_F_REPLACE, header + parts)


def _of_other_length(address: Address, channel: Channel) -> Iterable[Address]:
    """Return the same address with other lengths, whoever gave it to the interface."""
    index = dump_links(channel).index_of(address.interface)
    for one in list_addresses(channel):
        found = one.address
        if one.number == index and found.ip == address.address.ip and found != address.address:
            yield Address(namespace=address.namespace, interface=address.interface, address=found)


def _message(context: Context, address: Address, kind: int, flags: int) -> Message:
    interface = address.address
    family, dad = (wire.AF_INET, 0) if interface.version == 4 else (wire.AF_INET6, wire.IFA_F_NODAD)
    header = wire.IFADDRMSG.pack(
        family, interface.network.prefixlen, dad, wire.RT_SCOPE_UNIVERSE, index_of(context, address.interface)
    )
    packed = interface.ip.packed
    parts = codec.attribute(wire.IFA_LOCAL, packed) + codec.attribute(wire.IFA_ADDRESS, packed)
    return Message(kind, flags, header + parts + codec.u8(wire.IFA_PROTO, PROTOCOL))
