"""Requests about forwarding entries, and those of a VXLAN device as they are listed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from nlan.netlink import codec, wire
from nlan.testing.kernel import fdb
from nlan.testing.kernel.state import Ip, Link
from nlan.testing.wire.request import Request, expect, fields, link_of

_PERMANENT_NOARP, wire.NTF_SELF, _PROXY = 0xC0, 2, 8
_ZEROS = bytes(6)


def new(request: Request) -> None:
    """Append a tunnel end."""
    request.expect(wire.NLM_F_CREATE | wire.NLM_F_APPEND)
    fdb.append(*_parts(request))


def delete(request: Request) -> None:
    """Remove a tunnel end."""
    request.expect(0)
    fdb.remove(*_parts(request))


def _parts(request: Request) -> tuple[Link, Ip]:
    family, number, state, flags, kind = wire.NDMSG.unpack_from(request.body)
    expect(
        (family, state, flags, kind),
        (wire.AF_BRIDGE, _PERMANENT_NOARP, wire.NTF_SELF, 0),
        "an entry's header",
    )
    found = fields(request.body, wire.NDMSG.size, {wire.NDA_DST, wire.NDA_LLADDR})
    expect(bytes(found[wire.NDA_LLADDR]), _ZEROS, "an entry's MAC address")
    return link_of(request.netns, number), ip_address(bytes(found[wire.NDA_DST]))


def listed(request: Request) -> Iterator[bytes]:
    """Yield all tunnel ends; neighbours of IP are nobody's, since nothing is ever sent."""
    family, number, state, flags, kind = wire.NDMSG.unpack_from(request.body)
    expect(
        (number, state, kind, len(request.body)), (0, 0, 0, wire.NDMSG.size), "what neighbours are asked for"
    )
    expect(flags in (0, wire.NTF_PROXY), True, "the flags of neighbours that are asked for")
    if family != wire.AF_BRIDGE:
        return
    for link in request.netns.links.values():
        for remote in link.tunnel.remotes if link.tunnel else ():
            header = wire.NDMSG.pack(wire.AF_BRIDGE, link.number, _PERMANENT_NOARP, wire.NTF_SELF, 0)
            yield (
                header
                + codec.attribute(wire.NDA_LLADDR, _ZEROS)
                + codec.attribute(wire.NDA_DST, remote.packed)
            )
