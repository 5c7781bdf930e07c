"""veth pairs, made with each end in its namespace at once (moving an end costs 16-35 ms).

The first end's alias says where the other one is, ``to NAMESPACE NAME``; it is believed only where
both ends name each other's index. An end whose other end is not found is observed as a pair to
nowhere, so that it is removed or made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import msgspec

from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, Views
from nlan.netlink.step import FINISH, MAKE, Context, Step, index_of, send
from nlan.netlink.tables.links import (
    FIRST,
    SECOND,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    link_body,
    link_feature,
    mac_octets,
    put_right,
)
from nlan.resources.base import NAMESPACE, Difference, Impact, Key, Rank, Resource


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
    lingers: ClassVar[bool] = True
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

    def lowered(self, namespace: str, name: str) -> Veth:
        """Return the pair with one end down."""
        is_first = (namespace, name) == (self.namespace, self.name)
        return msgspec.structs.replace(self, **{"up" if is_first else "peer_up": False})

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


class VethKind(KernelKind[Veth]):
    """How pairs are made and found."""

    resource = Veth
    features = (link_feature("veth", "links"),)
    events = ("link",)

    def observe_across(self, views: Views) -> Iterator[Resource]:
        """Yield every pair once, with the namespace of its first end, and ends without another end."""
        seen: set[tuple[str, str]] = set()
        for namespace in views.present:
            yield from _pairs(namespace, views, seen)
        if any(True for namespace in views.present for _ in _orphans(namespace, views, seen)):
            for namespace in views.others():  # their first ends may be there
                list(_pairs(namespace, views, seen))
        for namespace in views.present:
            yield from _orphans(namespace, views, seen)

    def create(self, desired: Veth) -> list[Step]:
        """Make the pair from the end that is a bridge's port, whose bridge can be named in the same message.

        The far end cannot be made up: at that moment it has no other end yet, and the kernel refuses. The
        kernel takes no alias for a new link; it is given to one that was made, never to somebody else's.
        """
        first, second = ends(desired)
        near, far = (second, first) if second.master and not first.master else (first, second)
        alias = codec.text(wire.IFLA_IFALIAS, f"to {desired.peer_namespace} {desired.peer_name}")

        def make(context: Context) -> Message:
            there = codec.u32(wire.IFLA_NET_NS_FD, context.netns(far.namespace))
            far_basics = basics(far.mac, far.mtu, far.group)
            peer = codec.nest(wire.VETH_INFO_PEER, link_body(far_basics, there, name=far.name))
            parts = basics(near.mac, near.mtu, near.group) + _master(context, near.master)
            return create_link(near.name, "veth", parts, data=peer, up=near.up)

        def finish(context: Context) -> Message:
            words = alias if far is first else b""
            return change_link(far.name, words, _master(context, far.master), up=far.up)

        steps = [Step(MAKE, near.namespace, make), Step(FINISH, far.namespace, finish)]
        if near is first:
            steps.append(Step(FINISH, near.namespace, lambda _: change_link(near.name, alias)))
        return steps

    def update(self, desired: Veth, observed: Veth) -> list[Step]:
        """Change what differs at either end."""
        pairs = zip(ends(desired), ends(observed), strict=True)
        return [step for wanted, found in pairs if wanted != found for step in _change(wanted, found)]

    def is_half(self, found: Veth) -> bool:
        """An end without the other one."""
        return not found.peer_namespace

    def adopts(self, desired: Veth, link: Link) -> bool:
        """One of its name with its MAC address was nlan's."""
        return (link.kind, link.mac) == ("veth", desired.mac)


KIND = VethKind()


class End(Resource, frozen=True, kw_only=True):
    """One end of a pair."""

    namespace: str
    name: str
    mac: str
    mtu: int
    master: str
    up: bool
    group: int
    odd: tuple[str, ...]


def ends(veth: Veth) -> tuple[End, End]:
    """Return the first and the other end."""
    first = End(
        namespace=veth.namespace,
        name=veth.name,
        mac=veth.mac,
        mtu=veth.mtu,
        master=veth.master,
        up=veth.up,
        group=FIRST,
        odd=veth.odd,
    )
    second = End(
        namespace=veth.peer_namespace,
        name=veth.peer_name,
        mac=veth.peer_mac,
        mtu=veth.mtu if veth.peer_mtu is None else veth.peer_mtu,
        master=veth.peer_master,
        up=veth.peer_up,
        group=SECOND,
        odd=veth.peer_odd,
    )
    return first, second


def _pairs(namespace: str, views: Views, seen: set[tuple[str, str]]) -> Iterator[Veth]:
    """Yield the pairs whose first end is in the namespace; `seen` takes their other ends."""
    links = views.links(namespace)
    for link in links.by_name.values():
        if link.kind == "veth" and link.is_marked and link.group != SECOND:
            yield _pair(namespace, link, links, views.links, seen)


def _orphans(namespace: str, views: Views, seen: set[tuple[str, str]]) -> Iterator[Veth]:
    """Yield the other ends in the namespace that belong to no pair that was seen."""
    links = views.links(namespace)
    for link in links.by_name.values():
        if link.kind == "veth" and link.group == SECOND and (namespace, link.name) not in seen:
            yield _half(namespace, link, links)


def _master(context: Context, name: str) -> bytes:
    return codec.u32(wire.IFLA_MASTER, index_of(context, name)) if name else b""


def _change(desired: End, observed: End) -> list[Step]:
    def build(context: Context) -> Message:
        parts = []
        if desired.mac != observed.mac:
            parts.append(codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac)))
        if desired.mtu != observed.mtu:
            parts.append(codec.u32(wire.IFLA_MTU, desired.mtu))
        if desired.master != observed.master:
            parts.append(_master(context, desired.master) or codec.u32(wire.IFLA_MASTER, 0))
        return change_link(desired.name, *parts, up=desired.up)

    right = put_right(desired.name, "veth", observed.odd)
    return [
        Step(FINISH, desired.namespace, build),
        *(send(FINISH, desired.namespace, message) for message in right),
    ]


def _pair(
    namespace: str,
    link: Link,
    links: Links,
    other: Callable[[str], Links],
    seen: set[tuple[str, str]],
) -> Veth:
    words, _, name = link.alias.removeprefix("to ").rpartition(" ")
    there = other(words) if link.alias.startswith("to ") else Links(())
    peer = there.by_name.get(name)
    if peer is None or peer.group != SECOND or peer.number != link.peer or peer.peer != link.number:
        return _half(namespace, link, links)
    seen.add((words, name))
    return Veth(
        namespace=namespace,
        name=link.name,
        peer_namespace=words,
        peer_name=name,
        mac=link.mac,
        peer_mac=peer.mac,
        mtu=link.mtu,
        master=links.name_of(link.master),
        peer_master=there.name_of(peer.master),
        up=link.up,
        peer_up=peer.up,
        peer_mtu=None if peer.mtu == link.mtu else peer.mtu,
        odd=link.odd,
        peer_odd=tuple(f"{oddity} at {words} {name}" for oddity in peer.odd),
    )


def _half(namespace: str, link: Link, links: Links) -> Veth:
    return Veth(
        namespace=namespace,
        name=link.name,
        peer_namespace="",
        peer_name="",
        mac=link.mac,
        peer_mac="",
        mtu=link.mtu,
        master=links.name_of(link.master),
        up=link.up,
    )
