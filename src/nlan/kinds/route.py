"""Routes of the main table, marked by their protocol number."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import ClassVar

from nlan.kinds.address import Address
from nlan.netlink import codec, wire
from nlan.netlink.codec import Message
from nlan.netlink.kind import KernelKind, View, foreign
from nlan.netlink.step import FINISH, REMOVE, Context, Step, index_of
from nlan.netlink.tables.hops import hops_of
from nlan.netlink.tables.links import Links
from nlan.netlink.tables.routes import PROTOCOL, KernelRoute
from nlan.netlink.tables.rules import TABLES
from nlan.resources.base import NAMESPACE, Impact, Key, Rank, Resource, Side, link_key

_TYPES = {
    wire.RTN_LOCAL: "local",
    wire.RTN_BROADCAST: "broadcast",
    wire.RTN_ANYCAST: "anycast",
    wire.RTN_MULTICAST: "multicast",
    wire.RTN_BLACKHOLE: "blackhole",
    wire.RTN_UNREACHABLE: "unreachable",
    wire.RTN_PROHIBIT: "prohibit",
    wire.RTN_THROW: "throw",
    wire.RTN_NAT: "nat",
}


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
        own = Key(NAMESPACE, self.namespace, "")
        return (own,) if self.interface is None else (own, link_key(self.namespace, self.interface))

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


class RouteKind(KernelKind[Route]):
    """How routes are made and found."""

    resource = Route
    events = ("route",)

    def observe(self, view: View) -> Iterator[Resource]:
        """Yield nlan's routes, and those of any table that somebody typed."""
        routes = view.addressing[1]
        for route in routes.own:
            if route.table == wire.RT_TABLE_MAIN and route.via is not None:
                yield Route(
                    namespace=view.namespace,
                    prefix=route.prefix,
                    via=route.via,
                    interface=view.links.name_of(route.oif),
                )
        for route in routes.foreign:
            assert route.body is not None
            words = _words(route, view.links)
            yield foreign(view.namespace, "route", words, wire.RTM_DELROUTE, route.body, prefix=route.prefix)

    def create(self, desired: Route) -> list[Step]:
        """Add it; it fails where a route to that prefix exists."""
        return _put(desired, wire.NLM_F_CREATE | wire.NLM_F_EXCL)

    def update(self, desired: Route, observed: Route) -> list[Step]:
        """Put it in the place of the one to that prefix."""
        return _put(desired, wire.NLM_F_CREATE | wire.NLM_F_REPLACE)

    def delete(self, observed: Route) -> list[Step]:
        """Remove it, and only one that bears nlan's mark."""
        message = Message(wire.RTM_DELROUTE, 0, _body(observed, 0))
        return [Step(REMOVE, observed.namespace, lambda _: message, absent_is_done=True)]


KIND = RouteKind()


def _words(route: KernelRoute, table: Links) -> str:
    assert route.body is not None
    kind = _TYPES.get(route.kind, "")
    words = [kind] if kind else []
    words.append(str(route.prefix))
    for hop in hops_of(codec.attributes(route.body, wire.RTMSG.size)):
        words += [f"via {hop.via}"] if hop.via else []
        words += [f"on {table.name_of(hop.oif)}"] if hop.oif and not kind else []
    words += [] if route.table == wire.RT_TABLE_MAIN else [f"table {TABLES.get(route.table, route.table)}"]
    return " ".join(words)


def _put(route: Route, flags: int) -> list[Step]:
    def build(context: Context) -> Message:
        index = index_of(context, route.interface) if route.interface else 0
        return Message(wire.RTM_NEWROUTE, flags, _body(route, index))

    return [Step(FINISH, route.namespace, build)]


def _body(route: Route, index: int) -> bytes:
    family = wire.AF_INET if route.prefix.version == 4 else wire.AF_INET6
    length = route.prefix.prefixlen
    header = wire.RTMSG.pack(
        family, length, 0, 0, wire.RT_TABLE_MAIN, PROTOCOL, wire.RT_SCOPE_UNIVERSE, wire.RTN_UNICAST, 0
    )
    prefix = codec.attribute(wire.RTA_DST, route.prefix.network_address.packed) if length else b""
    interface = codec.u32(wire.RTA_OIF, index) if index else b""
    return header + prefix + interface + codec.attribute(wire.RTA_GATEWAY, route.via.packed)
