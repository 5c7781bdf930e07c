"""Tunnel ends that VXLAN devices flood to; other forwarding entries that nobody learnt are foreign.

The kernel keeps no mark on forwarding entries: every all-zeros entry of a marked device is nlan's.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import MAKE, REMOVE, Context, Step, index_of
from nlan.resources.base import Key, Rank, Resource

_ZEROS = bytes(6)


class FdbEntry(Resource, frozen=True, kw_only=True):
    """One tunnel end that a VXLAN device floods to: the all-zeros entry with that destination.

    Attributes:
        namespace: The node.
        device: The VXLAN device.
        remote: The other tunnel end's underlay address.
    """

    kind: ClassVar[str] = "fdb"
    rank: ClassVar[int] = Rank.ON_LINKS
    goes_with_link: ClassVar[bool] = True
    namespace: str
    device: str
    remote: IPv4Address | IPv6Address

    @property
    def key(self) -> Key:
        """Device and remote."""
        return Key(self.kind, self.namespace, f"{self.device} {self.remote}")

    def requires(self) -> tuple[Key, ...]:
        """The VXLAN device."""
        return (Key("vxlan", self.namespace, self.device),)


class FdbKind(KernelKind[FdbEntry]):
    """How tunnel ends are given to a device, and found."""

    resource = FdbEntry
    events = ("neighbor",)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the tunnel ends of marked devices, and entries that are neither learnt nor nlan's."""
        devices = {
            link.number: link.name
            for link in view.links.by_name.values()
            if link.kind == "vxlan" and link.is_marked
        }
        for body in view.forwarding if devices else ():
            _, index, _, flags, _ = wire.NDMSG.unpack_from(body)
            if index in devices and flags & wire.NTF_SELF and (remote := _remote(body)) is not None:
                yield FdbEntry(namespace=view.namespace, device=devices[index], remote=remote)
        yield from _foreign(view)

    def create(self, desired: FdbEntry) -> list[Step]:
        """Append the tunnel end; the kernel takes one that is there already as done."""
        flags = wire.NLM_F_CREATE | wire.NLM_F_APPEND
        return [
            Step(MAKE, desired.namespace, lambda context: _entry(context, desired, wire.RTM_NEWNEIGH, flags))
        ]

    def delete(self, observed: FdbEntry) -> list[Step]:
        """Remove the tunnel end."""

        def build(context: Context) -> Message | None:
            if not context.links().index_of(observed.device):
                return None
            return _entry(context, observed, wire.RTM_DELNEIGH, 0)

        return [Step(REMOVE, observed.namespace, build, absent_is_done=True)]


KIND = FdbKind()


def _foreign(view: View) -> Iterator[Resource]:
    own = {link.mac for link in view.links.by_name.values()}
    for body in view.forwarding:
        _, index, state, flags, _ = wire.NDMSG.unpack_from(body)
        link = view.links.by_index.get(index)
        if link is None or not state & (wire.NUD_PERMANENT | wire.NUD_NOARP) or flags & wire.NTF_EXT_LEARNED:
            continue
        if not link.is_marked or (flags & wire.NTF_SELF and link.kind != "vxlan"):
            continue  # what a device of its own accord receives
        parts = codec.attributes(body, wire.NDMSG.size)
        mac = parts[wire.NDA_LLADDR].hex(":") if wire.NDA_LLADDR in parts else ""
        if mac in own or bytes(parts.get(wire.NDA_LLADDR, b"")) == _ZEROS:
            continue
        remote = f" to {ip_address(bytes(parts[wire.NDA_DST]))}" if wire.NDA_DST in parts else ""
        yield foreign(view.namespace, "fdb", f"{mac} on {link.name}{remote}", wire.RTM_DELNEIGH, body)


def _entry(context: Context, entry: FdbEntry, kind: int, flags: int) -> Message:
    header = wire.NDMSG.pack(
        wire.AF_BRIDGE, index_of(context, entry.device), wire.NUD_PERMANENT | wire.NUD_NOARP, wire.NTF_SELF, 0
    )
    parts = codec.attribute(wire.NDA_LLADDR, _ZEROS) + codec.attribute(wire.NDA_DST, entry.remote.packed)
    return Message(kind, flags, header + parts)


def _remote(body: memoryview) -> IPv4Address | IPv6Address | None:
    """Return whom an entry floods to, None where it is for one MAC address."""
    found = codec.attributes(body, wire.NDMSG.size)
    if bytes(found.get(wire.NDA_LLADDR, b"")) != _ZEROS or wire.NDA_DST not in found:
        return None
    return ip_address(bytes(found[wire.NDA_DST]))
