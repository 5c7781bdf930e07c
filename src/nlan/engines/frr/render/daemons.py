"""FRR: a router of the model to the daemons that speak for it, each with its configuration.

Lines are spelled as FRR's own ``show running-config`` prints them, so that what is wanted and
what runs compare equal. Which timers a lab gets, and why:

* BGP: ``coalesce-time 0`` sends updates as they come (FRR gathers for a second); keepalives every
  3 s, hold time 9 s; a refused connection is tried again after 1 s.
* OSPF: no delay before the first SPF run and between LSAs, a lost exchange is repeated after 1 s,
  hellos every 3 s and a neighbour is dead after 9 s, as BGP's timers.

``timers: standard`` leaves all of this at FRR's defaults. Both kinds exchange routes with external
peers without a policy (against RFC 8212), since the model has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from ipaddress import IPv4Address
from typing import Literal

from nlan.engines._routers import DEAD_S, HELLO_S, HOLD_TIME_S, KEEPALIVE_S, router_id
from nlan.engines.frr.capabilities import ABLE, Capabilities
from nlan.engines.frr.config.facts import facts
from nlan.engines.frr.config.read import read
from nlan.engines.frr.config.tree import Path, lines, overridden, paths
from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.render import frr8
from nlan.engines.frr.render import raw as frrtext
from nlan.engines.frr.resource import FrrDaemon
from nlan.model import Node
from nlan.model.codec import IpInterface
from nlan.resources import Key
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface, Router, StaticRoute

Timers = Literal["lab", "standard"]

CONNECT_RETRY_S = 1
POLICY_AT_ONCE = "bgp route-map delay-timer 0"
"""A changed route-map counts at once; FRR would wait for 5 s."""
MAXIMUM_TTL = 255
_ASKS_FOR_BFD = re.compile(r" *(neighbor \S+|ip ospf|ipv6 ospf6|isis|ip rip|ip pim|(ip|ipv6) route .*) bfd\b")
"""Lines of other daemons that nothing comes of where bfdd does not run."""


def frr_daemons(
    node: Node,
    timers: Timers,
    after: Sequence[Key] = (),
    capabilities: Capabilities = ABLE,
    *,
    same_as: Sequence[IpInterface] = (),
) -> tuple[FrrDaemon, ...]:
    """Return the FRR daemons of `node`, zebra first, each with its whole configuration.

    Args:
        node: One whose router's engine is FRR.
        timers: ``lab`` converges fast; ``standard`` keeps FRR's defaults.
        after: What should exist before a daemon starts.
        capabilities: What this machine's FRR can do.
        same_as: For an FRR without: the loopbacks of the other routers of the node's AS. See
            `nlan.engines.frr.render.frr8`.
    """
    router = node.find(Router)
    if router is None:
        return ()
    manager = capabilities.manager
    config = derived_configs(node, router, timers, manager=manager)
    written = _written(router, config, capabilities)
    for daemon, own in written.items():
        config[daemon] = list(lines(overridden(paths(config.get(daemon, ())), own)))
    if written and any(_ASKS_FOR_BFD.match(line) for own in config.values() for line in own):
        config.setdefault("bfdd", [])
    if not manager and "bgpd" in config:
        config["bgpd"] = list(frr8.announce_same_as(config["bgpd"], router, same_as))
    return tuple(
        FrrDaemon(
            namespace=node.name,
            daemon=daemon,
            config=tuple(text),
            after=tuple(after),
            written=tuple(written[daemon].items()) if daemon in written else None,
        )
        for daemon, text in config.items()
    )


def _written(
    router: Router, derived: Mapping[str, Sequence[str]], capabilities: Capabilities
) -> dict[str, dict[Path, int]]:
    """Return the raw lines per daemon; those for one that is not installed only where it is named."""
    raw = router.find(FrrRaw)
    if raw is None:
        return {}
    running = {daemon: list(paths(own)) for daemon, own in derived.items()}
    split = frrtext.split(raw.text, running, manager=capabilities.manager)
    absent = capabilities.absent.difference(raw.daemons)
    return {daemon: own for daemon, own in split.items() if daemon.partition("-")[0] not in absent}


def left_out(node: Node, absent: Set[str]) -> dict[str, int]:
    """Return the daemons that raw lines need and that are not installed, each with its first line."""
    raw = node.get(Router).find(FrrRaw)
    if raw is None or not absent:
        return {}
    found: dict[str, int] = {}
    for line in read(raw.text):
        if len(line.owners) == 1 and (line.owners & absent).difference(raw.daemons):
            found.setdefault(next(iter(line.owners)), line.number)
    return found


def derived_configs(
    node: Node, router: Router, timers: Timers, *, manager: bool = True
) -> dict[str, list[str]]:
    """Return what is derived from the model, per daemon; those that run without any line included.

    staticd is one of them: an ``ip route`` that somebody types goes nowhere without it.
    """
    always = ("zebra", "mgmtd", "staticd") if manager else ("zebra", "staticd")
    config: dict[str, list[str]] = {daemon: [] for daemon in always}
    raw = router.find(FrrRaw)
    if raw is None or not raw.only:
        _derive(config, node, router, timers)
    if raw is not None:
        if timers == "lab" and not raw.only and "bgpd" in config:
            config["bgpd"].insert(0, POLICY_AT_ONCE)
        for daemon in raw.daemons:
            config.setdefault(daemon, [])
    return config


def _derive(config: dict[str, list[str]], node: Node, router: Router, timers: Timers) -> None:
    lab = timers == "lab"
    if router.bgp is not None:
        config["bgpd"] = list(bgp_lines(router.bgp, router_id(node), lab=lab, ospf=ospf_versions(router)))
    if router.ospf is not None:
        versions = router.ospf.versions
        if 4 in versions:
            config["ospfd"] = list(ospf_lines(router.ospf, node, lab=lab))
        if 6 in versions:
            config["ospf6d"] = list(ospf6_lines(router.ospf, node, lab=lab))
    if router.routes:
        config["staticd"] = [static_line(route) for route in router.routes]


def ospf_versions(router: Router) -> frozenset[int]:
    """Return the IP versions that the router runs OSPF for, by derived lines or by raw ones."""
    found = router.ospf.versions if router.ospf is not None else frozenset[int]()
    if (raw := router.find(FrrRaw)) is None:
        return found
    versions = {"ospfd": 4, "ospf6d": 6}
    spoken = {*raw.daemons, *facts(raw.text).daemons}
    return found | {version for daemon, version in versions.items() if daemon in spoken}


def bgp_lines(
    bgp: Bgp, identifier: IPv4Address, *, lab: bool, ospf: Set[int] = frozenset((4, 6))
) -> Iterator[str]:
    """Yield ``router bgp`` and all that is in it.

    Args:
        bgp: What the router speaks.
        identifier: Its router ID.
        lab: Whether it gets a lab's timers.
        ospf: The IP versions that the router runs OSPF for: OSPFv2 is ``ospf`` to BGP, OSPFv3 is
            ``ospf6``, and there is nothing to redistribute of one that does not run.
    """
    yield f"router bgp {bgp.asn}"
    yield f" bgp router-id {identifier}"
    yield " bgp log-neighbor-changes"
    yield " no bgp ebgp-requires-policy"
    if lab:
        yield " coalesce-time 0"
    yield " no bgp network import-check"
    if lab:
        yield f" timers bgp {KEEPALIVE_S} {HOLD_TIME_S}"
    for peer in bgp.peers:
        yield from (f" neighbor {peer.address} {line}" for line in peer_lines(peer, bgp.asn, lab=lab))
    yield from _family(bgp, 4, ospf)
    yield from _family(bgp, 6, ospf)


def peer_lines(peer: BgpPeer, asn: int, *, lab: bool) -> Iterator[str]:
    """Yield what follows ``neighbor ADDRESS`` outside of the address families."""
    yield f"remote-as {peer.peer_asn}"
    if peer.description:
        yield f"description {peer.description}"
    if peer.password is not None:
        yield f"password {peer.password.reveal()}"
    if peer.ebgp_multihop is not None and peer.peer_asn != asn:
        hops = peer.ebgp_multihop
        yield "ebgp-multihop" if hops == MAXIMUM_TTL else f"ebgp-multihop {hops}"
    if (own := _peer_timers(peer, lab=lab)) is not None:
        yield own
    if lab:
        yield f"timers connect {CONNECT_RETRY_S}"
    if peer.address.version == 6 and "ipv4" in peer.families:
        yield "capability extended-nexthop"  # IPv4 by IPv6 next hops (RFC 8950)
    if peer.update_source is not None:
        yield f"update-source {peer.update_source}"


def _peer_timers(peer: BgpPeer, *, lab: bool) -> str | None:
    if peer.keepalive_s is None and peer.hold_time_s is None:
        return None
    default = HOLD_TIME_S if lab else 180
    hold = peer.hold_time_s if peer.hold_time_s is not None else max(default, 3 * (peer.keepalive_s or 0))
    keepalive = peer.keepalive_s if peer.keepalive_s is not None else hold // 3
    return f"timers {keepalive} {hold}"


def _family(bgp: Bgp, version: Literal[4, 6], ospf: Set[int]) -> Iterator[str]:
    """Yield one address family's section, nothing where it would be empty."""
    lines = [f"network {network}" for network in bgp.networks if network.version == version]
    name: Literal["ipv4", "ipv6"] = "ipv4" if version == 4 else "ipv6"
    used = any(name in peer.families for peer in bgp.peers) or (version == 4 and not bgp.peers)
    if used:
        lines += [f"redistribute {source}" for source in _sources(bgp, version, ospf)]
    for peer in bgp.peers:
        lines += [_of_peer(peer, words) for words in _family_words(peer, name)]
    if used and bgp.maximum_paths is not None:
        lines += [f"maximum-paths {bgp.maximum_paths}", f"maximum-paths ibgp {bgp.maximum_paths}"]
    if lines:
        yield f" address-family {name} unicast"
        yield from (f"  {line}" for line in lines)


def _sources(bgp: Bgp, version: Literal[4, 6], ospf: Set[int]) -> Iterator[str]:
    """Yield what is redistributed into a family, by the names that bgpd has for it there."""
    for source in bgp.redistribute:
        if source != "ospf":
            yield source
        elif version in ospf:
            yield "ospf" if version == 4 else "ospf6"


def _of_peer(peer: BgpPeer, words: str) -> str:
    negated = words.startswith("no ")
    return f"{'no ' if negated else ''}neighbor {peer.address} {words.removeprefix('no ')}"


def _family_words(peer: BgpPeer, family: Literal["ipv4", "ipv6"]) -> Iterator[str]:
    """Yield a peer's lines in one family; FRR takes part in IPv4 unless told not to."""
    if family not in peer.families:
        if family == "ipv4":
            yield "no activate"
        return
    if family == "ipv6":
        yield "activate"
    if peer.route_reflector_client:
        yield "route-reflector-client"
    if peer.next_hop_self:
        yield "next-hop-self"


def ospf_lines(ospf: Ospf, node: Node, *, lab: bool) -> Iterator[str]:
    """Yield OSPF version 2: the interfaces' lines, then ``router ospf``."""
    for interface in _spoken(ospf, node, 4):
        lines = list(_ospf_interface(interface, lab=lab))
        if lines:
            yield f"interface {interface.name}"
            yield from (f" ip ospf {line}" for line in lines)
    yield "router ospf"
    yield f" ospf router-id {router_id(node)}"
    yield " log-adjacency-changes"
    yield from (f" redistribute {source}" for source in ospf.redistribute)
    if lab:
        yield " timers throttle spf 0 50 500"
        yield " timers throttle lsa all 0"
        yield " timers lsa min-arrival 0"
    for area in ospf.areas:
        yield from (f" network {n} area {area.area}" for n in area.networks if n.version == 4)


def _ospf_interface(interface: OspfInterface, *, lab: bool) -> Iterator[str]:
    if interface.point_to_point:
        yield "network point-to-point"
    if interface.cost is not None:
        yield f"cost {interface.cost}"
    if lab and not interface.passive:
        yield from (f"hello-interval {HELLO_S}", f"dead-interval {DEAD_S}", "retransmit-interval 1")
    if interface.passive:
        yield "passive"


def ospf6_lines(ospf: Ospf, node: Node, *, lab: bool) -> Iterator[str]:
    """Yield OSPF version 3, whose areas are named on the interfaces."""
    for interface in _spoken(ospf, node, 6):
        yield f"interface {interface.name}"
        yield f" ipv6 ospf6 area {_area_of(ospf, node, interface.name)}"
        yield from (f" ipv6 ospf6 {line}" for line in _ospf_interface(interface, lab=lab))
    yield "router ospf6"
    yield f" ospf6 router-id {router_id(node)}"
    yield " log-adjacency-changes"
    if lab:
        yield " timers throttle spf 0 50 500"
        yield " timers lsa min-arrival 0"
    yield from (f" redistribute {source}" for source in ospf.redistribute)


def _spoken(ospf: Ospf, node: Node, version: Literal[4, 6]) -> Iterator[OspfInterface]:
    """Yield the interfaces that a prefix of that version covers, loopback excepted for version 2."""
    known = {interface.name: interface for interface in ospf.interfaces}
    for name, own in node.held():
        if (name == "lo" and version == 4) or _covering(ospf.areas, own, version) is None:
            continue
        passive = OspfInterface(name=name, passive=True)
        yield passive if name == "lo" else known.get(name, OspfInterface(name=name))


def _area_of(ospf: Ospf, node: Node, name: str) -> IPv4Address:
    own = dict(node.held())[name]
    area = _covering(ospf.areas, own, 6)
    assert area is not None
    return area.area


def _covering(areas: Iterable[OspfArea], own: Sequence[IpInterface], version: int) -> OspfArea | None:
    """Return the area of the longest prefix that covers an address, as OSPFv2 of FRR chooses itself."""
    found = [
        (network.prefixlen, area)
        for area in areas
        for network in area.networks
        if network.version == version and any(a.version == version and a.ip in network for a in own)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def static_line(route: StaticRoute) -> str:
    """Return one static route as staticd prints it."""
    words = ["ip" if route.prefix.version == 4 else "ipv6", "route", str(route.prefix)]
    if route.via is not None:
        words.append(str(route.via))
    if route.interface is not None:
        words.append(route.interface)
    if route.blackhole:
        words.append("blackhole")
    return " ".join(words)
