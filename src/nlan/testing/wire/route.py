"""Requests about routes, and routes as they are listed: unicast ones of the main table."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nlan.netlink import codec, wire
from nlan.testing.errors import RefusedError
from nlan.testing.kernel import route
from nlan.testing.kernel.state import KERNEL, LOCAL_TABLE, Ip, Link, Prefix, Route
from nlan.testing.wire.request import Request, expect, fields, link_of

_KNOWN = frozenset({wire.RTA_DST, wire.RTA_OIF, wire.RTA_GATEWAY})


def new(request: Request) -> None:
    """Add a route, or put it in the place of another."""
    exclusive = wire.NLM_F_CREATE | wire.NLM_F_EXCL
    appended = wire.NLM_F_CREATE | wire.NLM_F_APPEND
    request.expect(exclusive, wire.NLM_F_CREATE | wire.NLM_F_REPLACE, appended)
    if request.flags == wire.NLM_F_CREATE | wire.NLM_F_APPEND:
        _restore(request)
        return
    prefix, via, link, protocol = _parts(request)
    only = request.flags == exclusive
    route.add(request.netns, prefix, via, link, protocol, exclusive=only, replace=not only)


def _restore(request: Request) -> None:
    """Put back an IPv4 route of the kernel's own."""
    family, length, source, tos, table, protocol, scope, kind, flags = wire.RTMSG.unpack_from(request.body)
    wanted = (
        (wire.RT_SCOPE_HOST, wire.RTN_LOCAL)
        if table == LOCAL_TABLE
        else (wire.RT_SCOPE_LINK, wire.RTN_UNICAST)
    )
    found = fields(request.body, wire.RTMSG.size, {wire.RTA_DST, wire.RTA_OIF, wire.RTA_PREFSRC})
    header = family, source, tos, protocol, scope, kind, flags
    expect(header, (wire.AF_INET, 0, 0, KERNEL, *wanted, 0), "a route of the kernel's own")
    prefix = ip_network((bytes(found[wire.RTA_DST]), length))
    route.restore(request.netns, prefix, link_of(request.netns, codec.as_u32(found[wire.RTA_OIF])), table)


def delete(request: Request) -> None:
    """Remove a route."""
    request.expect(0)
    prefix, via, _, protocol = _parts(request)
    route.remove(request.netns, prefix, via, protocol)


def _parts(request: Request) -> tuple[Prefix, Ip, Link | None, int]:
    family, length, source, tos, table, protocol, scope, kind, flags = wire.RTMSG.unpack_from(request.body)
    expect(
        (source, tos, table, scope, kind, flags),
        (0, 0, wire.RT_TABLE_MAIN, wire.RT_SCOPE_UNIVERSE, wire.RTN_UNICAST, 0),
        "a route's header",
    )
    found = fields(request.body, wire.RTMSG.size, _KNOWN)
    zeros = bytes(4 if family == wire.AF_INET else 16)
    prefix = ip_network((bytes(found.get(wire.RTA_DST, zeros)), length))
    via = ip_address(bytes(found[wire.RTA_GATEWAY]))
    expect(via.version, prefix.version, "the next hop's IP version")
    link = link_of(request.netns, codec.as_u32(found[wire.RTA_OIF])) if wire.RTA_OIF in found else None
    return prefix, via, link, protocol


def listed(request: Request) -> Iterator[bytes]:
    """Yield the routes of a family or of all, of one table or protocol where that is asked for.

    The kernel makes IPv4's main table with its first route, and says so to whom asks for it before.
    """
    family, *rest = wire.RTMSG.unpack_from(request.body)
    table, protocol = rest[3], rest[4]
    expect(
        (table in (0, wire.RT_TABLE_MAIN), len(request.body)),
        (True, wire.RTMSG.size),
        "what routes are asked for",
    )
    routes = [
        r
        for r in request.netns.routes
        if family in (0, wire.AF_INET if r.prefix.version == 4 else wire.AF_INET6) and table in (0, r.table)
    ]
    if table and family == wire.AF_INET and not routes:
        raise RefusedError(errno.ENOENT)
    yield from (_body(one) for one in routes if protocol in (0, one.protocol))


def _body(one: Route) -> bytes:
    version4, length = one.prefix.version == 4, one.prefix.prefixlen
    is_local = one.table == LOCAL_TABLE
    on_link = wire.RT_SCOPE_HOST if is_local else wire.RT_SCOPE_LINK
    scope = on_link if version4 and one.via is None else wire.RT_SCOPE_UNIVERSE
    kind = wire.RTN_LOCAL if is_local else wire.RTN_UNICAST
    family = wire.AF_INET if version4 else wire.AF_INET6
    parts = [
        wire.RTMSG.pack(family, length, 0, 0, one.table, one.protocol, scope, kind, 0),
        codec.u32(wire.RTA_TABLE, one.table),
        codec.u32(wire.RTA_OIF, one.link.number),
    ]
    if length:
        parts.append(codec.attribute(wire.RTA_DST, one.prefix.network_address.packed))
    if one.metric:
        parts.append(codec.u32(wire.RTA_PRIORITY, one.metric))
    if one.via is not None:
        parts.append(codec.attribute(wire.RTA_GATEWAY, one.via.packed))
    return b"".join(parts)
