"""What stands on links: addresses, forwarding entries, routes, kernel switches."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any, ClassVar

from nlan.resources.base import NAMESPACE, Difference, Impact, Key, Rank, Resource, Side, link_key


class Address(Resource, frozen=True, kw_only=True):
    """An address of an interface.

    Attributes:
        namespace: Where the interface is.
        interface: Its name.
        address: With prefix length.
        lacks: What of it the kernel makes and is gone, in words: ``its connected route is missing``.
    """

    kind: ClassVar[str] = "address"
    rank: ClassVar[int] = Rank.ADDRESSES
    goes_with_link: ClassVar[bool] = True
    brings_routes: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"lacks": "hitless"}
    namespace: str
    interface: str
    address: IPv4Interface | IPv6Interface
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Interface and address."""
        return Key(self.kind, self.namespace, f"{self.interface} {self.address}")

    def requires(self) -> tuple[Key, ...]:
        """The interface."""
        return (Key(NAMESPACE, self.namespace, ""), link_key(self.namespace, self.interface))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """The address, once per namespace."""
        return (("address", self.namespace, str(self.address.ip)),)

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The one that it is in."""
        return (self.address.network,)


class FdbEntry(Resource, frozen=True, kw_only=True):
    """One tunnel end that a VXLAN device floods to: the all-zeros entry with that destination.

    Attributes:
        namespace: The node.
        device: The VXLAN device.
        remote: The other tunnel end's underlay address.
    """

    kind: ClassVar[str] = "fdb"
    rank: ClassVar[int] = Rank.ON_LINKS
    goes_with_link: ClassVar[bool] = True
    namespace: str
    device: str
    remote: IPv4Address | IPv6Address

    @property
    def key(self) -> Key:
        """Device and remote."""
        return Key(self.kind, self.namespace, f"{self.device} {self.remote}")

    def requires(self) -> tuple[Key, ...]:
        """The VXLAN device."""
        return (Key("vxlan", self.namespace, self.device),)


class Route(Resource, frozen=True, kw_only=True):
    """A route that nlan itself puts into the kernel (a host's default route).

    Attributes:
        namespace: Where.
        prefix: To where.
        via: By which next hop.
        interface: Which interface leads to the next hop; None leaves it to the kernel.
    """

    kind: ClassVar[str] = "route"
    rank: ClassVar[int] = Rank.ROUTES
    goes_with_link: ClassVar[bool] = True
    brings_routes: ClassVar[bool] = True
    mutable: ClassVar[dict[str, Impact]] = {"via": "hitless", "interface": "hitless"}
    namespace: str
    prefix: IPv4Network | IPv6Network
    via: IPv4Address | IPv6Address
    interface: str | None = None

    @property
    def key(self) -> Key:
        """The prefix."""
        return Key(self.kind, self.namespace, str(self.prefix))

    def claims(self) -> tuple[tuple[str, ...], ...]:
        """The prefix: of those that are typed there is one to each."""
        return (("route", self.namespace, str(self.prefix)),)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace and interface."""
        ground = Key(NAMESPACE, self.namespace, "")
        return (ground,) if self.interface is None else (ground, link_key(self.namespace, self.interface))

    def stands_on(self, side: Side) -> Iterator[Key]:
        """Yield the addresses in whose subnet its next hop is."""
        for address in side.of(Address.kind, self.namespace):
            if self.interface in (None, address.interface) and self.via in address.address.network:
                yield address.key

    def lost_between(self, before: Side, after: Side) -> str:
        """Tell of an IPv4 route that the kernel drops with the last address of its interface.

        An address that stands elsewhere, or with another length, can only come after that one is gone; any
        other comes before the old ones go.
        """
        if self.prefix.version == 6 or self.interface is None:
            return ""
        had, shall = ({a.key: a for a in self._addresses4(side)} for side in (before, after))
        if not had or not shall or had.keys() & shall.keys():
            return ""
        is_bare = all(any(claim in before.claims for claim in a.claims()) for a in shall.values())
        return "its interface is without an IPv4 address for a moment" if is_bare else ""

    def _addresses4(self, side: Side) -> Iterator[Address]:
        for address in side.of(Address.kind, self.namespace):
            if address.interface == self.interface and address.address.version == 4:
                yield address


class Sysctl(Resource, frozen=True, kw_only=True):
    """A kernel switch of a namespace.

    Attributes:
        namespace: Where.
        name: Path below /proc/sys, with slashes: ``net/ipv4/ip_forward``.
        value: As the kernel prints it.
    """

    kind: ClassVar[str] = "sysctl"
    rank: ClassVar[int] = Rank.SETTINGS + 40
    mutable: ClassVar[dict[str, Impact]] = {"value": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    namespace: str
    name: str
    value: str

    @property
    def key(self) -> Key:
        """The name."""
        return Key(self.kind, self.namespace, self.name)

    def requires(self) -> tuple[Key, ...]:
        """Its namespace, and its interface where it is one of an interface."""
        ground, words = Key(NAMESPACE, self.namespace, ""), self.name.split("/")
        if words[2:3] not in (["conf"], ["neigh"]) or words[3] in ("all", "default", "lo"):
            return (ground,)
        return (ground, link_key(self.namespace, words[3]))

    def difference(self, observed: Any) -> Difference | None:
        """Compare; a node that ceases to forward is an outage for who is behind it."""
        found = super().difference(observed)
        ceases = self.value == "0" and self.name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")
        return found._replace(impact="outage") if found is not None and ceases else found
