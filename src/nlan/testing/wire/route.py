"""Requests about routes, and routes as they are listed: unicast ones of the main table."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nlan.drivers.netlink import codec
from nlan.testing import route
from nlan.testing.errors import RefusedError
from nlan.testing.state import Ip, Link, Prefix, Route
from nlan.testing.wire.request import AF_INET, AF_INET6, Request, expect, fields, link_of

_HEADER = struct.Struct("=BBBBBBBBI")
_DST, _OIF, _GATEWAY, _PRIORITY, _TABLE = 1, 4, 5, 6, 15
_KNOWN = frozenset({_DST, _OIF, _GATEWAY})
_MAIN, _UNIVERSE, _SCOPE_LINK, _UNICAST = 254, 0, 253, 1


def new(request: Request) -> None:
    """Add a route, or put it in the place of another."""
    exclusive = codec.NLM_F_CREATE | codec.NLM_F_EXCL
    request.expect(exclusive, codec.NLM_F_CREATE | codec.NLM_F_REPLACE)
    prefix, via, link, protocol = _parts(request)
    only = request.flags == exclusive
    route.add(request.netns, prefix, via, link, protocol, exclusive=only, replace=not only)


def delete(request: Request) -> None:
    """Remove a route."""
    request.expect(0)
    prefix, via, _, protocol = _parts(request)
    route.remove(request.netns, prefix, via, protocol)


def _parts(request: Request) -> tuple[Prefix, Ip, Link | None, int]:
    family, length, source, tos, table, protocol, scope, kind, flags = _HEADER.unpack_from(request.body)
    expect(
        (source, tos, table, scope, kind, flags), (0, 0, _MAIN, _UNIVERSE, _UNICAST, 0), "a route's header"
    )
    found = fields(request.body, _HEADER.size, _KNOWN)
    zeros = bytes(4 if family == AF_INET else 16)
    prefix = ip_network((bytes(found.get(_DST, zeros)), length))
    via = ip_address(bytes(found[_GATEWAY]))
    expect(via.version, prefix.version, "the next hop's IP version")
    link = link_of(request.netns, codec.as_u32(found[_OIF])) if _OIF in found else None
    return prefix, via, link, protocol


def listed(request: Request) -> Iterator[bytes]:
    """Yield the routes of a family, of one protocol where that is said.

    The kernel makes IPv4's main table with its first route, and says so to whom asks for it before.
    """
    family, *rest = _HEADER.unpack_from(request.body)
    table, protocol = rest[3], rest[4]
    expect((table in (0, _MAIN), len(request.body)), (True, _HEADER.size), "what routes are asked for")
    routes = [r for r in request.netns.routes if r.prefix.version == (4 if family == AF_INET else 6)]
    if table and family == AF_INET and not routes:
        raise RefusedError(errno.ENOENT)
    yield from (_body(one) for one in routes if protocol in (0, one.protocol))


def _body(one: Route) -> bytes:
    version4, length = one.prefix.version == 4, one.prefix.prefixlen
    scope = _SCOPE_LINK if version4 and one.via is None else _UNIVERSE
    family = AF_INET if version4 else AF_INET6
    parts = [
        _HEADER.pack(family, length, 0, 0, _MAIN, one.protocol, scope, _UNICAST, 0),
        codec.u32(_TABLE, _MAIN),
        codec.u32(_OIF, one.link.number),
    ]
    if length:
        parts.append(codec.attribute(_DST, one.prefix.network_address.packed))
    if one.metric:
        parts.append(codec.u32(_PRIORITY, one.metric))
    if one.via is not None:
        parts.append(codec.attribute(_GATEWAY, one.via.packed))
    return b"".join(parts)
