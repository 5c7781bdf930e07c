"""Requests about forwarding entries, and those of a VXLAN device as they are listed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address

from nlan.netlink import codec
from nlan.testing import fdb
from nlan.testing.state import Ip, Link
from nlan.testing.wire.request import AF_BRIDGE, Request, expect, fields, link_of

_HEADER = struct.Struct("=BxxxiHBB")
_DST, _LLADDR = 1, 2
_PERMANENT_NOARP, _SELF, _PROXY = 0xC0, 2, 8
_ZEROS = bytes(6)


def new(request: Request) -> None:
    """Append a tunnel end."""
    request.expect(codec.NLM_F_CREATE | codec.NLM_F_APPEND)
    fdb.append(*_parts(request))


def delete(request: Request) -> None:
    """Remove a tunnel end."""
    request.expect(0)
    fdb.remove(*_parts(request))


def _parts(request: Request) -> tuple[Link, Ip]:
    family, number, state, flags, kind = _HEADER.unpack_from(request.body)
    expect((family, state, flags, kind), (AF_BRIDGE, _PERMANENT_NOARP, _SELF, 0), "an entry's header")
    found = fields(request.body, _HEADER.size, {_DST, _LLADDR})
    expect(bytes(found[_LLADDR]), _ZEROS, "an entry's MAC address")
    return link_of(request.netns, number), ip_address(bytes(found[_DST]))


def listed(request: Request) -> Iterator[bytes]:
    """Yield all tunnel ends; neighbours of IP are nobody's, since nothing is ever sent."""
    family, number, state, flags, kind = _HEADER.unpack_from(request.body)
    expect((number, state, kind, len(request.body)), (0, 0, 0, _HEADER.size), "what neighbours are asked for")
    expect(flags in (0, _PROXY), True, "the flags of neighbours that are asked for")
    if family != AF_BRIDGE:
        return
    for link in request.netns.links.values():
        for remote in link.tunnel.remotes if link.tunnel else ():
            header = _HEADER.pack(AF_BRIDGE, link.number, _PERMANENT_NOARP, _SELF, 0)
            yield header + codec.attribute(_LLADDR, _ZEROS) + codec.attribute(_DST, remote.packed)
