"""Requests about routes, and routes as they are listed: unicast ones of the main table."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nlan.netlink import codec
from nlan.testing import route
from nlan.testing.errors import RefusedError
from nlan.testing.state import KERNEL, LOCAL_TABLE, Ip, Link, Prefix, Route
from nlan.testing.wire.request import AF_INET, AF_INET6, Request, expect, fields, link_of

_HEADER = struct.Struct("=BBBBBBBBI")
_DST, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _TABLE = 1, 4, 5, 6, 7, 15
_KNOWN = frozenset({_DST, _OIF, _GATEWAY})
_MAIN, _UNIVERSE, _SCOPE_LINK, _SCOPE_HOST, _UNICAST, _LOCAL = 254, 0, 253, 254, 1, 2


def new(request: Request) -> None:
    """Add a route, or put it in the place of another."""
    exclusive = codec.NLM_F_CREATE | codec.NLM_F_EXCL
    appended = codec.NLM_F_CREATE | codec.NLM_F_APPEND
    request.expect(exclusive, codec.NLM_F_CREATE | codec.NLM_F_REPLACE, appended)
    if request.flags == codec.NLM_F_CREATE | codec.NLM_F_APPEND:
        _restore(request)
        return
    prefix, via, link, protocol = _parts(request)
    only = request.flags == exclusive
    route.add(request.netns, prefix, via, link, protocol, exclusive=only, replace=not only)


def _restore(request: Request) -> None:
    """Put back an IPv4 route of the kernel's own."""
    family, length, source, tos, table, protocol, scope, kind, flags = _HEADER.unpack_from(request.body)
    wanted = (_SCOPE_HOST, _LOCAL) if table == LOCAL_TABLE else (_SCOPE_LINK, _UNICAST)
    found = fields(request.body, _HEADER.size, {_DST, _OIF, _PREFSRC})
    said = family, source, tos, protocol, scope, kind, flags
    expect(said, (AF_INET, 0, 0, KERNEL, *wanted, 0), "a route of the kernel's own")
    prefix = ip_network((bytes(found[_DST]), length))
    route.restore(request.netns, prefix, link_of(request.netns, codec.as_u32(found[_OIF])), table)


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
    """Yield the routes of a family or of all, of one table or protocol where that is said.

    The kernel makes IPv4's main table with its first route, and says so to whom asks for it before.
    """
    family, *rest = _HEADER.unpack_from(request.body)
    table, protocol = rest[3], rest[4]
    expect((table in (0, _MAIN), len(request.body)), (True, _HEADER.size), "what routes are asked for")
    routes = [
        r
        for r in request.netns.routes
        if family in (0, AF_INET if r.prefix.version == 4 else AF_INET6) and table in (0, r.table)
    ]
    if table and family == AF_INET and not routes:
        raise RefusedError(errno.ENOENT)
    yield from (_body(one) for one in routes if protocol in (0, one.protocol))


def _body(one: Route) -> bytes:
    version4, length = one.prefix.version == 4, one.prefix.prefixlen
    is_local = one.table == LOCAL_TABLE
    on_link = _SCOPE_HOST if is_local else _SCOPE_LINK
    scope = on_link if version4 and one.via is None else _UNIVERSE
    kind = _LOCAL if is_local else _UNICAST
    family = AF_INET if version4 else AF_INET6
    parts = [
        _HEADER.pack(family, length, 0, 0, one.table, one.protocol, scope, kind, 0),
        codec.u32(_TABLE, one.table),
        codec.u32(_OIF, one.link.number),
    ]
    if length:
        parts.append(codec.attribute(_DST, one.prefix.network_address.packed))
    if one.metric:
        parts.append(codec.u32(_PRIORITY, one.metric))
    if one.via is not None:
        parts.append(codec.attribute(_GATEWAY, one.via.packed))
    return b"".join(parts)
