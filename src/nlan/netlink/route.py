"""Routes of the main table, marked by their protocol number."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

from nlan.netlink import codec
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message
from nlan.netlink.links import Links
from nlan.netlink.step import FINISH, REMOVE, Context, Step, index_of
from nlan.resources import Route

PROTOCOL = 110
"""nlan's protocol number on addresses and routes (free in the kernel's and iproute2's lists)."""

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
MAIN_TABLE, LOCAL_TABLE = 254, 255
KERNEL = 2
"""Protocol number of routes that come and go with addresses."""
NOT_FOREIGN = frozenset({1, KERNEL, 9, PROTOCOL, 11, 12, 42, *range(186, 200)})
"""Protocol numbers of the kernel (redirects and router advertisements too), of nlan, of routing daemons."""
DAEMONS = NOT_FOREIGN - {KERNEL, PROTOCOL}
"""Those of routes that come and go by themselves."""
_LENGTH_AT, _PROTOCOL_AT, _KIND_AT = 1, 5, 7
"""Where a route's header says so."""
_SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_HOST = 0, 253, 254
_UNICAST, _LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE = 1, 4, 5, 6, 7, 15
_OF_KERNELS = frozenset({_RTA_DST, _RTA_OIF})
_AF_INET, _AF_INET6 = 2, 10
_CLONED = 0x200
ROUTE_HEADER = struct.Struct("=BBBBBBBBI")


class KernelRoute(NamedTuple):
    """A route as the kernel tells it.

    Attributes:
        table: Routing table.
        protocol: Who put it there.
        kind: RTN_*; 1 is unicast.
        prefix: To where.
        via: Next hop, None where it is on the link or has many.
        oif: The interface's index, 0 where there are many or none.
        body: The message that says so; what removes the route is the same.
    """

    table: int
    protocol: int
    kind: int
    prefix: IPv4Network | IPv6Network
    via: IPv4Address | IPv6Address | None
    oif: int = 0
    body: memoryview | None = None


class Routes:
    """The routes of a namespace, all tables, but for those that routing daemons put there.

    Attributes:
        own: Those that bear nlan's mark.
        foreign: Those that somebody else typed.
    """

    def __init__(self, bodies: Iterable[memoryview]) -> None:
        """Take what was listed; of the kernel's own, which are many, as little as possible is read."""
        self.own: list[KernelRoute] = []
        self.foreign: list[KernelRoute] = []
        self._connected: set[tuple[bytes, int, int]] = set()
        self._local: set[bytes] = set()
        for body in bodies:
            protocol, kind = body[_PROTOCOL_AT], body[_KIND_AT]
            if protocol == KERNEL:
                if kind in (_UNICAST, _LOCAL):
                    self._take_kernels(body, kind)
            elif protocol not in DAEMONS and (route := parse_route(body)) is not None:
                (self.own if protocol == PROTOCOL else self.foreign).append(route)

    def _take_kernels(self, body: memoryview, kind: int) -> None:
        found = codec.some_attributes(body, ROUTE_HEADER.size, _OF_KERNELS)
        destination = bytes(found.get(_RTA_DST, b""))
        if kind == _LOCAL:
            self._local.add(destination)
        else:
            self._connected.add((destination, body[_LENGTH_AT], codec.as_u32(found.get(_RTA_OIF))))

    def connects(self, prefix: IPv4Network | IPv6Network, oif: int) -> bool:
        """Tell whether the kernel's own route to what is on a link is there."""
        return (prefix.network_address.packed, prefix.prefixlen, oif) in self._connected

    def delivers(self, packed: bytes) -> bool:
        """Tell whether packets to an own address are taken in; where that stands on the link or on lo."""
        return packed in self._local


def create(route: Route) -> list[Step]:
    """Add it; it fails where a route to that prefix exists."""
    return _put(route, codec.NLM_F_CREATE | codec.NLM_F_EXCL)


def update(route: Route) -> list[Step]:
    """Put it in the place of the one to that prefix."""
    return _put(route, codec.NLM_F_CREATE | codec.NLM_F_REPLACE)


def connect(address: IPv4Interface | IPv6Interface, index: int) -> Message:
    """Return the message that puts back the route to what is on an interface, as the kernel makes it."""
    body = _kernels(address, address.network, index, MAIN_TABLE, _UNICAST)
    return Message(RTM_NEWROUTE, codec.NLM_F_CREATE | codec.NLM_F_APPEND, body)


def deliver(address: IPv4Interface | IPv6Interface, index: int) -> Message:
    """Return the message that puts back the route to an IPv4 address of the node's own."""
    body = _kernels(address, ip_network(address.ip), index, LOCAL_TABLE, _LOCAL)
    return Message(RTM_NEWROUTE, codec.NLM_F_CREATE | codec.NLM_F_APPEND, body)


def _kernels(
    address: IPv4Interface | IPv6Interface,
    prefix: IPv4Network | IPv6Network,
    index: int,
    table: int,
    kind: int,
) -> bytes:
    version4 = prefix.version == 4
    scope = (_SCOPE_HOST if kind == _LOCAL else _SCOPE_LINK) if version4 else _SCOPE_UNIVERSE
    family = _AF_INET if version4 else _AF_INET6
    header = ROUTE_HEADER.pack(family, prefix.prefixlen, 0, 0, table, KERNEL, scope, kind, 0)
    told = codec.attribute(_RTA_PREFSRC, address.ip.packed) if version4 else codec.u32(_RTA_PRIORITY, 256)
    target = codec.attribute(_RTA_DST, prefix.network_address.packed)
    return header + target + codec.u32(_RTA_OIF, index) + told


def delete(route: Route) -> list[Step]:
    """Remove it, and only one that bears nlan's mark."""
    message = Message(RTM_DELROUTE, 0, _body(route, 0))
    return [Step(REMOVE, route.namespace, lambda _: message, absent_is_done=True)]


def observe(namespace: str, links: Links, routes: Routes) -> Iterable[Route]:
    """Return nlan's routes in the namespace."""
    for route in routes.own:
        if route.table == MAIN_TABLE and route.via is not None:
            interface = links.name_of(route.oif)
            yield Route(namespace=namespace, prefix=route.prefix, via=route.via, interface=interface)


def dump_all(channel: Channel, *, ipv6: bool) -> Routes:
    """Return the routes of all tables; of IPv6 only nlan's where nobody has an address of it."""
    bodies = [body for _, body in channel.dump(_question(_AF_INET, 0))]
    bodies += [body for _, body in channel.dump(_question(_AF_INET6, 0 if ipv6 else PROTOCOL))]
    return Routes(bodies)


def _question(family: int, protocol: int) -> Message:
    return Message(RTM_GETROUTE, 0, ROUTE_HEADER.pack(family, 0, 0, 0, 0, protocol, 0, 0, 0))


def dump_routes(channel: Channel, family: int, protocol: int = 0) -> list[KernelRoute]:
    """Return the routes of the main table, of one protocol unless that is 0."""
    body = ROUTE_HEADER.pack(family, 0, 0, 0, MAIN_TABLE, protocol, 0, 0, 0)
    try:
        found = [parse_route(body) for _, body in channel.dump(Message(RTM_GETROUTE, 0, body))]
    except DumpRefusedError as refused:
        if refused.errno == errno.ENOENT:  # the kernel makes the table with its first route
            return []
        raise
    return [route for route in found if route is not None and route.table == MAIN_TABLE]


def parse_route(body: memoryview) -> KernelRoute | None:
    """Return the route a message speaks of, None for families and cached copies nlan has no use for."""
    family, length, _, _, table, protocol, _, kind, flags = ROUTE_HEADER.unpack_from(body)
    if family not in (_AF_INET, _AF_INET6) or flags & _CLONED:
        return None
    found = codec.attributes(body, ROUTE_HEADER.size)
    prefix = bytes(found.get(_RTA_DST, bytes(4 if family == _AF_INET else 16)))
    via = found.get(_RTA_GATEWAY)
    return KernelRoute(
        codec.as_u32(found.get(_RTA_TABLE), table),
        protocol,
        kind,
        ip_network((prefix, length)),
        None if via is None else ip_address(bytes(via)),
        codec.as_u32(found.get(_RTA_OIF), 0),
        body,
    )


def _put(route: Route, flags: int) -> list[Step]:
    def build(context: Context) -> Message:
        index = index_of(context, route.interface) if route.interface else 0
        return Message(RTM_NEWROUTE, flags, _body(route, index))

    return [Step(FINISH, route.namespace, build)]


def _body(route: Route, index: int) -> bytes:
    family = _AF_INET if route.prefix.version == 4 else _AF_INET6
    length = route.prefix.prefixlen
    header = ROUTE_HEADER.pack(family, length, 0, 0, MAIN_TABLE, PROTOCOL, _SCOPE_UNIVERSE, _UNICAST, 0)
    prefix = codec.attribute(_RTA_DST, route.prefix.network_address.packed) if length else b""
    interface = codec.u32(_RTA_OIF, index) if index else b""
    return header + prefix + interface + codec.attribute(_RTA_GATEWAY, route.via.packed)
