"""Router: loopback, OSPF (RFC 2328, 5340), BGP (RFC 4271, 4760), static routes, raw daemon configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import ClassVar, Literal, TypeVar

from nlan.interfaces import LOOPBACK
from nlan.model.codec import Base, IpAddress, IpInterface, IpNetwork
from nlan.model.service import EngineModel, ServiceModel
from nlan.secrets import Secret


class OspfArea(Base, frozen=True, kw_only=True):
    """An OSPF area and the prefixes whose interfaces run in it.

    Attributes:
        area: Dotted or decimal in the file, an IPv4 address here.
        networks: Prefixes (host bits cleared); an IPv6 prefix makes its interfaces run OSPFv3.
    """

    area: IPv4Address
    networks: tuple[IpNetwork, ...] = ()


class OspfInterface(Base, frozen=True, kw_only=True):
    """What OSPF needs to know of one interface.

    Attributes:
        name: The interface.
        point_to_point: True where the segment has two ends (no election, no wait).
        cost: 1 to 65535, or None for the daemon's default.
        passive: Announced, not spoken on.
    """

    name: str
    point_to_point: bool = False
    cost: int | None = None
    passive: bool = False


class Ospf(Base, frozen=True, kw_only=True):
    """OSPF of a router.

    Attributes:
        areas: In file order.
        interfaces: Per interface; one that no prefix covers does not run OSPF.
        redistribute: What is announced besides, such as ``connected``.
    """

    areas: tuple[OspfArea, ...] = ()
    interfaces: tuple[OspfInterface, ...] = ()
    redistribute: tuple[str, ...] = ()

    @property
    def versions(self) -> frozenset[int]:
        """The IP versions it runs for: those of the areas' prefixes, IPv4 where there is none."""
        return frozenset(n.version for area in self.areas for n in area.networks) or frozenset((4,))


class BgpPeer(Base, frozen=True, kw_only=True):
    """One BGP peer.

    Attributes:
        address: Whom to talk to (an address of another node of the lab, or of the outside).
        peer_asn: Its AS.
        next_hop_self: Announce this router as next hop to it.
        route_reflector_client: This router reflects routes to it (RFC 4456).
        password: TCP MD5 key (RFC 2385), or None.
        update_source: Address or interface that the session is bound to, or None.
        ebgp_multihop: Hops allowed to an external peer that is not connected, or None.
        families: Address families negotiated with it (``ipv4``, ``ipv6``, unicast each).
        keepalive_s: Seconds, or None for the lab's timers.
        hold_time_s: Seconds, or None for the lab's timers.
        description: Free text; `nlan` writes the peer's node name.
    """

    words: ClassVar[Mapping[str, str]] = MappingProxyType({"peer_asn": "remote_as"})
    address: IpAddress
    peer_asn: int
    next_hop_self: bool = False
    route_reflector_client: bool = False
    password: Secret | None = None
    update_source: str | None = None
    ebgp_multihop: int | None = None
    families: tuple[Literal["ipv4", "ipv6"], ...] = ("ipv4",)
    keepalive_s: int | None = None
    hold_time_s: int | None = None
    description: str | None = None


class Bgp(Base, frozen=True, kw_only=True):
    """BGP of a router.

    Attributes:
        asn: Its AS, 1 to 4294967295.
        peers: In file order.
        networks: Prefixes announced besides.
        redistribute: Such as ``connected``.
        maximum_paths: Equal paths installed at most, 1 to 64, or None for the daemon's default.
    """

    asn: int
    peers: tuple[BgpPeer, ...] = ()
    networks: tuple[IpNetwork, ...] = ()
    redistribute: tuple[str, ...] = ()
    maximum_paths: int | None = None


class StaticRoute(Base, frozen=True, kw_only=True):
    """A static route: to `prefix` by the next hop `via`, or out of `interface`, or to nowhere."""

    prefix: IpNetwork
    via: IpAddress | None = None
    interface: str | None = None
    blackhole: bool = False


class Raw(EngineModel, frozen=True, kw_only=True):
    """Configuration that the user brings for an engine; an engine that takes any has a type of its own.

    Class attributes:
        key: The word under which it is written, stored and shown.
        title: What people call the engine.

    Attributes:
        text: The lines, as the engine's daemons read them.
    """

    title: ClassVar[str]
    text: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing is derived beside it: the text is the whole configuration."""
        return False


R = TypeVar("R", bound=Raw)


DEFAULT_ENGINE = "frr"
"""What speaks for a router of which the file does not say it."""


class Router(ServiceModel, frozen=True, kw_only=True):
    """Routing of a node.

    Attributes:
        loopbacks: On ``lo``.
        router_id: For OSPF and BGP, or None to let it follow the loopback.
        engine: What speaks for it: the name of a routing engine (`nlan.engines.base`).
        ospf: OSPF, or None.
        bgp: BGP, or None.
        routes: Static routes.
        raw: The configuration that the user brings for an engine, or None.
    """

    key: ClassVar[str] = "router"
    engine_field: ClassVar[str] = "raw"
    is_router: ClassVar[bool] = True
    loopbacks: tuple[IpInterface, ...] = ()
    router_id: IPv4Address | None = None
    engine: str = DEFAULT_ENGINE
    ospf: Ospf | None = None
    bgp: Bgp | None = None
    routes: tuple[StaticRoute, ...] = ()
    raw: Raw | None = None

    def find(self, kind: type[R]) -> R | None:
        """Return the configuration that the user brings, where it is of that engine's type; else None."""
        return self.raw if isinstance(self.raw, kind) else None

    def caption(self) -> str:
        """Return the autonomous system."""
        return f"AS {self.bgp.asn}" if self.bgp else ""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the configuration that the user brings."""
        if self.raw is not None:
            yield self.raw.key, self.raw.text

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield ``lo``, where it has addresses."""
        if self.loopbacks:
            yield LOOPBACK, self.loopbacks
