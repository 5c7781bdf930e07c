"""Interfaces that the kernel makes of nothing or of others: tunnels, VLANs, dummies."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, ClassVar, NamedTuple

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.feature import Feature
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Context, Step, index_of, send
from nlan.netlink.tables.links import (
    DEVICE,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    link_feature,
    mac_octets,
    put_right,
)
from nlan.resources.base import NAMESPACE, Claim, Impact, Key, Rank, Resource, link_key

Ip = IPv4Address | IPv6Address


class Device(Resource, frozen=True, kw_only=True):
    """An interface of a node by the name that its file gives it.

    Attributes:
        namespace: The node.
        name: Its interface name.
        type: What the kernel calls its kind: ``gre``, ``ip6gre``, ``ipip``, ``sit``, ``vlan``, ``dummy``, …
        mac: Fixed; empty for a tunnel of packets, which has none.
        mtu: In bytes.
        local: A tunnel's own end.
        remote: Its other end.
        tunnel_key: What tells tunnels between the same two apart (RFC 2890); None for none.
        ttl: Of the outer packets; 0 copies the inner one's.
        parent: The interface that a VLAN is on.
        vid: The VLAN's ID.
        up: Administrative state.
        odd: Settings that are not as nlan makes them, in words.
    """

    kind: ClassVar[str] = "device"
    rank: ClassVar[int] = Rank.LINKS + 30
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mtu": "hitless",
        "up": "hitless",
        "mac": "hitless",
        "local": "hitless",
        "remote": "hitless",
        "ttl": "hitless",
        "odd": "hitless",
    }
    namespace: str
    name: str
    type: str
    mtu: int
    mac: str = ""
    local: Ip | None = None
    remote: Ip | None = None
    tunnel_key: int | None = None
    ttl: int | None = None
    parent: str | None = None
    vid: int | None = None
    up: bool = True
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, and what it is on."""
        own = Key(NAMESPACE, self.namespace, "")
        return (own, link_key(self.namespace, self.parent)) if self.parent else (own,)

    def claims(self) -> tuple[Claim, ...]:
        """Its interface name, and what tells it from others of its kind."""
        name = ("interface", self.namespace, self.name)
        if self.parent:
            return name, ("vlan", self.namespace, self.parent, str(self.vid))
        if self.local is not None:
            ends = (str(self.local), str(self.remote), str(self.tunnel_key))
            return name, ("tunnel", self.namespace, self.type, *ends)
        return (name,)


class Form(NamedTuple):
    """How devices of a kernel's kind are said in messages.

    Attributes:
        purpose: What they are for.
        module: What ``modprobe`` loads.
        data: Returns what a device has by its kind.
        read: Returns the fields that a link's data stand for.
        has_mac: Whether they have a MAC address of their own.
        sample: The data of one, to try whether the kernel makes such.
    """

    purpose: str
    module: str
    data: Callable[[Device], bytes]
    read: Callable[[Mapping[int, memoryview]], dict[str, Any]]
    has_mac: bool
    sample: bytes


def _gre(device: Device) -> bytes:
    assert device.local is not None
    assert device.remote is not None
    parts = codec.attribute(wire.IFLA_GRE_LOCAL, device.local.packed)
    parts += codec.attribute(wire.IFLA_GRE_REMOTE, device.remote.packed)
    parts += codec.u8(wire.IFLA_GRE_TTL, device.ttl or 0)
    if device.tunnel_key is not None:
        for flags, key in (
            (wire.IFLA_GRE_IFLAGS, wire.IFLA_GRE_IKEY),
            (wire.IFLA_GRE_OFLAGS, wire.IFLA_GRE_OKEY),
        ):
            parts += codec.u16be(flags, wire.GRE_KEY)
            parts += codec.attribute(key, struct.pack(">I", device.tunnel_key))
    if device.local.version == 6:
        parts += codec.u32(wire.IFLA_GRE_FLAGS, wire.IP6_TNL_F_IGN_ENCAP_LIMIT)
    return parts


def _read_gre(data: Mapping[int, memoryview]) -> dict[str, Any]:
    flags = data.get(wire.IFLA_GRE_OFLAGS, memoryview(bytes(2)))
    keyed = int.from_bytes(flags, "big") & wire.GRE_KEY
    return {
        "local": _address(data.get(wire.IFLA_GRE_LOCAL)),
        "remote": _address(data.get(wire.IFLA_GRE_REMOTE)),
        "ttl": _byte(data.get(wire.IFLA_GRE_TTL)),
        "tunnel_key": int.from_bytes(data[wire.IFLA_GRE_OKEY], "big") if keyed else None,
    }


def _iptun(device: Device) -> bytes:
    assert device.local is not None
    assert device.remote is not None
    parts = codec.attribute(wire.IFLA_IPTUN_LOCAL, device.local.packed)
    parts += codec.attribute(wire.IFLA_IPTUN_REMOTE, device.remote.packed)
    parts += codec.u8(wire.IFLA_IPTUN_TTL, device.ttl or 0)
    if device.local.version == 6:
        parts += codec.u32(wire.IFLA_IPTUN_FLAGS, wire.IP6_TNL_F_IGN_ENCAP_LIMIT)
    return parts


def _read_iptun(data: Mapping[int, memoryview]) -> dict[str, Any]:
    return {
        "local": _address(data.get(wire.IFLA_IPTUN_LOCAL)),
        "remote": _address(data.get(wire.IFLA_IPTUN_REMOTE)),
        "ttl": _byte(data.get(wire.IFLA_IPTUN_TTL)),
    }


def _vlan_id(vid: int) -> bytes:
    return codec.attribute(wire.IFLA_VLAN_ID, struct.pack("=H", vid))


def _vlan(device: Device) -> bytes:
    return _vlan_id(device.vid or 0)


def _read_vlan(data: Mapping[int, memoryview]) -> dict[str, Any]:
    return {"vid": int.from_bytes(data.get(wire.IFLA_VLAN_ID, memoryview(b"")), "little")}


def _address(value: memoryview | None) -> Ip | None:
    return None if value is None else ip_address(bytes(value))


def _byte(value: memoryview | None) -> int:
    return value[0] if value else 0


def _tunnel(kind: str, module: str, purpose: str, version: int = 4) -> Form:
    write, read = (_gre, _read_gre) if "gre" in kind else (_iptun, _read_iptun)
    one, other = ("192.0.2.1", "192.0.2.2") if version == 4 else ("2001:db8::1", "2001:db8::2")
    local, remote = ip_address(one), ip_address(other)
    sample = Device(namespace="", name="", type=kind, mtu=0, local=local, remote=remote)
    return Form(purpose, module, write, read, kind.endswith("tap"), write(sample))


FORMS = {
    "gre": _tunnel("gre", "ip_gre", "tunnels of packets (RFC 2784)"),
    "gretap": _tunnel("gretap", "ip_gre", "tunnels of frames (RFC 2784)"),
    "ipip": _tunnel("ipip", "ipip", "tunnels of IPv4 in IPv4 (RFC 2003)"),
    "sit": _tunnel("sit", "sit", "tunnels of IPv6 in IPv4 (RFC 4213)"),
    "ip6gre": _tunnel("ip6gre", "ip6_gre", "tunnels of packets over IPv6 (RFC 7676)", 6),
    "ip6gretap": _tunnel("ip6gretap", "ip6_gre", "tunnels of frames over IPv6 (RFC 7676)", 6),
    "ip6tnl": _tunnel("ip6tnl", "ip6_tunnel", "tunnels of IP in IPv6 (RFC 2473)", 6),
    # Without a parent there is no VLAN: a kernel that knows them says that.
    "vlan": Form("VLANs on an interface (IEEE 802.1Q)", "8021q", _vlan, _read_vlan, True, _vlan_id(1)),
    "dummy": Form("interfaces without a wire", "dummy", lambda _: b"", lambda _: {}, True, b""),
}
"""What there is, by what the kernel calls it."""


def _feature(kind: str, form: Form) -> Feature:
    feature = link_feature(kind, form.purpose, form.sample, needed=False)
    return feature._replace(module=form.module)


class DeviceKind(KernelKind[Device]):
    """How devices are made and found."""

    resource = Device
    features = tuple(_feature(kind, form) for kind, form in FORMS.items())
    events = ("link",)
    mark = DEVICE

    def needs(self, desired: Device) -> Iterable[Feature]:
        """Return that of its kernel's kind."""
        return tuple(feature for feature in self.features if feature.name == desired.type)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the devices that bear the mark."""
        for link in view.links.by_name.values():
            if link.kind in FORMS and link.group == DEVICE:
                yield _device(view.namespace, link, view.links)

    def create(self, desired: Device) -> list[Step]:
        """Make it."""
        form = FORMS[desired.type]

        def build(context: Context) -> Message:
            parent = codec.u32(wire.IFLA_LINK, index_of(context, desired.parent)) if desired.parent else b""
            if form.has_mac:
                parts = basics(desired.mac, desired.mtu, DEVICE)
            else:
                parts = codec.u32(wire.IFLA_MTU, desired.mtu) + codec.u32(wire.IFLA_GROUP, DEVICE)
            return create_link(
                desired.name, desired.type, parts, parent, data=form.data(desired), up=desired.up
            )

        return [Step(MAKE, desired.namespace, build)]

    def update(self, desired: Device, observed: Device) -> list[Step]:
        """Change what differs; a tunnel's ends are said together, and with the MTU that they would change."""
        parts = [codec.u32(wire.IFLA_MTU, desired.mtu)]
        if desired.mac != observed.mac:
            parts.append(codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac)))
        ends = (desired.local, desired.remote, desired.ttl)
        if ends != (observed.local, observed.remote, observed.ttl):
            data = codec.nest(wire.IFLA_INFO_DATA, FORMS[desired.type].data(desired))
            parts.append(codec.nest(wire.IFLA_LINKINFO, codec.text(wire.IFLA_INFO_KIND, desired.type), data))
        messages = [change_link(desired.name, *parts, up=desired.up)]
        messages += put_right(desired.name, desired.type, observed.odd)
        return [send(FINISH, desired.namespace, message) for message in messages]

    def adopts(self, desired: Device, link: Link) -> bool:
        """One of its name and kind with its MAC address, or its ends, was nlan's."""
        if link.kind != desired.type:
            return False
        if FORMS[link.kind].has_mac:
            return link.mac == desired.mac
        seen = FORMS[link.kind].read(link.data)
        return (seen["local"], seen["remote"]) == (desired.local, desired.remote)


KIND = DeviceKind()


def _device(namespace: str, link: Link, links: Links) -> Device:
    form = FORMS[link.kind]
    # Tunnels of packets and dummies speak no ARP, and the kernel says so of them from the start.
    usual = () if form.has_mac and link.kind != "dummy" else ("arp is", "multicast is")
    return Device(
        namespace=namespace,
        name=link.name,
        type=link.kind,
        mac=link.mac if form.has_mac else "",
        mtu=link.mtu,
        parent=links.name_of(link.peer) if link.kind == "vlan" else None,
        up=link.up,
        odd=tuple(words for words in link.odd if not words.startswith(usual)),
        **form.read(link.data),
    )
