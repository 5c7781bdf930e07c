"""Bridges: no spanning tree, no multicast snooping, an MTU of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Step, send
from nlan.netlink.tables.links import (
    FIRST,
    Link,
    basics,
    change_link,
    create_link,
    link_feature,
    mac_octets,
    put_right,
)
from nlan.netlink.tables.settings import u8, u16, u32, with_own
from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource

_MTU_MAX = 65535
SETTINGS = (
    u32("stp_state", wire.IFLA_BR_STP_STATE, 0),
    u8("vlan_filtering", wire.IFLA_BR_VLAN_FILTERING, 0),
    u16("group_fwd_mask", wire.IFLA_BR_GROUP_FWD_MASK, 0),
    u8("mcast_snooping", wire.IFLA_BR_MCAST_SNOOPING, 0),
    u8("nf_call_iptables", wire.IFLA_BR_NF_CALL_IPTABLES, 0),
    u8("nf_call_ip6tables", wire.IFLA_BR_NF_CALL_IP6TABLES, 0),
    u8("nf_call_arptables", wire.IFLA_BR_NF_CALL_ARPTABLES, 0),
)
"""How nlan leaves the settings of a bridge."""


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


class BridgeKind(KernelKind[Bridge]):
    """How bridges are made and found."""

    resource = Bridge
    features = (link_feature("bridge", "switches"),)
    forwarding = ("bridge",)
    events = ("link",)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the marked bridges."""
        for link in view.links.by_name.values():
            if link.kind == "bridge" and link.is_marked:
                yield _bridge(view.namespace, link)

    def create(self, desired: Bridge) -> list[Step]:
        """Make it with another MTU first: only a change tells the kernel not to follow the ports' MTU.

        The change waits until it is made: sent along, it would be carried out on somebody else's link of
        that name, where making it failed.
        """
        other = desired.mtu - 1 if desired.mtu == _MTU_MAX else desired.mtu + 1
        data = codec.u32(wire.IFLA_BR_STP_STATE, 0) + codec.u8(wire.IFLA_BR_MCAST_SNOOPING, 0)
        made = create_link(desired.name, "bridge", basics(desired.mac, other, FIRST), data=data)
        changed = change_link(desired.name, codec.u32(wire.IFLA_MTU, desired.mtu), up=desired.up)
        return [
            Step(MAKE, desired.namespace, lambda _: made),
            Step(FINISH, desired.namespace, lambda _: changed),
        ]

    def update(self, desired: Bridge, observed: Bridge) -> list[Step]:
        """Change what differs."""
        parts = []
        if desired.mac != observed.mac:
            parts.append(codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac)))
        if desired.mtu != observed.mtu:
            parts.append(codec.u32(wire.IFLA_MTU, desired.mtu))
        messages = [change_link(desired.name, *parts, up=desired.up)]
        messages += put_right(desired.name, "bridge", observed.odd, SETTINGS)
        return [send(FINISH, desired.namespace, message) for message in messages]

    def adopts(self, desired: Bridge, link: Link) -> bool:
        """One of its name with its MAC address was nlan's."""
        return (link.kind, link.mac) == ("bridge", desired.mac)


KIND = BridgeKind()


def _bridge(namespace: str, link: Link) -> Bridge:
    odd = with_own(link.odd, link.data, SETTINGS)
    return Bridge(namespace=namespace, name=link.name, mac=link.mac, mtu=link.mtu, up=link.up, odd=odd)
