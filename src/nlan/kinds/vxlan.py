"""VXLAN devices (RFC 7348) as ports of bridges."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Context, Step, index_of, send
from nlan.netlink.tables.links import (
    FIRST,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    link_feature,
    mac_octets,
    put_right,
)
from nlan.netlink.tables.settings import u8, u32, with_own
from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource
from nlan.values import VXLAN_PORT

SETTINGS = (
    u8("ttl", wire.IFLA_VXLAN_TTL, 0),
    u8("tos", wire.IFLA_VXLAN_TOS, 0),
    u8("learning", wire.IFLA_VXLAN_LEARNING, 1),
    u32("ageing", wire.IFLA_VXLAN_AGEING, 300),
    u8("proxy", wire.IFLA_VXLAN_PROXY, 0),
    u8("rsc", wire.IFLA_VXLAN_RSC, 0),
    u8("l2miss", wire.IFLA_VXLAN_L2MISS, 0),
    u8("l3miss", wire.IFLA_VXLAN_L3MISS, 0),
    u8("df", wire.IFLA_VXLAN_DF, 0),
)
"""How nlan leaves the settings of a device."""


class Vxlan(Resource, frozen=True, kw_only=True):
    """A VXLAN device (RFC 7348), port of a bridge; whom it floods to are its `FdbEntry` resources.

    Attributes:
        namespace: The node.
        name: Its interface name.
        vni: 1 to 16777215.
        local: The tunnel end's address.
        master: The bridge it is a port of.
        mtu: In bytes.
        mac: Fixed.
        port: UDP port.
        up: Administrative state.
        odd: Settings that are not as nlan makes them, in words.
    """

    kind: ClassVar[str] = "vxlan"
    rank: ClassVar[int] = Rank.LINKS + 20
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mtu": "hitless",
        "master": "hitless",
        "up": "hitless",
        "mac": "hitless",
        "local": "hitless",
        "odd": "hitless",
    }
    namespace: str
    name: str
    vni: int
    local: IPv4Address | IPv6Address
    master: str
    mtu: int
    mac: str
    port: int = VXLAN_PORT
    up: bool = True
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace and its bridge."""
        return (Key(NAMESPACE, self.namespace, ""), Key("bridge", self.namespace, self.master))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """Its interface name, and its VNI on its port."""
        return (
            ("interface", self.namespace, self.name),
            ("vni", self.namespace, str(self.vni), str(self.port)),
        )


class VxlanKind(KernelKind[Vxlan]):
    """How VXLAN devices are made and found."""

    resource = Vxlan
    features = (link_feature("vxlan", "L2VPNs (RFC 7348)", codec.u32(wire.IFLA_VXLAN_ID, 1)),)
    forwarding = ("vxlan",)
    events = ("link",)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the marked VXLAN devices."""
        for link in view.links.by_name.values():
            if link.kind == "vxlan" and link.is_marked:
                yield _vxlan(view.namespace, link, view.links)

    def create(self, desired: Vxlan) -> list[Step]:
        """Make the device as a port of its bridge."""
        data = (
            codec.u32(wire.IFLA_VXLAN_ID, desired.vni)
            + _local(desired)
            + codec.u16be(wire.IFLA_VXLAN_PORT, desired.port)
            + codec.u8(wire.IFLA_VXLAN_LEARNING, 1)
        )

        def build(context: Context) -> Message:
            master = codec.u32(wire.IFLA_MASTER, index_of(context, desired.master)) if desired.master else b""
            parts = basics(desired.mac, desired.mtu, FIRST) + master
            return create_link(desired.name, "vxlan", parts, data=data, up=desired.up)

        return [Step(MAKE, desired.namespace, build)]

    def update(self, desired: Vxlan, observed: Vxlan) -> list[Step]:
        """Change what differs; the device keeps its entries."""

        def build(context: Context) -> Message:
            parts = []
            if desired.mac != observed.mac:
                parts.append(codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac)))
            if desired.mtu != observed.mtu:
                parts.append(codec.u32(wire.IFLA_MTU, desired.mtu))
            if desired.master != observed.master:
                index = index_of(context, desired.master) if desired.master else 0
                parts.append(codec.u32(wire.IFLA_MASTER, index))
            return change_link(desired.name, *parts, up=desired.up)

        steps = [Step(FINISH, desired.namespace, build)]
        if desired.local != observed.local:
            # A message of its own: the kernel takes no MTU together with VXLAN's own attributes.
            info = codec.nest(wire.IFLA_INFO_DATA, _local(desired))
            kind = codec.nest(wire.IFLA_LINKINFO, codec.text(wire.IFLA_INFO_KIND, "vxlan"), info)
            steps.append(Step(FINISH, desired.namespace, lambda _: change_link(desired.name, kind)))
        right = put_right(desired.name, "vxlan", observed.odd, SETTINGS)
        return [*steps, *(send(FINISH, desired.namespace, message) for message in right)]

    def remakes(self, desired: Vxlan, observed: Vxlan) -> bool:
        """A device cannot change the IP version of its own end."""
        return desired.local.version != observed.local.version

    def adopts(self, desired: Vxlan, link: Link) -> bool:
        """One of its name with its MAC address was nlan's."""
        return (link.kind, link.mac) == ("vxlan", desired.mac)


KIND = VxlanKind()


def _local(vxlan: Vxlan) -> bytes:
    return codec.attribute(
        wire.IFLA_VXLAN_LOCAL if vxlan.local.version == 4 else wire.IFLA_VXLAN_LOCAL6, vxlan.local.packed
    )


def _vxlan(namespace: str, link: Link, links: Links) -> Vxlan:
    local = link.data.get(wire.IFLA_VXLAN_LOCAL) or link.data.get(wire.IFLA_VXLAN_LOCAL6)
    port = link.data.get(wire.IFLA_VXLAN_PORT)
    return Vxlan(
        namespace=namespace,
        name=link.name,
        vni=codec.as_u32(link.data.get(wire.IFLA_VXLAN_ID)),
        local=IPv4Address(0) if local is None else ip_address(bytes(local)),
        master=links.name_of(link.master),
        mtu=link.mtu,
        mac=link.mac,
        port=0 if port is None else int.from_bytes(port, "big"),
        up=link.up,
        odd=with_own(link.odd, link.data, SETTINGS),
    )
