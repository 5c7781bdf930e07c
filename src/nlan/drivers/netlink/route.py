"""Routes of the main table, marked by their protocol number."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from nlan.drivers.netlink import codec
from nlan.drivers.netlink.address import PROTOCOL
from nlan.drivers.netlink.channel import Channel, DumpRefusedError
from nlan.drivers.netlink.codec import Message
from nlan.drivers.netlink.links import Links
from nlan.drivers.netlink.step import FINISH, REMOVE, Context, Step, index_of
from nlan.resources import Route

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
MAIN_TABLE = 254
_SCOPE_UNIVERSE = 0
_UNICAST = 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 1, 4, 5, 15
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
    """

    table: int
    protocol: int
    kind: int
    prefix: IPv4Network | IPv6Network
    via: IPv4Address | IPv6Address | None
    oif: int = 0


def create(route: Route) -> list[Step]:
    """Add it; it fails where a route to that prefix exists."""
    return _put(route, codec.NLM_F_CREATE | codec.NLM_F_EXCL)


def update(route: Route) -> list[Step]:
    """Put it in the place of the one to that prefix."""
    return _put(route, codec.NLM_F_CREATE | codec.NLM_F_REPLACE)


def delete(route: Route) -> list[Step]:
    """Remove it, and only one that bears nlan's mark."""
    message = Message(RTM_DELROUTE, 0, _body(route, 0))
    return [Step(REMOVE, route.namespace, lambda _: message, absent_is_done=True)]


def observe(namespace: str, links: Links, channel: Channel) -> Iterable[Route]:
    """Return nlan's routes in the namespace."""
    for family in (_AF_INET, _AF_INET6):
        for route in dump_routes(channel, family, PROTOCOL):
            if route.protocol == PROTOCOL and route.via is not None:
                interface = links.name_of(route.oif)
                yield Route(namespace=namespace, prefix=route.prefix, via=route.via, interface=interface)


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
