"""Routing: what the short form changes of what is derived, and the full form."""

from __future__ import annotations

from ipaddress import IPv4Address

from nlan.model.codec import IpInterface, IpNetwork
from nlan.registry import Seam
from nlan.schema.syntax.report import Written
from nlan.schema.written.addresses import Address, Interface, Prefix
from nlan.schema.written.common import HOP, IFNAME, NAME, NODES, Addresses, Hop
from nlan.schema.written.kinds import Kind, ListOf, MapOf, ScalarKind, Shapes
from nlan.schema.written.numbers import Integer
from nlan.schema.written.scalars import (
    AnyScalar,
    Bool,
    Choice,
    Installed,
    Names,
    No,
    Text,
)
from nlan.schema.written.sections import Key, Record, Section, keys_of
from nlan.services.router.kinds import (
    AREA,
    ASN,
    BGP_SOURCES,
    COST,
    DESCRIPTION,
    FAMILIES,
    HOLD_TIME,
    KEEPALIVE,
    OSPF_HERE,
    OSPF_SOURCES,
    PASSWORD,
    PATHS,
    ROUTER_ID,
    SOURCE,
)
from nlan.services.router.model import DEFAULT_ENGINE

ENGINES: Seam[object] = Seam("engines", "nlan.engines", "ENGINE")


class PeerKeys:
    """The keys of a BGP peer."""

    peer = Key("peer", Address(), "The peer's address.")
    node = Key("node", Names("a node's name"), "The peer's node; its address is derived.")
    remote_as = Key(
        "remote_as",
        ASN,
        "The peer's AS.",
        default="the AS of the node that holds the address",
        also=("peer_asn",),
    )
    next_hop_self = Key(
        "next_hop_self",
        Bool(),
        "Announce this router as next hop.",
        default="`true` towards iBGP peers of a border router (short form)",
    )
    route_reflector_client = Key(
        "route_reflector_client", Bool(), "Reflect routes to it (RFC 4456).", default="`false`"
    )
    password = Key("password", PASSWORD, "TCP MD5 key (RFC 2385).")
    update_source = Key("update_source", SOURCE, "What the session is bound to.")
    ebgp_multihop = Key(
        "ebgp_multihop",
        Integer(1, 255, "number of hops"),
        "Hops to an external peer that is not connected.",
    )
    families = Key("families", FAMILIES, "Address families.", default="the family of the address")
    keepalive_s = Key("keepalive_s", KEEPALIVE, "Seconds between keepalives.", default="by `timers`")
    hold_time_s = Key(
        "hold_time_s", HOLD_TIME, "Seconds until a silent peer is given up.", default="by `timers`"
    )
    description = Key("description", DESCRIPTION, "Free text.", default="the peer's node")
    external = Key("external", Bool(), "The peer is not of this lab: do not look for it.", default="`false`")


NEIGHBOR = Section("a BGP peer", "One BGP session.", keys_of(PeerKeys))


class BgpAsKeys:
    """The keys of a BGP AS."""

    as_ = Key("as", ASN, "The AS, in the list spelling.")
    neighbors = Key("neighbors", ListOf(NEIGHBOR), "The peers.")
    networks = Key("networks", ListOf(Prefix(loose=True)), "Prefixes announced besides.")
    redistribute = Key("redistribute", BGP_SOURCES, "What is announced besides.", default="`connected`")
    maximum_paths = Key("maximum_paths", PATHS, "Equal paths installed at most.")


BGP_AS = Section("a BGP AS", "BGP of one AS.", keys_of(BgpAsKeys))


class OspfAreaKeys:
    """The keys of an Ospf area."""

    area = Key("area", AREA, "The area, dotted or decimal.", required=True)
    networks = Key("networks", ListOf(Prefix(loose=True)), "Prefixes; host bits do not matter.")


OSPF_AREA = Section(
    "an Ospf area", "An OSPF area and the prefixes whose interfaces run in it.", keys_of(OspfAreaKeys)
)


ByAs = list[Written[Record]] | list[tuple[Written[int], Record]]
_BY_AS: Kind[ByAs] = Shapes("BGP by AS number", seq=ListOf(BGP_AS), map=MapOf(ASN, BGP_AS))


class RouterKeys:
    """The keys of Router."""

    loopback = Key(
        "loopback",
        ListOf(Interface("a loopback address such as `192.0.2.1/32`", bare=True)),
        "Addresses of `lo`.",
    )
    ospf = Key("ospf", ListOf(OSPF_AREA), "OSPF areas.", own=False)
    bgp = Key(
        "bgp",
        _BY_AS,
        "BGP by AS number, or a list with `As`.",
        own=False,
    )
    router_id = Key(
        "router_id",
        ROUTER_ID,
        "For OSPF and BGP.",
        default="the first IPv4 loopback",
    )


ROUTER = Section("Router", "Routing of the node, in the full form.", keys_of(RouterKeys))


PEER_HERE: Kind[bool | Record]
PEER_HERE = Shapes("a BGP peer, or `false` for no session", scalar=Bool(), map=NEIGHBOR)
Peers = list[Written[Record]] | list[tuple[Written[str], bool | Record]]
_PEERS: Kind[Peers] = Shapes(
    "BGP peers", seq=ListOf(NEIGHBOR), map=MapOf(Text("a node's name or an address"), PEER_HERE)
)


class BgpKeys:
    """The keys of bgp."""

    peers = Key(
        "peers",
        _PEERS,
        "By node or address: options of a derived session, another session, or `false` for none.",
    )
    derive = Key("derive", Bool(), "Derive sessions from links and networks.", default="`true`")
    networks = Key("networks", ListOf(Prefix()), "Prefixes announced besides.")
    redistribute = Key("redistribute", BGP_SOURCES, "What is announced besides.", default="`connected`")
    maximum_paths = Key("maximum_paths", PATHS, "Equal paths installed at most.")
    password = Key("password", PASSWORD, "TCP MD5 key of every derived session.")
    keepalive_s = Key("keepalive_s", KEEPALIVE, "Seconds, for every derived session.")
    hold_time_s = Key("hold_time_s", HOLD_TIME, "Seconds, for every derived session.")
    next_hop_self = Key(
        "next_hop_self",
        Bool(),
        "Towards iBGP peers.",
        default="`true` where the router has an external peer",
    )


BGP_HERE = Section("bgp", "What to change of the BGP that is derived.", keys_of(BgpKeys))


class OspfKeys:
    """The keys of ospf."""

    area = Key("area", AREA, "The area of its links, networks and loopback.", default="`0.0.0.0`")
    redistribute = Key("redistribute", OSPF_SOURCES, "What is announced besides.", default="`connected`")
    cost = Key("cost", COST, "Cost of its interfaces.", default="the daemon's")


OSPF_NODE = Section("ospf", "OSPF of the node.", keys_of(OspfKeys))


OSPF_ANY: Kind[bool | IPv4Address | Record]
OSPF_ANY = Shapes("`true`, `false`, an area or a mapping", scalar=OSPF_HERE, map=OSPF_NODE)


class RouteKeys:
    """The keys of a route."""

    prefix = Key("prefix", Prefix(), "Where to.", required=True)
    via = Key(
        "via",
        HOP,
        "The next hop: an address, or a neighbouring node.",
    )
    interface = Key("interface", IFNAME, "Or the interface to send out of.")
    blackhole = Key("blackhole", Bool(), "Or nowhere.", default="`false`")


ROUTE = Section("a route", "A static route.", keys_of(RouteKeys))


NEXT_HOP: ScalarKind[Hop] = AnyScalar("an address, a node's name or `blackhole`", Address(), NAME)

Routes = list[Written[Record]] | list[tuple[Written[IpNetwork], Hop]]
ROUTES: Kind[Routes] = Shapes("static routes", seq=ListOf(ROUTE, single=False), map=MapOf(Prefix(), NEXT_HOP))


ASN_ANY: ScalarKind[int | str] = AnyScalar(
    "an AS number, `auto`, or `false` for none", ASN, Choice("auto"), No()
)

_LOOPBACK: ScalarKind[bool | IpInterface]
_LOOPBACK = AnyScalar("a loopback address, or `false` for none", Bool(), Interface(bare=True))
LOOPBACK_ANY: Kind[bool | IpInterface | Addresses] = Shapes(
    "loopback addresses, or `false` for none",
    scalar=_LOOPBACK,
    seq=ListOf(Interface(bare=True)),
)

BGP_ANY: Kind[bool | Record] = Shapes("`true`, `false` or a mapping", scalar=Bool(), map=BGP_HERE)


class NodeKeys:
    """What a node may say."""

    asn = Key("asn", ASN_ANY, "Its AS; `auto` allocates one by name.", default="the lab's `asn`")
    ospf = Key("ospf", OSPF_ANY, "Run OSPF.", default="the lab's `ospf`", own=False)
    bgp = Key(
        "bgp",
        BGP_ANY,
        "Run BGP, and how.",
        default="`true` where it has an AS",
        own=False,
    )
    route_reflector = Key(
        "route_reflector", Bool(), "Reflect routes to the other routers of its AS.", default="`false`"
    )
    engine = Key("engine", Installed(ENGINES), "Which daemon speaks BGP.", default=f"`{DEFAULT_ENGINE}`")
    loopback = Key("loopback", LOOPBACK_ANY, "Addresses of `lo`.", default="from the pool `loopbacks`")
    router_id = Key(
        "router_id",
        ROUTER_ID,
        "For OSPF and BGP.",
        default="the first IPv4 loopback",
    )
    routes = Key("routes", ROUTES, "Static routes: `{0.0.0.0/0: pe1}`, or a list.", own=False)
    router = Key("router", ROUTER, "Service: routing.")


class LabKeys:
    """What the lab may say in the short form."""

    asn = Key("asn", ASN_ANY, "The AS of every node; `auto` gives each its own.")
    ospf = Key("ospf", OSPF_ANY, "OSPF on every router.", own=False)
    bgp = Key(
        "bgp",
        BGP_ANY,
        "BGP options of every router.",
        own=False,
    )
    route_reflector = Key(
        "route_reflector", NODES, "Nodes that reflect routes to the other routers of their AS."
    )


class SegmentKeys:
    """What a link or a network may say."""

    ospf = Key(
        "ospf",
        OSPF_HERE,
        "Run OSPF here, in this area.",
        default="where both ends run OSPF and are not of two ASes",
    )
    cost = Key("cost", COST, "OSPF cost.", default="the daemon's")
    bgp = Key("bgp", Bool(), "Derive BGP sessions here.", default="`true`")


class EndKeys:
    """What an end may say."""

    cost = Key("cost", COST, "OSPF cost.", default="the segment's")
    passive = Key("passive", Bool(), "Announced by OSPF, not spoken on.", default="`false`")
