"""Requests about addresses, and addresses as they are listed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_interface

from nlan.netlink import codec
from nlan.testing import address
from nlan.testing.state import Address, Interface, Link
from nlan.testing.wire.request import AF_INET, AF_INET6, Request, expect, fields, link_of

_HEADER = struct.Struct("=BBBBI")
_ADDRESS, _LOCAL, _PROTO = 1, 2, 11
_KNOWN = frozenset({_ADDRESS, _LOCAL, _PROTO})
_SECONDARY, _NODAD = 1, 2
_GLOBAL, _HOST = 0, 254


def new(request: Request) -> None:
    """Give an address to a link."""
    request.expect(codec.NLM_F_CREATE, codec.NLM_F_CREATE | codec.NLM_F_REPLACE)
    link, interface, protocol = _parts(request)
    address.add(link, interface, protocol, replace=bool(request.flags & codec.NLM_F_REPLACE))


def delete(request: Request) -> None:
    """Take an address from a link."""
    request.expect(0)
    link, interface, _ = _parts(request)
    address.remove(link, interface)


def _parts(request: Request) -> tuple[Link, Interface, int]:
    family, length, flags, scope, number = _HEADER.unpack_from(request.body)
    found = fields(request.body, _HEADER.size, _KNOWN)
    expect((flags, scope), (0 if family == AF_INET else _NODAD, _GLOBAL), "an address's flags and scope")
    expect(bytes(found[_ADDRESS]), bytes(found[_LOCAL]), "the far end's address")
    return link_of(request.netns, number), ip_interface((bytes(found[_LOCAL]), length)), found[_PROTO][0]


def listed(request: Request) -> Iterator[bytes]:
    """Yield every address."""
    expect(bytes(request.body), bytes(_HEADER.size), "what addresses are asked for")
    for link in request.netns.links.values():
        for one in link.addresses:
            yield _body(link, one)


def _body(link: Link, one: Address) -> bytes:
    ip, length = one.interface.ip, one.interface.network.prefixlen
    version4 = ip.version == 4
    header = _HEADER.pack(
        AF_INET if version4 else AF_INET6,
        length,
        _SECONDARY if one.secondary else 0,
        _HOST if ip.is_loopback else _GLOBAL,
        link.number,
    )
    local = codec.attribute(_LOCAL, ip.packed) if version4 else b""
    marked = codec.u8(_PROTO, one.protocol) if one.protocol else b""
    return header + codec.attribute(_ADDRESS, ip.packed) + local + marked
