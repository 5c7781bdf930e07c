"""Taps: interfaces whose other end is a program, such as a virtual machine's, that opens them by name.

They stay when the program ends. No message of netlink makes one: inside the namespace /dev/net/tun is asked.
It gets its MAC address, and is told to stay only then, so that one that was left half made is gone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import struct
from collections.abc import Iterator
from typing import Any, ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.codec import Refusal
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Step, send
from nlan.netlink.tables.links import FIRST, Link, change_link, mac_octets, put_right
from nlan.resources.base import NAMESPACE, Claim, Impact, Key, Rank, Resource
from nlan.runtimes.base import Nodes

DEVICE = "/dev/net/tun"
_TUNSETIFF, _TUNSETPERSIST, _TUNSETOWNER = 0x400454CA, 0x400454CB, 0x400454CC
_SIOCSIFHWADDR = 0x8924
_IFF_TAP, _IFF_NO_PI, _IFF_TUN_EXCL = 0x0002, 0x1000, 0x8000
_ARPHRD_ETHER = 1
_IFREQ_FLAGS, _IFREQ_MAC = struct.Struct("=16sH22x"), struct.Struct("=16sH6s16x")


class Tap(Resource, frozen=True, kw_only=True):
    """A tap.

    Attributes:
        namespace: Where it is.
        name: Its interface name.
        mac: Its MAC address at the node's end.
        mtu: In bytes.
        owner: The user who may open it besides root; empty for root alone.
        up: Administrative state.
        odd: Settings that are not as nlan makes them, in words.
    """

    kind: ClassVar[str] = "tap"
    rank: ClassVar[int] = Rank.LINKS + 15
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {
        "mac": "hitless",
        "mtu": "hitless",
        "up": "hitless",
        "odd": "hitless",
    }
    namespace: str
    name: str
    mac: str
    mtu: int
    owner: str = ""
    up: bool = True
    odd: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Kind, namespace, interface."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[Claim, ...]:
        """Its interface name."""
        return (("interface", self.namespace, self.name),)


class TapKind(KernelKind[Tap]):
    """How taps are made and found."""

    resource = Tap
    events = ("link",)

    def why_not(self, desired: Tap, nodes: Any) -> Iterator[tuple[str, str]]:
        """Tell of a machine without taps, and of an owner whom nobody knows."""
        if not os.path.exists(DEVICE):
            yield desired.name, f"it has no {DEVICE}; `modprobe tun`"
        if desired.owner and _user(desired.owner) is None:
            yield desired.name, f"it has no user `{desired.owner}`"

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield the marked ones."""
        for link in view.links.by_name.values():
            if link.kind == "tun" and link.is_marked:
                owner = link.data.get(wire.IFLA_TUN_OWNER)
                yield Tap(
                    namespace=view.namespace,
                    name=link.name,
                    mac=link.mac,
                    mtu=link.mtu,
                    owner="" if owner is None else _name(codec.as_u32(owner)),
                    up=link.up,
                    odd=link.odd,
                )

    def create(self, desired: Tap) -> list[Step]:
        """Make it, mark it."""

        def made(nodes: Nodes) -> Refusal | None:
            try:
                with nodes.inside(desired.namespace):
                    _make(desired)
            except OSError as error:
                return Refusal(errno.EEXIST if error.errno == errno.EBUSY else error.errno or 0, "")
            return None

        parts = codec.u32(wire.IFLA_MTU, desired.mtu) + codec.u32(wire.IFLA_GROUP, FIRST)
        return [
            Step(MAKE, desired.namespace, lambda _: None, apart=made),
            send(FINISH, desired.namespace, change_link(desired.name, parts, up=desired.up)),
        ]

    def update(self, desired: Tap, observed: Tap) -> list[Step]:
        """Change what differs."""
        parts = codec.u32(wire.IFLA_MTU, desired.mtu)
        if desired.mac != observed.mac:
            parts += codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac))
        right = put_right(desired.name, "tun", observed.odd)
        changed = send(FINISH, desired.namespace, change_link(desired.name, parts, up=desired.up))
        return [changed, *(send(FINISH, desired.namespace, message) for message in right)]

    def adopts(self, desired: Tap, link: Link) -> bool:
        """One of its name with its MAC address was nlan's."""
        return (link.kind, link.mac) == ("tun", desired.mac)


def _make(desired: Tap) -> None:
    name = desired.name.encode()
    device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, _TUNSETIFF, _IFREQ_FLAGS.pack(name, _IFF_TAP | _IFF_NO_PI | _IFF_TUN_EXCL))
        address = _IFREQ_MAC.pack(name, _ARPHRD_ETHER, mac_octets(desired.mac))
        fcntl.ioctl(device, _SIOCSIFHWADDR, address)
        if desired.owner:
            fcntl.ioctl(device, _TUNSETOWNER, pwd.getpwnam(desired.owner).pw_uid)
        fcntl.ioctl(device, _TUNSETPERSIST, 1)
    finally:
        os.close(device)


def _user(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)


KIND = TapKind()
