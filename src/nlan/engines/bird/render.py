"""A router of the model to BIRD's configuration: pure, equal models give equal bytes.

What stands in it, for each IP version that the router has to do with:

* ``master4`` is what the router routes by: its segments (``connected``), static routes, OSPF, and what
  BGP selected. ``kernel4`` puts it into the kernel (``proto bird``).
* ``bgp4`` is what BGP selects from, as bgpd of FRR keeps it apart: what peers announce (``import all``),
  the prefixes that the file names (``announced4``), and by ``pipe4`` what is redistributed. So a prefix
  that OSPF knows too is announced all the same. A route of BGP whose next hop cannot be reached is
  neither used nor passed on (BIRD itself would make it unreachable, and announce it).

Peers are called ``ebgp_192_0_2_1`` and ``ibgp_192_0_2_1``. Timers of a lab are those of all engines
(`nlan.engines._routers`), so that their routers become neighbours. BIRD dials a peer a second after its
start at the earliest (``connect delay time``, of which its jitter takes up to a quarter), and looks at
OSPF's changes every second (``tick``), which are its least. It describes itself to OSPF's neighbours 0.1 s
after its start and then after 5 s at the earliest; no shorter hello makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Literal

from nlan.engines._routers import DEAD_S, HELLO_S, HOLD_TIME_S, KEEPALIVE_S, router_id
from nlan.engines.bird.config import OPTIONS, Statement
from nlan.engines.bird.resource import BirdDaemon
from nlan.model import Node
from nlan.model.codec import IpAddress, IpInterface, IpNetwork
from nlan.resources import Key
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface, Router, StaticRoute

Timers = Literal["lab", "standard"]
Version = Literal[4, 6]

STANDARD_HOLD_TIME_S = 240
"""BIRD's own."""
RETRANSMIT_S = 2
"""BIRD repeats nothing of OSPF sooner."""
WAIT_S = 4
"""How long a lab's router waits before an election: a hello more than its neighbours need to be heard."""
PATHS = 64
"""Equal paths in the kernel at most unless the file says otherwise, as FRR has it."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "connected": ("RTS_DEVICE",),
    "static": ("RTS_STATIC",),
    "ospf": ("RTS_OSPF", "RTS_OSPF_IA", "RTS_OSPF_EXT1", "RTS_OSPF_EXT2"),
    "kernel": ("RTS_INHERIT",),
    "bgp": ("RTS_BGP",),
}
"""What is redistributed, by BIRD's names."""
_METRIC = 20
"""Of what OSPF redistributes (type 2), as FRR has it."""
_ANNOUNCED_PREFERENCE = 250
"""What a file names comes before all that the router knows of the same prefix."""


def daemon(node: Node, router: Router, timers: Timers, after: Sequence[Key] = ()) -> BirdDaemon:
    """Return the BIRD of a node."""
    whole = statements(node, router, router_id(node), timers)
    return BirdDaemon(namespace=node.name, statements=whole, after=tuple(after))


def statements(node: Node, router: Router, identifier: IPv4Address, timers: Timers) -> tuple[Statement, ...]:
    """Return the whole configuration of a node's BIRD.

    Args:
        node: The node.
        router: Its routing.
        identifier: The router ID.
        timers: ``lab`` converges fast; ``standard`` keeps BIRD's defaults.
    """
    return tuple(_statements(node, router, identifier, timers))


def _statements(node: Node, router: Router, identifier: IPv4Address, timers: Timers) -> Iterator[Statement]:
    versions = _versions(node, router)
    yield _options(identifier, versions, router)
    yield _protocol("device", "device1", ["scan time 10;"])
    yield _protocol("direct", "connected", [f"ipv{version};" for version in versions])
    for version in versions:
        yield _kernel(router, version)
        yield from _static(node, router.routes, version)
        if router.bgp is not None:
            yield from _announced(router.bgp, version)
            yield _pipe(router.bgp, version)
    for version in versions:
        if router.ospf is not None and version in router.ospf.versions:
            yield from _ospf(node, router.ospf, version, lab=timers == "lab")
    if router.bgp is not None:
        for peer in router.bgp.peers:
            yield _peer(node, router.bgp, peer, lab=timers == "lab")


def _versions(node: Node, router: Router) -> tuple[Version, ...]:
    """Return the IP versions that the router has to do with."""
    found: set[int] = {address.version for _, own in node.held() for address in own}
    found |= {route.prefix.version for route in router.routes}
    if router.ospf is not None:
        found |= router.ospf.versions
    if router.bgp is not None:
        found |= {network.version for network in router.bgp.networks}
        found |= {4 if family == "ipv4" else 6 for peer in router.bgp.peers for family in peer.families}
    return tuple(version for version in _BOTH if version in found)


_BOTH: tuple[Version, Version] = (4, 6)
_LOG = (
    "log stderr all;",
    "timeformat base iso long ms;",
    "timeformat log iso long ms;",
    "timeformat protocol iso long ms;",
)


def _options(identifier: IPv4Address, versions: Sequence[Version], router: Router) -> Statement:
    tables = [f"ipv{version} table bgp{version};" for version in versions if router.bgp is not None]
    lines = [*_LOG, f"router id {identifier};", *tables]
    return Statement(name=OPTIONS, lines=tuple(lines))


def _protocol(kind: str, name: str, lines: Iterable[str]) -> Statement:
    return Statement(name=name, lines=(f"protocol {kind} {name} {{", *(f"\t{line}" for line in lines), "}"))


# The kernel, and what the router knows by itself


def _kernel(router: Router, version: Version) -> Statement:
    learns = "kernel" in _redistributed(router)
    most = router.bgp.maximum_paths if router.bgp is not None else None
    lines = ["learn;"] if learns else []
    lines += ["merge paths off;"] if most == 1 else [f"merge paths on limit {most or PATHS};"]
    lines += [
        f"ipv{version} {{",
        f"\timport {'all' if learns else 'none'};",
        "\texport where source !~ [RTS_DEVICE, RTS_INHERIT];",
        "};",
    ]
    return _protocol("kernel", f"kernel{version}", lines)


def _redistributed(router: Router) -> set[str]:
    bgp, ospf = router.bgp, router.ospf
    return {*(bgp.redistribute if bgp else ()), *(ospf.redistribute if ospf else ())}


def _static(node: Node, routes: Iterable[StaticRoute], version: Version) -> Iterator[Statement]:
    """Yield the static routes; several to one prefix share its traffic."""
    by_prefix: dict[IpNetwork, list[StaticRoute]] = {}
    for route in routes:
        if route.prefix.version == version:
            by_prefix.setdefault(route.prefix, []).append(route)
    if by_prefix:
        lines = [f"route {prefix} {_towards(node, those)};" for prefix, those in by_prefix.items()]
        yield _protocol("static", f"static{version}", [f"ipv{version};", *lines])


def _towards(node: Node, routes: Sequence[StaticRoute]) -> str:
    hops = [route for route in routes if not route.blackhole]
    if not hops:
        return "blackhole"
    first = hops[0]
    if first.via is not None and first.interface is None and node.interface_towards(first.via) is None:
        return f"recursive {first.via}"
    return " ".join(map(_hop, hops))


def _hop(route: StaticRoute) -> str:
    if route.via is None:
        return f'via "{route.interface}"'
    # BIRD 2.0 takes no `dev` behind an address; later ones take this as well.
    return f"via {route.via}" + (f"%'{route.interface}'" if route.interface is not None else "")


# BGP


def _announced(bgp: Bgp, version: Version) -> Iterator[Statement]:
    """Yield what BGP announces of its own, which the router need not know itself."""
    prefixes = [network for network in bgp.networks if network.version == version]
    if prefixes:
        lines = [
            f"ipv{version} {{",
            f"\ttable bgp{version};",
            f"\tpreference {_ANNOUNCED_PREFERENCE};",
            "\timport filter { bgp_origin = ORIGIN_IGP; accept; };",
            "};",
            *(f"route {prefix} unreachable;" for prefix in prefixes),
        ]
        yield _protocol("static", f"announced{version}", lines)


def _pipe(bgp: Bgp, version: Version) -> Statement:
    """Return what carries redistributed routes to BGP's table, and selected ones back."""
    sources = [name for source in bgp.redistribute if source != "bgp" for name in SOURCES[source]]
    export = "none"
    if sources:
        given = "bgp_origin = ORIGIN_INCOMPLETE; accept;"
        export = f"filter {{ if source ~ [{', '.join(sources)}] then {{ {given} }} reject; }}"
    lines = [
        f"table master{version};",
        f"peer table bgp{version};",
        "import where source = RTS_BGP && dest != RTD_UNREACHABLE;",
        f"export {export};",
    ]
    return _protocol("pipe", f"pipe{version}", lines)


def peer_name(peer: BgpPeer, asn: int) -> str:
    """Return what the session with a peer is called."""
    address = str(peer.address).replace(".", "_").replace(":", "_")
    return f"{'ibgp' if peer.peer_asn == asn else 'ebgp'}_{address}"


def _peer(node: Node, bgp: Bgp, peer: BgpPeer, *, lab: bool) -> Statement:
    lines = [f"neighbor {peer.address} as {peer.peer_asn};", _local(node, bgp, peer)]
    if peer.description:
        lines.append(f'description "{peer.description}";'.replace("\n", " "))
    lines += _distance(bgp, peer)
    lines += _timers(peer, lab=lab)
    if peer.route_reflector_client:
        lines.append("rr client;")
    lines.append("debug { states };")
    for version in _BOTH:
        if f"ipv{version}" in peer.families:
            lines += _channel(bgp, peer, version)
    statement = _protocol("bgp", peer_name(peer, bgp.asn), lines)
    return Statement(name=statement.name, lines=statement.lines, password=peer.password)


def _local(node: Node, bgp: Bgp, peer: BgpPeer) -> str:
    source: IpAddress | None = None
    if peer.update_source is not None:
        source = node.address_of(peer.update_source, peer.address.version)
    return f"local {source} as {bgp.asn};" if source is not None else f"local as {bgp.asn};"


def _distance(bgp: Bgp, peer: BgpPeer) -> list[str]:
    if peer.peer_asn == bgp.asn:
        return ["multihop;"]
    return ["direct;"] if peer.ebgp_multihop is None else [f"multihop {peer.ebgp_multihop};"]


def _timers(peer: BgpPeer, *, lab: bool) -> list[str]:
    keepalive, hold = peer.keepalive_s, peer.hold_time_s
    if keepalive is None and hold is None and lab:
        keepalive, hold = KEEPALIVE_S, HOLD_TIME_S
    elif keepalive is not None and hold is None:
        hold = max(HOLD_TIME_S if lab else STANDARD_HOLD_TIME_S, 3 * keepalive)
    elif keepalive is None and hold is not None:
        keepalive = hold // 3
    lines = [f"hold time {hold};"] if hold is not None else []
    lines += [f"keepalive time {keepalive};"] if keepalive else []
    if lab:
        lines += ["connect delay time 1;", "connect retry time 1;", "error wait time 1, 2;"]
    return lines


def _channel(bgp: Bgp, peer: BgpPeer, version: Version) -> Iterator[str]:
    extended = version == 4 and peer.address.version == 6  # IPv4 by IPv6 next hops (RFC 8950)
    yield f"ipv{version} {{"
    yield f"\ttable bgp{version};"
    yield f"\tigp table master{version};"
    if extended:
        yield "\tigp table master6;"
        yield "\textended next hop on;"
    if peer.next_hop_self and peer.peer_asn == bgp.asn:
        yield "\tnext hop self ebgp;"
    yield "\timport all;"
    yield "\texport where source != RTS_BGP || dest != RTD_UNREACHABLE;"
    yield "};"


# OSPF


def _ospf(node: Node, ospf: Ospf, version: Version, *, lab: bool) -> Iterator[Statement]:
    """Yield OSPF of a version, where it has an interface or an address to announce."""
    areas: list[str] = []
    for area in ospf.areas:
        interfaces = [
            line
            for interface, prefix in _spoken(node, ospf, version)
            if _area(node, ospf, interface.name, prefix, version) == area.area
            for line in _interface(node, interface, prefix, version, lab=lab)
        ]
        if interfaces:
            areas += [f"area {area.area} {{", *(f"\t{line}" for line in interfaces), "};"]
    if areas:
        lines = ["debug { states, events };", "tick 1;", f"ipv{version} {{", "\timport all;"]
        lines += [f"\texport {_external(node, ospf, version)};", "};"]
        yield _protocol(f"ospf v{2 if version == 4 else 3}", f"ospf{version}", [*lines, *areas])


def _external(node: Node, ospf: Ospf, version: Version) -> str:
    """Return what is announced besides; OSPFv2 leaves out what runs OSPF itself."""
    sources = [name for source in ospf.redistribute if source != "ospf" for name in SOURCES[source]]
    if not sources:
        return "none"
    spoken = (str(prefix) for _, prefix in _spoken(node, ospf, version) if prefix is not None)
    own = ", ".join(dict.fromkeys(spoken))
    left_out = f"if net ~ [{own}] then reject; " if own else ""
    return (
        f"filter {{ {left_out}if source ~ [{', '.join(sources)}] "
        f"then {{ ospf_metric2 = {_METRIC}; accept; }} reject; }}"
    )


def _spoken(node: Node, ospf: Ospf, version: Version) -> Iterator[tuple[OspfInterface, IpNetwork | None]]:
    """Yield the interfaces that run OSPF: of version 2 each prefix for itself, of version 3 all at once."""
    known = {interface.name: interface for interface in ospf.interfaces}
    for name, own in node.held():
        interface = known.get(name, OspfInterface(name=name))
        prefixes = dict.fromkeys(address.network for address in own if address.version == version)
        covered = [prefix for prefix in prefixes if _covering(ospf.areas, prefix, own) is not None]
        if version == 4:
            yield from ((interface, prefix) for prefix in covered)
        elif covered:
            yield interface, None


def _area(
    node: Node, ospf: Ospf, name: str, prefix: IpNetwork | None, version: Version
) -> IPv4Address | None:
    own = dict(node.held())[name]
    prefixes = [prefix] if prefix is not None else [a.network for a in own if a.version == version]
    found = [area for one in prefixes if (area := _covering(ospf.areas, one, own)) is not None]
    return max(found)[1] if found else None


def _covering(
    areas: Iterable[OspfArea], prefix: IpNetwork, own: Sequence[IpInterface]
) -> tuple[int, IPv4Address] | None:
    """Return the longest prefix of an area that holds an address of the interface's prefix, and that area."""
    found = [
        (network.prefixlen, area.area)
        for area in areas
        for network in area.networks
        if any(a.network == prefix and a.version == network.version and a.ip in network for a in own)
    ]
    return max(found, key=lambda one: one[0]) if found else None


def _interface(
    node: Node, interface: OspfInterface, prefix: IpNetwork | None, version: Version, *, lab: bool
) -> Iterator[str]:
    """Yield an interface of an area; of the loopback its addresses alone, as other routers announce them."""
    if interface.name == "lo":
        own = (a for a in dict(node.held())["lo"] if a.version == version)
        yield from (f"stubnet {a.ip}/{a.max_prefixlen};" for a in own if prefix in (None, a.network))
        return
    pattern = f'"{interface.name}"' + (f" {prefix}" if prefix is not None else "")
    yield f"interface {pattern} {{"
    yield from (f"\t{line};" for line in _interface_lines(interface, lab=lab))
    yield "};"


def _interface_lines(interface: OspfInterface, *, lab: bool) -> Iterator[str]:
    if interface.cost is not None:
        yield f"cost {interface.cost}"
    if interface.passive:
        yield "stub"
        return
    yield "type ptp" if interface.point_to_point else "type broadcast"
    if lab:
        yield from (f"hello {HELLO_S}", f"dead {DEAD_S}", f"retransmit {RETRANSMIT_S}")
        if not interface.point_to_point:
            yield f"wait {WAIT_S}"
