"""veth pairs, made with each end in its namespace at once (moving an end costs 16-35 ms).

The first end's alias says where the other one is, ``to NAMESPACE NAME``; it is believed only where
both ends name each other's index. An end whose other end is not found is observed as a pair to
nowhere, so that it is removed or made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nlan.netlink import codec
from nlan.netlink.codec import Message
from nlan.netlink.links import (
    FIRST,
    IFLA_ADDRESS,
    IFLA_IFALIAS,
    IFLA_MASTER,
    IFLA_MTU,
    IFLA_NET_NS_FD,
    SECOND,
    Link,
    Links,
    basics,
    change_link,
    create_link,
    link_body,
    mac_octets,
    put_right,
)
from nlan.netlink.step import FINISH, MAKE, Context, Step, index_of, said
from nlan.resources import Veth
from nlan.resources.base import Resource

_PEER = 1


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


def create(veth: Veth) -> list[Step]:
    """Make the pair from the end that is a bridge's port, whose bridge can be said in the same message.

    The far end cannot be made up: at that moment it has no other end yet, and the kernel refuses. The
    kernel takes no alias for a new link; it is given to one that was made, never to somebody else's.
    """
    first, second = ends(veth)
    near, far = (second, first) if second.master and not first.master else (first, second)
    alias = codec.text(IFLA_IFALIAS, f"to {veth.peer_namespace} {veth.peer_name}")

    def make(context: Context) -> Message:
        there = codec.u32(IFLA_NET_NS_FD, context.netns(far.namespace))
        far_basics = basics(far.mac, far.mtu, far.group)
        peer = codec.nest(_PEER, link_body(far_basics, there, name=far.name))
        parts = basics(near.mac, near.mtu, near.group) + _master(context, near.master)
        return create_link(near.name, "veth", parts, data=peer, up=near.up)

    def finish(context: Context) -> Message:
        words = alias if far is first else b""
        return change_link(far.name, words, _master(context, far.master), up=far.up)

    steps = [Step(MAKE, near.namespace, make), Step(FINISH, far.namespace, finish)]
    if near is first:
        steps.append(Step(FINISH, near.namespace, lambda _: change_link(near.name, alias)))
    return steps


def update(desired: Veth, observed: Veth) -> list[Step]:
    """Change what differs at either end."""
    pairs = zip(ends(desired), ends(observed), strict=True)
    return [step for wanted, found in pairs if wanted != found for step in _change(wanted, found)]


def observe(
    namespace: str, links: Links, other: Callable[[str], Links], seen: set[tuple[str, str]]
) -> Iterable[Veth]:
    """Return the pairs whose first end is in the namespace.

    Args:
        namespace: Where.
        links: What is there.
        other: Returns the links of another namespace, none where it does not exist.
        seen: Takes the other ends (namespace, name) that belong to a pair.
    """
    for link in links.by_name.values():
        if link.kind == "veth" and link.is_marked and link.group != SECOND:
            yield _pair(namespace, link, links, other, seen)


def observe_orphans(namespace: str, links: Links, seen: set[tuple[str, str]]) -> Iterable[Veth]:
    """Return the other ends that belong to no pair that was seen."""
    for link in links.by_name.values():
        if link.kind == "veth" and link.group == SECOND and (namespace, link.name) not in seen:
            yield _half(namespace, link, links)


def has_orphans(namespace: str, links: Links, seen: set[tuple[str, str]]) -> bool:
    """Tell whether an other end in the namespace belongs to no pair that was seen."""
    return any(True for _ in observe_orphans(namespace, links, seen))


def _master(context: Context, name: str) -> bytes:
    return codec.u32(IFLA_MASTER, index_of(context, name)) if name else b""


def _change(desired: End, observed: End) -> list[Step]:
    def build(context: Context) -> Message:
        parts = []
        if desired.mac != observed.mac:
            parts.append(codec.attribute(IFLA_ADDRESS, mac_octets(desired.mac)))
        if desired.mtu != observed.mtu:
            parts.append(codec.u32(IFLA_MTU, desired.mtu))
        if desired.master != observed.master:
            parts.append(_master(context, desired.master) or codec.u32(IFLA_MASTER, 0))
        return change_link(desired.name, *parts, up=desired.up)

    right = put_right(desired.name, "veth", observed.odd)
    return [
        Step(FINISH, desired.namespace, build),
        *(said(FINISH, desired.namespace, message) for message in right),
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
