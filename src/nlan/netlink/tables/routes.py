"""Routes as the kernel lists them, and messages about its own."""

from __future__ import annotations

import errno
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

from nlan.netlink import codec, wire
from nlan.netlink.channel import Channel, DumpRefusedError
from nlan.netlink.codec import Message

PROTOCOL = 110
"""nlan's protocol number on addresses and routes (free in the kernel's and iproute2's lists)."""

NOT_FOREIGN = frozenset(
    {
        wire.RTPROT_REDIRECT,
        wire.RTPROT_KERNEL,
        wire.RTPROT_RA,
        PROTOCOL,
        wire.RTPROT_ZEBRA,
        wire.RTPROT_BIRD,
        wire.RTPROT_DHCP,
        wire.RTPROT_BABEL,
        *range(wire.RTPROT_BGP, wire.RTPROT_LAST_OF_FRR + 1),
    }
)
"""Protocol numbers of the kernel (redirects and router advertisements too), nlan, routing daemons, DHCP."""
DAEMONS = NOT_FOREIGN - {wire.RTPROT_KERNEL, PROTOCOL}
"""Those of routes that come and go by themselves."""
_OF_KERNELS = frozenset({wire.RTA_DST, wire.RTA_OIF})


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
            protocol, kind = body[wire.RTMSG_PROTOCOL_AT], body[wire.RTMSG_TYPE_AT]
            if protocol == wire.RTPROT_KERNEL:
                if kind in (wire.RTN_UNICAST, wire.RTN_LOCAL):
                    self._take_kernels(body, kind)
            elif protocol not in DAEMONS and (route := parse_route(body)) is not None:
                (self.own if protocol == PROTOCOL else self.foreign).append(route)

    def _take_kernels(self, body: memoryview, kind: int) -> None:
        found = codec.some_attributes(body, wire.RTMSG.size, _OF_KERNELS)
        destination = bytes(found.get(wire.RTA_DST, b""))
        if kind == wire.RTN_LOCAL:
            self._local.add(destination)
        else:
            self._connected.add(
                (destination, body[wire.RTMSG_DST_LEN_AT], codec.as_u32(found.get(wire.RTA_OIF)))
            )

    def connects(self, prefix: IPv4Network | IPv6Network, oif: int) -> bool:
        """Tell whether the kernel's own route to what is on a link is there."""
        return (prefix.network_address.packed, prefix.prefixlen, oif) in self._connected

    def delivers(self, packed: bytes) -> bool:
        """Tell whether packets to an own address are taken in; where that stands on the link or on lo."""
        return packed in self._local


def connect(address: IPv4Interface | IPv6Interface, index: int) -> Message:
    """Return the message that puts back the route to what is on an interface, as the kernel makes it."""
    body = _kernels(address, address.network, index, wire.RT_TABLE_MAIN, wire.RTN_UNICAST)
    return Message(wire.RTM_NEWROUTE, wire.NLM_F_CREATE | wire.NLM_F_APPEND, body)


def deliver(address: IPv4Interface | IPv6Interface, index: int) -> Message:
    """Return the message that puts back the route to an IPv4 address of the node's own."""
    body = _kernels(address, ip_network(address.ip), index, wire.RT_TABLE_LOCAL, wire.RTN_LOCAL)
    return Message(wire.RTM_NEWROUTE, wire.NLM_F_CREATE | wire.NLM_F_APPEND, body)


def _kernels(
    address: IPv4Interface | IPv6Interface,
    prefix: IPv4Network | IPv6Network,
    index: int,
    table: int,
    kind: int,
) -> bytes:
    version4 = prefix.version == 4
    scope = (
        (wire.RT_SCOPE_HOST if kind == wire.RTN_LOCAL else wire.RT_SCOPE_LINK)
        if version4
        else wire.RT_SCOPE_UNIVERSE
    )
    family = wire.AF_INET if version4 else wire.AF_INET6
    header = wire.RTMSG.pack(family, prefix.prefixlen, 0, 0, table, wire.RTPROT_KERNEL, scope, kind, 0)
    options = (
        codec.attribute(wire.RTA_PREFSRC, address.ip.packed)
        if version4
        else codec.u32(wire.RTA_PRIORITY, 256)
    )
    target = codec.attribute(wire.RTA_DST, prefix.network_address.packed)
    return header + target + codec.u32(wire.RTA_OIF, index) + options


def dump_all(channel: Channel, *, ipv6: bool) -> Routes:
    """Return the routes of all tables; of IPv6 only nlan's where nobody has an address of it."""
    bodies = [body for _, body in channel.dump(_question(wire.AF_INET, 0))]
    bodies += [body for _, body in channel.dump(_question(wire.AF_INET6, 0 if ipv6 else PROTOCOL))]
    return Routes(bodies)


def _question(family: int, protocol: int) -> Message:
    return Message(wire.RTM_GETROUTE, 0, wire.RTMSG.pack(family, 0, 0, 0, 0, protocol, 0, 0, 0))


def dump_routes(channel: Channel, family: int, protocol: int = 0) -> list[KernelRoute]:
    """Return the routes of the main table, of one protocol unless that is 0."""
    body = wire.RTMSG.pack(family, 0, 0, 0, wire.RT_TABLE_MAIN, protocol, 0, 0, 0)
    try:
        found = [parse_route(body) for _, body in channel.dump(Message(wire.RTM_GETROUTE, 0, body))]
    except DumpRefusedError as refused:
        if refused.errno == errno.ENOENT:  # the kernel makes the table with its first route
            return []
        raise
    return [route for route in found if route is not None and route.table == wire.RT_TABLE_MAIN]


def parse_route(body: memoryview) -> KernelRoute | None:
    """Return the route a message speaks of, None for families and cached copies nlan has no use for."""
    family, length, _, _, table, protocol, _, kind, flags = wire.RTMSG.unpack_from(body)
    if family not in (wire.AF_INET, wire.AF_INET6) or flags & wire.RTM_F_CLONED:
        return None
    found = codec.attributes(body, wire.RTMSG.size)
    prefix = bytes(found.get(wire.RTA_DST, bytes(4 if family == wire.AF_INET else 16)))
    via = found.get(wire.RTA_GATEWAY)
    return KernelRoute(
        codec.as_u32(found.get(wire.RTA_TABLE), table),
        protocol,
        kind,
        ip_network((prefix, length)),
        None if via is None else ip_address(bytes(via)),
        codec.as_u32(found.get(wire.RTA_OIF), 0),
        body,
    )
