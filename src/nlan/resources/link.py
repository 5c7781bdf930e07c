"""Links of the kernel: veth pairs, bridges, VXLAN devices.

`mac` and `mtu` of a link are set when it is made; the MTU is changed in place.
Every link that nlan makes carries its mark (interface group), so that others
are left alone.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar

import msgspec

from nlan.resources.base import NAMESPACE, Difference, Impact, Key, Rank, Resource
from nlan.values import VXLAN_PORT


class Bridge(Resource, frozen=True, kw_only=True):
    """A bridge without spanning tree, without multicast snooping, forwarding at once.

    Attributes:
        namespace: Where it is.
        name: Its interface name.
        mac: Fixed, or it would change with its ports.
        mtu: In bytes.
        up: Administrative state.
        odd: Settings that are not as nlan makes them, in words: ``stp_state is 1, wanted 0``.
    """

    kind: ClassVar[str] = "bridge"
    rank: ClassVar[int] = Rank.LINKS
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mtu": "hitless",
        "up": "hitless",
        "mac": "hitless",
        "odd": "hitless",
    }
    namespace: str
    name: str
    mac: str
    mtu: int
    up: bool = True
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """Its interface name."""
        return (("interface", self.namespace, self.name),)


class Veth(Resource, frozen=True, kw_only=True):
    """A veth pair, each end in its own namespace, known by its first end.

    Attributes:
        namespace: Of the first end.
        name: Interface of the first end.
        peer_namespace: Of the other end.
        peer_name: Interface of the other end.
        mac: Of the first end.
        peer_mac: Of the other end.
        mtu: Bytes, of both ends.
        peer_mtu: Of the other end, where it was observed to have another one.
        master: Bridge that the first end is a port of; empty for none.
        peer_master: The same for the other end.
        up: Administrative state of the first end.
        peer_up: Administrative state of the other end.
        odd: Settings of the first end that are not as nlan makes them, in words.
        peer_odd: The same of the other end.
    """

    kind: ClassVar[str] = "veth"
    rank: ClassVar[int] = Rank.LINKS + 10
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mtu": "hitless",
        "master": "hitless",
        "peer_master": "hitless",
        "up": "hitless",
        "peer_up": "hitless",
        "mac": "hitless",
        "peer_mac": "hitless",
        "odd": "hitless",
        "peer_odd": "hitless",
    }
    namespace: str
    name: str
    peer_namespace: str
    peer_name: str
    mac: str
    peer_mac: str
    mtu: int
    master: str = ""
    peer_master: str = ""
    up: bool = True
    peer_up: bool = True
    peer_mtu: int | None = None
    odd: tuple[str, ...] = ()
    peer_odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace and interface of the first end."""
        return Key(self.kind, self.namespace, self.name)

    def difference(self, observed: Any) -> Difference | None:
        """Compare; of two MTUs the one that is wrong."""
        if observed.peer_mtu not in (None, self.mtu):
            observed = msgspec.structs.replace(observed, mtu=observed.peer_mtu)
        return super().difference(observed)

    def namespaces(self) -> tuple[str, ...]:
        """Those of both ends."""
        return (self.namespace, self.peer_namespace)

    def requires(self) -> tuple[Key, ...]:
        """Both namespaces, and the bridges that its ends are ports of."""
        keys = [Key(NAMESPACE, self.namespace, ""), Key(NAMESPACE, self.peer_namespace, "")]
        if self.master:
            keys.append(Key("bridge", self.namespace, self.master))
        if self.peer_master:
            keys.append(Key("bridge", self.peer_namespace, self.peer_master))
        return tuple(keys)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """Both interface names."""
        return (
            ("interface", self.namespace, self.name),
            ("interface", self.peer_namespace, self.peer_name),
        )


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
