"""Bridges: no spanning tree, no multicast snooping, an MTU of their own."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.netlink import codec
from nlan.netlink.links import (
    FIRST,
    IFLA_ADDRESS,
    IFLA_MTU,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    mac_octets,
    put_right,
)
from nlan.netlink.step import FINISH, MAKE, Step, said
from nlan.resources import Bridge

_STP_STATE, _MULTICAST_SNOOPING = 5, 23
_MTU_MAX = 65535


def create(bridge: Bridge) -> list[Step]:
    """Make it with another MTU first: only a change tells the kernel not to follow the ports' MTU.

    The change waits until it is made: sent along, it would be carried out on somebody else's link of
    that name, where making it failed.
    """
    other = bridge.mtu - 1 if bridge.mtu == _MTU_MAX else bridge.mtu + 1
    data = codec.u32(_STP_STATE, 0) + codec.u8(_MULTICAST_SNOOPING, 0)
    made = create_link(bridge.name, "bridge", basics(bridge.mac, other, FIRST), data=data)
    changed = change_link(bridge.name, codec.u32(IFLA_MTU, bridge.mtu), up=bridge.up)
    return [
        Step(MAKE, bridge.namespace, lambda _: made),
        Step(FINISH, bridge.namespace, lambda _: changed),
    ]


def update(desired: Bridge, observed: Bridge) -> list[Step]:
    """Change what differs."""
    parts = []
    if desired.mac != observed.mac:
        parts.append(codec.attribute(IFLA_ADDRESS, mac_octets(desired.mac)))
    if desired.mtu != observed.mtu:
        parts.append(codec.u32(IFLA_MTU, desired.mtu))
    messages = [change_link(desired.name, *parts, up=desired.up)]
    messages += put_right(desired.name, "bridge", observed.odd)
    return [said(FINISH, desired.namespace, message) for message in messages]


def observe(namespace: str, links: Links) -> Iterable[Bridge]:
    """Return the marked bridges of a namespace."""
    return [_bridge(namespace, link) for link in links.by_name.values() if _is_bridge(link)]


def _is_bridge(link: Link) -> bool:
    return link.kind == "bridge" and link.is_marked


def _bridge(namespace: str, link: Link) -> Bridge:
    return Bridge(namespace=namespace, name=link.name, mac=link.mac, mtu=link.mtu, up=link.up, odd=link.odd)
