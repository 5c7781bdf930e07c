"""NICs of the machine in nodes: moved in, and given back as they were.

A NIC's alias says where it came from, for whoever gives it back, whatever became of nlan meanwhile: its
name there, whether it was up, its MTU, its group, and the namespace. The message that moves the NIC sets it,
so that no moment is without it. A file in the node's run directory, made before, tells `nlan down` to look.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from nlan.kinds.macvlan import missing_nic
from nlan.netlink import codec, wire
from nlan.netlink.channel import open_channel, open_own_channel
from nlan.netlink.codec import Message, Refusal
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, REMOVE, Step, send
from nlan.netlink.tables.addresses import list_addresses
from nlan.netlink.tables.links import LENT, Link, change_link, dump_links, link_header
from nlan.resources.base import NAMESPACE, Claim, Impact, Key, Rank, Resource
from nlan.runtimes.base import Nodes

TRACES = "nic-"
_OWN = "/proc/self/ns/net"
_OTHERS = ("/proc/1/ns/net", "/run/netns")
_MARK = "nlan-nic"


class Nic(Resource, frozen=True, kw_only=True):
    """A NIC of the machine that a node has.

    Attributes:
        namespace: Where it shall be.
        name: What it is called there.
        nic: What it is called on the machine.
        mtu: In bytes; None leaves it as it is.
        up: Administrative state.
    """

    kind: ClassVar[str] = "nic"
    rank: ClassVar[int] = Rank.LINKS + 5
    is_link: ClassVar[bool] = True
    outlives_namespace: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"mtu": "hitless", "up": "hitless"}
    namespace: str
    name: str
    nic: str
    mtu: int | None = None
    up: bool = True

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[Claim, ...]:
        """Its interface name, and the NIC."""
        return (("interface", self.namespace, self.name), ("nic", self.nic))


class Origin(NamedTuple):
    """How a NIC was before, as its alias keeps it.

    Attributes:
        up: Whether it was up.
        mtu: In bytes.
        group: Its interface group.
        space: The inode of its network namespace.
        name: What it was called.
    """

    up: bool
    mtu: int
    group: int
    space: int
    name: str

    def text(self) -> str:
        """Return the alias."""
        return f"{_MARK} {int(self.up)} {self.mtu} {self.group} {self.space} {self.name}"


def origin_of(link: Link) -> Origin | None:
    """Return how a link was before nlan took it; None for one that it did not."""
    words = link.alias.split(" ")
    if len(words) != 6 or words[0] != _MARK or not all(word.isdecimal() for word in words[1:5]):
        return None
    up, mtu, group, space = map(int, words[1:5])
    return Origin(bool(up), mtu, group, space, words[5])


class NicKind(KernelKind[Nic]):
    """How NICs are moved, found, and given back."""

    resource = Nic
    events = ("link",)
    mark = LENT
    gives_back = True
    traces = TRACES

    def why_not(self, desired: Nic, nodes: Any) -> Iterator[tuple[str, str]]:
        """Tell of a NIC that the machine has not, or needs itself."""
        if _is_in(desired, nodes):
            return
        reasons = [reason for reason in missing_nic(desired.nic) if "is down" not in reason]
        yield from ((desired.name, reason) for reason in reasons or _used(desired.nic))

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield those that bear the mark."""
        for link in view.links.by_name.values():
            if link.group == LENT and (origin := origin_of(link)) is not None:
                yield Nic(namespace=view.namespace, name=link.name, nic=origin.name, mtu=link.mtu, up=link.up)

    def create(self, desired: Nic) -> list[Step]:
        """Note it, and move it: its name, its mark and what it was go with it in one message."""

        def move(nodes: Nodes) -> Refusal | None:
            with open_own_channel() as channel:
                link = dump_links(channel).by_name.get(desired.nic)
                if link is None:
                    known = _is_in(desired, nodes)
                    return (
                        Refusal(errno.EEXIST, "") if known else Refusal(errno.ENODEV, "there is no such NIC")
                    )
                _trace(nodes, desired).touch()
                origin = Origin(link.up, link.mtu, link.group, os.stat(_OWN).st_ino, link.name)
                there = nodes.netns_fd(desired.namespace)
                try:
                    parts = (
                        codec.u32(wire.IFLA_NET_NS_FD, there),
                        codec.text(wire.IFLA_IFNAME, desired.name),
                        codec.u32(wire.IFLA_GROUP, LENT),
                        codec.text(wire.IFLA_IFALIAS, origin.text()),
                    )
                    return channel.request([_message(link.number, parts)])[0]
                finally:
                    os.close(there)

        return [
            Step(MAKE, desired.namespace, lambda _: None, apart=move),
            send(FINISH, desired.namespace, _settled(desired)),
        ]

    def update(self, desired: Nic, observed: Nic) -> list[Step]:
        """Change what differs."""
        return [send(FINISH, desired.namespace, _settled(desired))]

    def delete(self, observed: Nic) -> list[Step]:
        """Give it back as it was."""

        def give_back(nodes: Nodes) -> Refusal | None:
            with open_channel(nodes, observed.namespace) as channel:
                link = dump_links(channel).by_name.get(observed.name)
                origin = None if link is None else origin_of(link)
                if link is None or origin is None:
                    return None
                home = _home(origin.space)
                try:
                    parts = (
                        codec.u32(wire.IFLA_NET_NS_FD, home),
                        codec.text(wire.IFLA_IFNAME, origin.name),
                        codec.u32(wire.IFLA_GROUP, origin.group),
                        codec.text(wire.IFLA_IFALIAS, ""),
                        codec.u32(wire.IFLA_MTU, origin.mtu),
                    )
                    refused = channel.request([_message(link.number, parts, up=origin.up)])[0]
                finally:
                    os.close(home)
            if refused is None:
                _trace(nodes, observed).unlink(missing_ok=True)
            return refused

        return [Step(REMOVE, observed.namespace, lambda _: None, absent_is_done=True, apart=give_back)]


def _message(index: int, parts: tuple[bytes, ...], *, up: bool | None = None) -> Message:
    flags = b"" if up is None else wire.IFINFOMSG.pack(0, 0, index, wire.IFF_UP if up else 0, wire.IFF_UP)
    return Message(wire.RTM_NEWLINK, 0, (flags or link_header(index)) + b"".join(parts))


def _settled(desired: Nic) -> Message:
    mtu = b"" if desired.mtu is None else codec.u32(wire.IFLA_MTU, desired.mtu)
    return change_link(desired.name, mtu, up=desired.up)


def _trace(nodes: Nodes, nic: Nic) -> Path:
    return nodes.make_directory(nic.namespace) / f"{TRACES}{nic.name}"


def _is_in(desired: Nic, nodes: Nodes) -> bool:
    """Tell whether the node has it already."""
    if desired.namespace not in nodes.namespaces():
        return False
    with open_channel(nodes, desired.namespace) as channel:
        link = dump_links(channel).by_name.get(desired.name)
    return link is not None and (origin := origin_of(link)) is not None and origin.name == desired.nic


def _used(name: str) -> Iterator[str]:
    """Yield why a NIC is not to be taken from the machine: it has addresses, or is part of something."""
    with open_own_channel() as channel:
        links = dump_links(channel)
        number = links.index_of(name)
        own = [
            one.address for one in list_addresses(channel) if one.number == number and not one.is_link_local
        ]
    if own:
        yield f"its NIC {name} has the address {own[0]}, so the machine itself may be reached by it"
    if links.by_name[name].master:
        yield f"its NIC {name} is a port of {links.name_of(links.by_name[name].master)}"


def _home(space: int) -> int:
    """Return a descriptor of the namespace with that inode; of the machine's own where it is gone."""
    paths = [Path(_OWN), Path(_OTHERS[0])]
    with contextlib.suppress(OSError):
        paths += Path(_OTHERS[1]).iterdir()
    for path in paths:
        with contextlib.suppress(OSError):
            if os.stat(path).st_ino == space:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


KIND = NicKind()
