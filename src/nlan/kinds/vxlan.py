"""VXLAN devices (RFC 7348) as ports of bridges, and the tunnel ends they flood to.

The kernel keeps no mark on forwarding entries: every all-zeros entry of a marked device is nlan's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from nlan.netlink import codec
from nlan.netlink.channel import Channel
from nlan.netlink.codec import Message
from nlan.netlink.links import (
    FIRST,
    IFLA_ADDRESS,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    mac_octets,
    put_right,
)
from nlan.netlink.step import FINISH, MAKE, REMOVE, Context, Step, index_of, said
from nlan.resources import FdbEntry, Vxlan

_ID, _LOCAL, _LEARNING, _PORT, _LOCAL6 = 1, 4, 7, 15, 17
_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_AF_BRIDGE = 7
_NDA_DST, _NDA_LLADDR = 1, 2
_NUD_PERMANENT, _NUD_NOARP = 0x80, 0x40
_NTF_SELF = 2
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_ZEROS = bytes(6)


def create(vxlan: Vxlan) -> list[Step]:
    """Make the device as a port of its bridge."""
    data = codec.u32(_ID, vxlan.vni) + _local(vxlan) + codec.u16be(_PORT, vxlan.port) + codec.u8(_LEARNING, 1)

    def build(context: Context) -> Message:
        master = codec.u32(IFLA_MASTER, index_of(context, vxlan.master)) if vxlan.master else b""
        parts = basics(vxlan.mac, vxlan.mtu, FIRST) + master
        return create_link(vxlan.name, "vxlan", parts, data=data, up=vxlan.up)

    return [Step(MAKE, vxlan.namespace, build)]


def update(desired: Vxlan, observed: Vxlan) -> list[Step]:
    """Change what differs; the device keeps its entries."""

    def build(context: Context) -> Message:
        parts = []
        if desired.mac != observed.mac:
            parts.append(codec.attribute(IFLA_ADDRESS, mac_octets(desired.mac)))
        if desired.mtu != observed.mtu:
            parts.append(codec.u32(IFLA_MTU, desired.mtu))
        if desired.master != observed.master:
            index = index_of(context, desired.master) if desired.master else 0
            parts.append(codec.u32(IFLA_MASTER, index))
        return change_link(desired.name, *parts, up=desired.up)

    steps = [Step(FINISH, desired.namespace, build)]
    if desired.local != observed.local:
        # A message of its own: the kernel takes no MTU together with VXLAN's own attributes.
        info = codec.nest(IFLA_INFO_DATA, _local(desired))
        kind = codec.nest(IFLA_LINKINFO, codec.text(IFLA_INFO_KIND, "vxlan"), info)
        steps.append(Step(FINISH, desired.namespace, lambda _: change_link(desired.name, kind)))
    right = put_right(desired.name, "vxlan", observed.odd)
    return [*steps, *(said(FINISH, desired.namespace, message) for message in right)]


def observe(namespace: str, links: Links) -> Iterable[Vxlan]:
    """Return the marked VXLAN devices of a namespace."""
    return [_vxlan(namespace, link, links) for link in links.by_name.values() if is_ours(link)]


def is_ours(link: Link) -> bool:
    """Tell whether the link is a marked VXLAN device."""
    return link.kind == "vxlan" and link.is_marked


def create_entry(entry: FdbEntry) -> list[Step]:
    """Append the tunnel end; the kernel takes one that is there already as done."""
    flags = codec.NLM_F_CREATE | codec.NLM_F_APPEND
    return [Step(MAKE, entry.namespace, lambda context: _entry(context, entry, _RTM_NEWNEIGH, flags))]


def delete_entry(entry: FdbEntry) -> list[Step]:
    """Remove the tunnel end."""

    def build(context: Context) -> Message | None:
        if not context.links().index_of(entry.device):
            return None
        return _entry(context, entry, _RTM_DELNEIGH, 0)

    return [Step(REMOVE, entry.namespace, build, absent_is_done=True)]


def dump_entries(links: Links, channel: Channel) -> list[memoryview]:
    """Return the forwarding entries of a namespace; none where nlan has neither bridge nor tunnel."""
    if not any(link.is_marked and link.kind in ("vxlan", "bridge") for link in links.by_name.values()):
        return []
    header = _NEIGHBOUR.pack(_AF_BRIDGE, 0, 0, 0, 0)
    return [body for _, body in channel.dump(Message(_RTM_GETNEIGH, 0, header))]


def observe_entries(namespace: str, links: Links, listed: Iterable[memoryview]) -> Iterable[FdbEntry]:
    """Return the tunnel ends that the marked VXLAN devices of the namespace flood to."""
    devices = {link.number: link.name for link in links.by_name.values() if is_ours(link)}
    for body in listed if devices else ():
        _, index, _, flags, _ = _NEIGHBOUR.unpack_from(body)
        if index in devices and flags & _NTF_SELF and (remote := _remote(body)) is not None:
            yield FdbEntry(namespace=namespace, device=devices[index], remote=remote)


def _local(vxlan: Vxlan) -> bytes:
    return codec.attribute(_LOCAL if vxlan.local.version == 4 else _LOCAL6, vxlan.local.packed)


def _vxlan(namespace: str, link: Link, links: Links) -> Vxlan:
    local = link.data.get(_LOCAL) or link.data.get(_LOCAL6)
    port = link.data.get(_PORT)
    return Vxlan(
        namespace=namespace,
        name=link.name,
        vni=codec.as_u32(link.data.get(_ID)),
        local=IPv4Address(0) if local is None else ip_address(bytes(local)),
        master=links.name_of(link.master),
        mtu=link.mtu,
        mac=link.mac,
        port=0 if port is None else int.from_bytes(port, "big"),
        up=link.up,
        odd=link.odd,
    )


def _entry(context: Context, entry: FdbEntry, kind: int, flags: int) -> Message:
    header = _NEIGHBOUR.pack(
        _AF_BRIDGE, index_of(context, entry.device), _NUD_PERMANENT | _NUD_NOARP, _NTF_SELF, 0
    )
    parts = codec.attribute(_NDA_LLADDR, _ZEROS) + codec.attribute(_NDA_DST, entry.remote.packed)
    return Message(kind, flags, header + parts)


def _remote(body: memoryview) -> IPv4Address | IPv6Address | None:
    """Return whom an entry floods to, None where it is for one MAC address."""
    found = codec.attributes(body, _NEIGHBOUR.size)
    if bytes(found.get(_NDA_LLADDR, b"")) != _ZEROS or _NDA_DST not in found:
        return None
    return ip_address(bytes(found[_NDA_DST]))
