"""macvlan and macvtap: interfaces with a MAC address of their own on another one, without a bridge between.

The other one is a NIC of the machine, or an interface of a node. The alias says which: ``on NODE NAME``, with
``-`` for the machine.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from nlan.netlink import codec, wire
from nlan.netlink.channel import open_own_channel
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Context, Step, index_of, send
from nlan.netlink.tables.links import (
    FIRST,
    Link,
    change_link,
    create_link,
    dump_links,
    mac_octets,
    put_right,
)
from nlan.resources.base import HOST, NAMESPACE, Claim, Impact, Key, Rank, Resource, link_key
from nlan.runtimes.base import Nodes

Mode = Literal["private", "vepa", "bridge", "passthru"]
MODES: dict[Mode, int] = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
"""Who hears whom of those on one interface, as the kernel numbers it."""
_WORDS: dict[int, Mode] = {number: word for word, number in MODES.items()}
MACHINE = "-"


class Macvlan(Resource, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        namespace: Where it is.
        name: Its interface name.
        on_namespace: Where the interface is that it is on: a node, or `HOST` for the machine.
        on: That interface.
        mac: Its MAC address.
        mtu: In bytes; None leaves it at that of the interface that it is on.
        mode: Who hears whom of those on one interface.
        is_tap: Whether a program has it, by a character device (macvtap).
        up: Administrative state.
        odd: Settings that are not as nlan makes them, in words.
    """

    kind: ClassVar[str] = "macvlan"
    rank: ClassVar[int] = Rank.LINKS + 30
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mac": "hitless",
        "mtu": "hitless",
        "up": "hitless",
        "odd": "hitless",
    }
    namespace: str
    name: str
    on_namespace: str
    on: str
    mac: str
    mtu: int | None = None
    mode: Mode = "bridge"
    is_tap: bool = False
    up: bool = True
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, and the interface that it is on."""
        own = Key(NAMESPACE, self.namespace, "")
        if self.on_namespace == HOST:
            return (own,)
        return own, Key(NAMESPACE, self.on_namespace, ""), link_key(self.on_namespace, self.on)

    def namespaces(self) -> tuple[str, ...]:
        """Its own, and that of what it is on."""
        return tuple(name for name in (self.namespace, self.on_namespace) if name != HOST)

    def claims(self) -> tuple[Claim, ...]:
        """Its interface name."""
        return (("interface", self.namespace, self.name),)


class MacvlanKind(KernelKind[Macvlan]):
    """How they are made and found."""

    resource = Macvlan
    events = ("link",)

    def why_not(self, desired: Macvlan, nodes: Any) -> Iterator[tuple[str, str]]:
        """Tell of a NIC that the machine has not."""
        if desired.on_namespace == HOST:
            yield from ((desired.name, reason) for reason in missing_nic(desired.on))

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the marked ones."""
        for link in view.links.by_name.values():
            if link.kind in ("macvlan", "macvtap") and link.is_marked:
                yield _macvlan(view.namespace, link)

    def create(self, desired: Macvlan) -> list[Step]:
        """Make it from where the other interface is; the kernel takes no alias for a new link."""
        mode = codec.u32(wire.IFLA_MACVLAN_MODE, MODES[desired.mode])
        mac = codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac))
        parts = mac + _mtu(desired) + codec.u32(wire.IFLA_GROUP, FIRST)
        kind = "macvtap" if desired.is_tap else "macvlan"

        def message(index: int, there: int | None) -> Message:
            moved = b"" if there is None else codec.u32(wire.IFLA_NET_NS_FD, there)
            on = codec.u32(wire.IFLA_LINK, index)
            return create_link(desired.name, kind, parts, on, moved, data=mode)

        def build(context: Context) -> Message:
            is_same = desired.namespace == desired.on_namespace
            there = None if is_same else context.netns(desired.namespace)
            return message(index_of(context, desired.on), there)

        def on_machine(nodes: Nodes) -> Refusal | None:
            with open_own_channel() as channel:
                index = dump_links(channel).index_of(desired.on)
                if not index:
                    return Refusal(errno.ENODEV, f"the machine has no NIC {desired.on}")
                there = nodes.netns_fd(desired.namespace)
                try:
                    return channel.request([message(index, there)])[0]
                finally:
                    os.close(there)

        if desired.on_namespace == HOST:
            made = Step(MAKE, desired.namespace, lambda _: None, apart=on_machine)
        else:
            made = Step(MAKE, desired.on_namespace, build)
        alias = codec.text(wire.IFLA_IFALIAS, f"on {desired.on_namespace or MACHINE} {desired.on}")
        return [made, send(FINISH, desired.namespace, change_link(desired.name, alias, up=desired.up))]

    def update(self, desired: Macvlan, observed: Macvlan) -> list[Step]:
        """Change what differs."""
        parts = _mtu(desired)
        if desired.mac != observed.mac:
            parts += codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac))
        right = put_right(desired.name, "macvlan", observed.odd)
        changed = send(FINISH, desired.namespace, change_link(desired.name, parts, up=desired.up))
        return [changed, *(send(FINISH, desired.namespace, message) for message in right)]

    def adopts(self, desired: Macvlan, link: Link) -> bool:
        """One of its name with its MAC address was nlan's."""
        return link.kind in ("macvlan", "macvtap") and link.mac == desired.mac


def missing_nic(name: str) -> Iterable[str]:
    """Yield why nothing can be on a NIC of the machine: it has none, or it is down."""
    with open_own_channel() as channel:
        links = dump_links(channel).by_name
    if name not in links:
        names = ", ".join(sorted(one for one in links if one != "lo")) or "none"
        yield f"it has no NIC `{name}` (it has: {names})"
    elif not links[name].up:
        yield f"its NIC {name} is down; `ip link set {name} up`"


def _mtu(desired: Macvlan) -> bytes:
    return b"" if desired.mtu is None else codec.u32(wire.IFLA_MTU, desired.mtu)


def _macvlan(namespace: str, link: Link) -> Macvlan:
    words, _, on = link.alias.removeprefix("on ").rpartition(" ")
    return Macvlan(
        namespace=namespace,
        name=link.name,
        on_namespace=HOST if words == MACHINE else words,
        on=on,
        mac=link.mac,
        mtu=link.mtu,
        mode=_WORDS.get(codec.as_u32(link.data.get(wire.IFLA_MACVLAN_MODE)), "private"),
        is_tap=link.kind == "macvtap",
        up=link.up,
        odd=link.odd,
    )


KIND = MacvlanKind()
