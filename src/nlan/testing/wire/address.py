"""Requests about addresses, and addresses as they are listed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface

from nlan.netlink import codec, wire
from nlan.testing.kernel import address
from nlan.testing.kernel.state import Address, Interface, Link
from nlan.testing.wire.request import Request, expect, fields, link_of

_KNOWN = frozenset({wire.IFA_ADDRESS, wire.IFA_LOCAL, wire.IFA_PROTO})


def new(request: Request) -> None:
    """Give an address to a link."""
    request.expect(wire.NLM_F_CREATE, wire.NLM_F_CREATE | wire.NLM_F_REPLACE)
    link, interface, protocol = _parts(request)
    address.add(link, interface, protocol, replace=bool(request.flags & wire.NLM_F_REPLACE))


def delete(request: Request) -> None:
    """Take an address from a link."""
    request.expect(0)
    link, interface, _ = _parts(request)
    address.remove(link, interface)


def _parts(request: Request) -> tuple[Link, Interface, int]:
    family, length, flags, scope, number = wire.IFADDRMSG.unpack_from(request.body)
    found = fields(request.body, wire.IFADDRMSG.size, _KNOWN)
    expect(
        (flags, scope),
        (0 if family == wire.AF_INET else wire.IFA_F_NODAD, wire.RT_SCOPE_UNIVERSE),
        "an address's flags and scope",
    )
    expect(bytes(found[wire.IFA_ADDRESS]), bytes(found[wire.IFA_LOCAL]), "the far end's address")
    return (
        link_of(request.netns, number),
        ip_interface((bytes(found[wire.IFA_LOCAL]), length)),
        found[wire.IFA_PROTO][0],
    )


def listed(request: Request) -> Iterator[bytes]:
    """Yield every address."""
    expect(bytes(request.body), bytes(wire.IFADDRMSG.size), "what addresses are asked for")
    for link in request.netns.links.values():
        for one in link.addresses:
            yield _body(link, one)


def _body(link: Link, one: Address) -> bytes:
    ip, length = one.interface.ip, one.interface.network.prefixlen
    version4 = ip.version == 4
    header = wire.IFADDRMSG.pack(
        wire.AF_INET if version4 else wire.AF_INET6,
        length,
        wire.IFA_F_SECONDARY if one.secondary else 0,
        wire.RT_SCOPE_HOST if ip.is_loopback else wire.RT_SCOPE_UNIVERSE,
        link.number,
    )
    local = codec.attribute(wire.IFA_LOCAL, ip.packed) if version4 else b""
    marked = codec.u8(wire.IFA_PROTO, one.protocol) if one.protocol else b""
    return header + codec.attribute(wire.IFA_ADDRESS, ip.packed) + local + marked
