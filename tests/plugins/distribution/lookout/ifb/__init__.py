"""A kind of resource: intermediate functional blocks, links that take packets and hand them to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.netlink import codec, wire
from nlan.netlink.kind import KernelKind, View
from nlan.netlink.step import FINISH, MAKE, Step, send
from nlan.netlink.tables.links import FIRST, Link, basics, change_link, create_link, link_feature, mac_octets
from nlan.resources import NAMESPACE, Key, Rank, Resource
from nlan.resources.base import Impact


class Ifb(Resource, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        namespace: Where it is.
        name: Its interface name.
        mac: Its MAC address.
        mtu: In bytes.
        up: Administrative state.
    """

    kind: ClassVar[str] = "ifb"
    rank: ClassVar[int] = Rank.LINKS + 40
    is_link: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"mac": "hitless", "mtu": "hitless", "up": "hitless"}
    namespace: str
    name: str
    mac: str
    mtu: int
    up: bool = True

    @property
    def key(self) -> Key:
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        return (Key(NAMESPACE, self.namespace, ""),)

    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("interface", self.namespace, self.name),)


class IfbKind(KernelKind[Ifb]):
    """How they are made and found."""

    resource = Ifb
    features = (link_feature("ifb", "sinks", needed=False),)
    events = ("link",)

    def observe(self, view: View) -> Iterator[Ifb]:
        for link in view.links.by_name.values():
            if link.kind == "ifb" and link.is_marked:
                yield Ifb(namespace=view.namespace, name=link.name, mac=link.mac, mtu=link.mtu, up=link.up)

    def create(self, desired: Ifb) -> list[Step]:
        parts = basics(desired.mac, desired.mtu, FIRST)
        return [send(MAKE, desired.namespace, create_link(desired.name, "ifb", parts, up=desired.up))]

    def update(self, desired: Ifb, observed: Ifb) -> list[Step]:
        parts = codec.u32(wire.IFLA_MTU, desired.mtu)
        if desired.mac != observed.mac:
            parts += codec.attribute(wire.IFLA_ADDRESS, mac_octets(desired.mac))
        return [send(FINISH, desired.namespace, change_link(desired.name, parts, up=desired.up))]

    def adopts(self, desired: Ifb, link: Link) -> bool:
        return (link.kind, link.mac) == ("ifb", desired.mac)


KIND = IfbKind()
