"""Requests about links, and links as they are listed."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from nlan.kinds import bridge, device, vxlan
from nlan.netlink import codec, wire
from nlan.netlink.tables.links import mac_octets
from nlan.netlink.tables.settings import PORT, Setting
from nlan.testing.errors import RefusedError, UnexpectedError
from nlan.testing.kernel import link
from nlan.testing.kernel.link import NewLink
from nlan.testing.kernel.state import Ip, Link, Netns, Tunnel
from nlan.testing.wire.request import Fields, Request, expect, fields, link_of

SETTINGS: dict[str, Sequence[Setting]] = {"bridge": bridge.SETTINGS, "vxlan": vxlan.SETTINGS}
"""Of each kind of link, what it has by its kind."""
_BASICS = frozenset({wire.IFLA_IFNAME, wire.IFLA_ADDRESS, wire.IFLA_MTU, wire.IFLA_GROUP})
_INFO = frozenset({wire.IFLA_INFO_KIND, wire.IFLA_INFO_DATA})
_PORT_INFO = frozenset({wire.IFLA_INFO_SLAVE_KIND, wire.IFLA_INFO_SLAVE_DATA})
_VXLAN = frozenset(
    {
        wire.IFLA_VXLAN_ID,
        wire.IFLA_VXLAN_LOCAL,
        wire.IFLA_VXLAN_LEARNING,
        wire.IFLA_VXLAN_PORT,
        wire.IFLA_VXLAN_LOCAL6,
    }
)


def new(request: Request) -> None:
    """Make a link, or change one."""
    request.expect(0, wire.NLM_F_CREATE | wire.NLM_F_EXCL)
    if request.flags:
        link.create(_wanted(request))
    else:
        _change(request)


def _wanted(request: Request) -> NewLink:
    taken = {*_BASICS, wire.IFLA_MASTER, wire.IFLA_LINK, wire.IFLA_LINKINFO}
    found = fields(request.body, wire.IFINFOMSG.size, taken)
    info = fields(found[wire.IFLA_LINKINFO], 0, _INFO)
    kind, data = codec.as_text(info[wire.IFLA_INFO_KIND]), info[wire.IFLA_INFO_DATA]
    wanted = _basics(request.netns, kind, request.body, found)
    if wire.IFLA_MASTER in found:
        wanted.master = link_of(request.netns, codec.as_u32(found[wire.IFLA_MASTER]))
    if wire.IFLA_LINK in found:
        wanted.parent = link_of(request.netns, codec.as_u32(found[wire.IFLA_LINK]))
    match kind:
        case "bridge":
            switches = fields(data, 0, {wire.IFLA_BR_STP_STATE, wire.IFLA_BR_MCAST_SNOOPING})
            expect([any(value) for value in switches.values()], [False, False], "a bridge's switches")
        case "veth":
            wanted.peer = _wanted_peer(request, fields(data, 0, {wire.VETH_INFO_PEER})[wire.VETH_INFO_PEER])
        case "vxlan":
            wanted.tunnel = _tunnel(fields(data, 0, _VXLAN))
        case _ if kind in request.links:
            known = {setting.kind: setting.value for setting in request.links[kind]}
            wanted.settings = {
                (kind, number): bytes(value)
                for number, value in fields(data, 0, known).items()
                if value != known[number]
            }
        case _ if kind in device.FORMS:
            wanted.settings = _device(kind, data)
        case _:
            raise UnexpectedError(f"a link of kind {kind} is new to the fake kernel")
    return wanted


def _wanted_peer(request: Request, body: memoryview) -> NewLink:
    found = fields(body, wire.IFINFOMSG.size, {*_BASICS, wire.IFLA_NET_NS_FD})
    return _basics(request.netns_of(codec.as_u32(found[wire.IFLA_NET_NS_FD])), "veth", body, found)


def _basics(netns: Netns, kind: str, body: memoryview, found: Fields) -> NewLink:
    _, _, number, flags, mask = wire.IFINFOMSG.unpack_from(body)
    expect(
        (number, flags & ~wire.IFF_UP, mask & ~wire.IFF_UP), (0, 0, 0), "index, other flags and their mask"
    )
    return NewLink(
        netns,
        codec.as_text(found[wire.IFLA_IFNAME]),
        kind,
        found[wire.IFLA_ADDRESS].hex(":") if wire.IFLA_ADDRESS in found else "",
        codec.as_u32(found[wire.IFLA_MTU]),
        codec.as_u32(found[wire.IFLA_GROUP]),
        bool(flags & mask & wire.IFF_UP),
    )


def _device(kind: str, data: memoryview) -> dict[tuple[str, int], bytes]:
    return {(kind, number): bytes(value) for number, value in codec.attributes(data).items()}


def _tunnel(found: Fields) -> Tunnel:
    expect(any(found[wire.IFLA_VXLAN_LEARNING]), True, "learning")
    return Tunnel(
        codec.as_u32(found[wire.IFLA_VXLAN_ID]),
        _local(found),
        int.from_bytes(found[wire.IFLA_VXLAN_PORT], "big"),
    )


def _local(found: Fields) -> Ip:
    return ip_address(
        bytes(
            found[wire.IFLA_VXLAN_LOCAL] if wire.IFLA_VXLAN_LOCAL in found else found[wire.IFLA_VXLAN_LOCAL6]
        )
    )


def _change(request: Request) -> None:
    found = fields(
        request.body, wire.IFINFOMSG.size, {*_BASICS, wire.IFLA_MASTER, wire.IFLA_IFALIAS, wire.IFLA_LINKINFO}
    )
    _, _, number, flags, mask = wire.IFINFOMSG.unpack_from(request.body)
    expect((number, mask & ~(wire.IFF_UP | wire.IFF_NOARP)), (0, 0), "index and mask of other flags")
    subject = request.netns.links.get(codec.as_text(found[wire.IFLA_IFNAME]))
    if subject is None:
        raise RefusedError(errno.ENODEV)
    if wire.IFLA_LINKINFO in found:
        _change_kind(subject, found, {**SETTINGS, **request.links})
    if mask & wire.IFF_NOARP:
        subject.no_arp = bool(flags & wire.IFF_NOARP)
    wanted = _fields(request.netns, found)
    if mask & wire.IFF_UP:
        wanted["up"] = bool(flags & wire.IFF_UP)
    for name, setter in link.SETTERS.items():
        if name in wanted:
            setter(subject, wanted[name])


def _fields(netns: Netns, found: Fields) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if wire.IFLA_ADDRESS in found:
        wanted["mac"] = found[wire.IFLA_ADDRESS].hex(":")
    if wire.IFLA_MTU in found:
        wanted["mtu"] = codec.as_u32(found[wire.IFLA_MTU])
    if wire.IFLA_GROUP in found:
        wanted["group"] = codec.as_u32(found[wire.IFLA_GROUP])
    if wire.IFLA_IFALIAS in found:
        wanted["alias"] = codec.as_text(found[wire.IFLA_IFALIAS])
    if wire.IFLA_MASTER in found:
        number = codec.as_u32(found[wire.IFLA_MASTER])
        wanted["master"] = link_of(netns, number) if number else None
    return wanted


def _change_kind(subject: Link, found: Fields, settings: Mapping[str, Sequence[Setting]]) -> None:
    """Change what a link has by its kind, or as a port; not together with an MTU."""
    info = fields(found[wire.IFLA_LINKINFO], 0, _INFO | _PORT_INFO)
    if wire.IFLA_INFO_SLAVE_DATA in info:
        if subject.master is None:
            raise RefusedError(errno.EINVAL)
        _set(subject, "port", codec.attributes(info[wire.IFLA_INFO_SLAVE_DATA]), PORT)
        return
    expect(codec.as_text(info[wire.IFLA_INFO_KIND]), subject.kind, "the kind of a link that exists")
    if subject.kind in device.FORMS:
        subject.settings = _device(subject.kind, info[wire.IFLA_INFO_DATA])
        return
    if wire.IFLA_MTU in found:
        raise RefusedError(errno.EOPNOTSUPP, "Cannot change mtu")
    data = codec.attributes(info[wire.IFLA_INFO_DATA])
    if data.keys() & {wire.IFLA_VXLAN_LOCAL, wire.IFLA_VXLAN_LOCAL6}:
        link.set_local(
            subject,
            _local(fields(info[wire.IFLA_INFO_DATA], 0, {wire.IFLA_VXLAN_LOCAL, wire.IFLA_VXLAN_LOCAL6})),
        )
    else:
        _set(subject, subject.kind, data, settings[subject.kind])


def _set(subject: Link, kind: str, data: Fields, known: Sequence[Setting]) -> None:
    """Keep what is not as in a new link."""
    usual = {setting.kind: setting.value for setting in known}
    for number, value in data.items():
        expect(number in usual, True, f"whether {kind}'s {number} is known")
        subject.settings.pop((kind, number), None)
        if value != usual[number]:
            subject.settings[kind, number] = bytes(value)


def delete(request: Request) -> None:
    """Remove a group of links."""
    request.expect(0)
    found = fields(request.body, wire.IFINFOMSG.size, {wire.IFLA_GROUP})
    link.remove_group(request.netns, codec.as_u32(found[wire.IFLA_GROUP]))


def listed(request: Request) -> Iterator[bytes]:
    """Yield every link."""
    fields(request.body, wire.IFINFOMSG.size, {wire.IFLA_EXT_MASK})
    yield from map(_body, request.netns.links.values())


def _body(one: Link) -> bytes:
    flags = (wire.IFF_UP if one.up else 0) | (
        wire.IFF_LOOPBACK if one.kind == "loopback" else wire.IFF_MULTICAST
    )
    flags |= wire.IFF_NOARP if one.no_arp else 0
    parts = [
        wire.IFINFOMSG.pack(0, 1, one.number, flags, 0),
        codec.text(wire.IFLA_IFNAME, one.name),
        codec.u32(wire.IFLA_MTU, one.mtu),
        codec.u32(wire.IFLA_GROUP, one.group),
        codec.attribute(wire.IFLA_ADDRESS, mac_octets(one.mac)),
    ]
    if one.alias:
        parts.append(codec.text(wire.IFLA_IFALIAS, one.alias))
    if one.master is not None:
        parts.append(codec.u32(wire.IFLA_MASTER, one.master.number))
    if one.peer is not None:
        parts.append(codec.u32(wire.IFLA_LINK, one.peer.number))
    if one.parent is not None:
        parts.append(codec.u32(wire.IFLA_LINK, one.parent.number))
    if one.kind != "loopback":
        parts.append(
            codec.nest(wire.IFLA_LINKINFO, codec.text(wire.IFLA_INFO_KIND, one.kind), _data(one), _port(one))
        )
    return b"".join(parts)


def _data(one: Link) -> bytes:
    settings = b"".join(_settings(one, one.kind))
    if one.tunnel is None:
        return codec.nest(wire.IFLA_INFO_DATA, settings) if settings else b""
    local = one.tunnel.local
    return codec.nest(
        wire.IFLA_INFO_DATA,
        settings,
        codec.u32(wire.IFLA_VXLAN_ID, one.tunnel.vni),
        codec.attribute(
            wire.IFLA_VXLAN_LOCAL if local.version == 4 else wire.IFLA_VXLAN_LOCAL6, local.packed
        ),
        codec.u16be(wire.IFLA_VXLAN_PORT, one.tunnel.port),
    )


def _port(one: Link) -> bytes:
    if one.master is None:
        return b""
    kind = codec.text(wire.IFLA_INFO_SLAVE_KIND, one.master.kind)
    return kind + codec.nest(wire.IFLA_INFO_SLAVE_DATA, *_settings(one, "port"))


def _settings(one: Link, kind: str) -> Iterator[bytes]:
    for (of, number), value in sorted(one.settings.items()):
        if of == kind:
            yield codec.attribute(number, value)
