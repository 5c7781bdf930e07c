"""OSPF where raw lines speak of it: who becomes adjacent, by what is configured at both ends.

Two ends are said to meet only where all that FRR compares is equal (area and its kind, subnet, timers,
network type, authentication). Where it is not, or where a line may decide that is not known here, nothing
is said: a wrong expectation is waited for in vain.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator
from ipaddress import IPv4Address, ip_network
from typing import Literal, NamedTuple

from nlan.engines.frr.config.rawfrr import RawFrr, RawInstance, RawInterface
from nlan.engines.frr.expect.configured import addresses
from nlan.engines.frr.expect.topology import RawTopology as Topology
from nlan.model.codec import IpInterface, IpNetwork
from nlan.model.segments import Groups, Segment
from nlan.services.router.expect.topology import mtus_differ

_PROTOCOLS: dict[int, tuple[Literal["ospf", "ospf6"], str]] = {
    4: ("ospf", "ip ospf "),
    6: ("ospf6", "ipv6 ospf6 "),
}
_QUIET = re.compile(
    r"(area|cost|priority [1-9]\d*|retransmit-interval|transmit-delay|bfd|prefix-suppression|"
    r"graceful-restart|passive|advertise)\b"
)
"""Of an interface: what need not be equal at both ends, or is looked at otherwise."""
_UNKNOWN = re.compile(r"no (?!passive)|priority 0|network non-broadcast|(?!area ).* \d+(\.\d+){3}$")
"""Of an interface: what may decide whether an adjacency comes, and is not followed here."""
_TIMER = re.compile(r"(hello|dead)-interval (\d+)")
_DEFAULTS = {"hello-interval 10", "dead-interval 40", "network broadcast"}


class _End(NamedTuple):
    """An address on which a router speaks OSPF; `compared` is what both ends must have alike.

    Attributes:
        node: The router.
        interface: The interface.
        prefixes: What it announces.
        hears: Whether neighbours can come: it is on a segment, and not passive.
        segment: The segment; None where it is on none.
        network: The subnet; None of OSPFv3, which has none.
        area: The area.
        compared: What is configured besides.
    """

    node: str
    interface: str
    prefixes: frozenset[IpNetwork]
    hears: bool
    segment: Segment | None
    network: IpNetwork | None
    area: IPv4Address
    compared: frozenset[str]


def adjacencies(topology: Topology, version: int) -> dict[tuple[str, str], int]:
    """Return the neighbours of ends on segments where raw lines speak of OSPF, by (router, interface)."""
    ends, unknown = _all_ends(topology, version)
    return {
        (end.node, end.interface): len(group) - 1
        for group in _adjacent(topology, ends, unknown, version)
        for end in group
    }


def learned(topology: Topology) -> dict[str, frozenset[IpNetwork]]:
    """Return what OSPF of both versions brings within areas, which only few lines keep away.

    Those are of `Topology.filters`.
    """
    found: dict[str, set[IpNetwork]] = defaultdict(set)
    for version in _PROTOCOLS:
        for name, prefixes in _learned(topology, version):
            found[name] |= prefixes
    return {name: frozenset(those - topology.near(name)) for name, those in found.items()}


def _learned(topology: Topology, version: int) -> Iterator[tuple[str, set[IpNetwork]]]:
    ends, unknown = _all_ends(topology, version)
    joined, has_neighbors = Groups(), set()
    for group in _adjacent(topology, ends, unknown, version):
        has_neighbors |= {(end.node, end.area) for end in group}
        for end in group:
            joined.join((group[0].node, end.area), (end.node, end.area))
    announced: dict[object, set[IpNetwork]] = defaultdict(set)
    for end in ends:
        if end.segment is not None or end.interface == "lo":
            announced[joined.root((end.node, end.area))] |= end.prefixes
    for name, area in has_neighbors:
        if not topology.filters(name):
            yield name, announced[joined.root((name, area))]


def _all_ends(topology: Topology, version: int) -> tuple[list[_End], set[Segment]]:
    """Return where routers speak, and the segments of which nothing can be told."""
    found = [
        one for name, given in topology.configured.items() for one in _ends(topology, name, given, version)
    ]
    ends = [one for one in found if isinstance(one, _End)]
    return ends, {one for one in found if not isinstance(one, _End)}


def apart(topology: Topology, version: int) -> dict[Segment, tuple[str, str, str, str]]:
    """Return the segments where a router that hears others becomes adjacent to none of them.

    Each has the router, one that it hears, the cause in words that others share, and in full.
    """
    return {segment: found[0] for segment, found in _apart(topology, version).items()}


def hindered(topology: Topology, version: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield the routers of `apart`, all of each segment."""
    for found in _apart(topology, version).values():
        yield from found


def _apart(topology: Topology, version: int) -> dict[Segment, list[tuple[str, str, str, str]]]:
    ends, unknown = _all_ends(topology, version)
    speakers: dict[Segment, dict[str, list[_End]]] = defaultdict(lambda: defaultdict(list))
    for end in ends:
        if end.hears and end.segment is not None and end.segment not in unknown:
            speakers[end.segment][end.node].append(end)
    spoken = {
        segment: by_name
        for segment, by_name in speakers.items()
        if any(topology.has_raw(name, "ospf") for name in by_name)
    }
    found = {segment: list(_strangers(topology, by_name)) for segment, by_name in spoken.items()}
    return {segment: those for segment, those in found.items() if those}


def _strangers(topology: Topology, speakers: dict[str, list[_End]]) -> Iterator[tuple[str, str, str, str]]:
    for name, own in speakers.items():
        theirs = [end for other, ends in speakers.items() if other != name for end in ends]
        causes = [(end.node, _cause(topology, mine, end)) for mine in own for end in theirs]
        if causes and all(cause is not None for _, cause in causes):
            other, cause = causes[0]
            assert cause is not None
            yield name, other, *cause


def _cause(topology: Topology, own: _End, other: _End) -> tuple[str, str] | None:
    """Return why two ends never become adjacent, as far as that is certain: in general, and in full."""
    if own.area != other.area:
        what = f"{own.interface} of {own.node} is in area {own.area}, {other.interface} of {other.node} in"
        return "the areas differ", f"{what} {other.area}"
    if own.network and other.network and not own.network.overlaps(other.network):
        what = f"{own.node} has {own.network} on {own.interface}, {other.node} has {other.network}"
        return "the subnets differ", f"{what}: another subnet"
    mine, theirs = _timers(own), _timers(other)
    for timer in ("hello", "dead"):
        if mine.get(timer) != theirs.get(timer) and mine.get(timer) and theirs.get(timer):
            what = f"{own.interface} of {own.node} has a {timer} interval of {mine[timer]} s"
            return "the timers differ", f"{what}, {other.interface} of {other.node} one of {theirs[timer]} s"
    sizes = topology.mtus.get(own.segment, {})
    if sizes and not any("mtu" in word for word in own.compared | other.compared):
        (less, few), (more, many) = sorted(
            ((end, sizes[end.node, end.interface]) for end in (own, other)), key=lambda one: one[1]
        )
        if few < many:
            return mtus_differ((less.interface, less.node, few), (more.interface, more.node, many))
    return None


def _timers(end: _End) -> dict[str, str]:
    """Return the seconds of an end's timers as written or by default; of one that is not known nothing."""
    if any("-interval minimal" in word for word in end.compared):
        return {}
    written = {match[1]: match[2] for word in end.compared if (match := _TIMER.fullmatch(word))}
    return {"hello": "10", **({} if "hello" in written else {"dead": "40"}), **written}


def _adjacent(
    topology: Topology, ends: Iterable[_End], unknown: Container[Segment], version: int
) -> Iterator[list[_End]]:
    """Yield the ends that become adjacent to each other."""
    alike: dict[tuple[object, ...], list[_End]] = defaultdict(list)
    for end in ends:
        if end.hears and end.segment not in unknown and end.segment not in topology.mtus:
            alike[end[4:]].append(end)
    yield from (group for group in alike.values() if _meet(topology, group, version))


def _meet(topology: Topology, ends: Collection[_End], version: int) -> bool:
    names = {end.node for end in ends}
    if len(names) < max(2, len(ends)) or not any(topology.has_raw(name, "ospf") for name in names):
        return False
    if len(ends) > 2 and any("network point-to-point" in end.compared for end in ends):
        return False
    protocol, _ = _PROTOCOLS[version]
    routers = (topology.configured[name].instance(protocol) for name in names)
    identifiers = [router.router_id for router in routers if router is not None and router.router_id]
    is_told_apart = len(identifiers) == len(set(identifiers))
    return is_told_apart and topology.is_meshed([(end.node, end.interface) for end in ends])


def _ends(topology: Topology, name: str, given: RawFrr, version: int) -> Iterator[_End | Segment]:
    """Yield where a router sends hellos; a wire alone where that cannot be told."""
    protocol, begins = _PROTOCOLS[version]
    router, node = given.instance(protocol), topology.nodes[name]
    is_one = all(not (one.name or one.vrf) for one in given.instances if one.protocol == protocol)
    has_id = version == 4 or (router is not None and router.router_id is not None)
    for interface, own in addresses(node, given):
        segment, raw = topology.segments.get((name, interface)), given.interfaces.get(interface)
        words = [line.replace(begins, "", 1) for line in raw.lines if begins in line] if raw else []
        if not (is_one and has_id) or any(map(_UNKNOWN.match, words)):
            if segment is not None:
                yield segment
        elif router is not None:
            hears = segment is not None and not _is_passive(interface, raw, router, protocol, words)
            compared = frozenset({word for word in words if not _QUIET.match(word)} - _DEFAULTS)
            for address, area in _placed(interface, raw, router, protocol, own):
                network = address.network if address is not None else None
                announced = own if address is None else (address,)
                prefixes = frozenset(_announced(interface, announced, version, words))
                alike = compared | _kind(router, area)
                yield _End(name, interface, prefixes, hears, segment, network, area, alike)


def _announced(
    interface: str, own: Iterable[IpInterface], version: int, words: Iterable[str]
) -> Iterator[IpNetwork]:
    """Yield the prefixes of these addresses that are announced; of a loopback those are the addresses."""
    if not any(word.startswith("advertise ") for word in words):
        those = (a for a in own if a.version == version and (version == 4 or not a.is_link_local))
        yield from (ip_network(a.ip) if interface == "lo" else a.network for a in those)


def _is_passive(
    interface: str,
    raw: RawInterface | None,
    router: RawInstance,
    protocol: Literal["ospf", "ospf6"],
    words: Iterable[str],
) -> bool:
    if "no passive" in words or interface in router.active:
        return False
    named = interface in router.passive or "default" in router.passive
    return named or (raw is not None and protocol in raw.passive)


def _placed(
    interface: str,
    raw: RawInterface | None,
    router: RawInstance,
    protocol: Literal["ospf", "ospf6"],
    own: Iterable[IpInterface],
) -> Iterator[tuple[IpInterface | None, IPv4Address]]:
    """Yield the addresses with which an interface takes part, each with its area; OSPFv3 needs none."""
    written = raw.areas.get(protocol) if raw is not None else None
    if protocol == "ospf6":
        written = written or dict(router.interfaces).get(interface)
        if written is not None and (area := _area(written)) is not None:
            yield None, area
        return
    if written is not None and router.networks:
        return  # FRR takes but one of the two ways, whichever comes first
    for address in own:
        if address.version == 4 and (interface == "lo" or address.network.prefixlen < 32):
            text = written if written is not None else _covering(router, address.network)
            if text is not None and (area := _area(text)) is not None:
                yield address, area


def _covering(router: RawInstance, network: IpNetwork) -> str | None:
    """Return the area of the longest ``network`` that covers the subnet."""
    found = [
        (prefix.prefixlen, area)
        for prefix, area in router.networks
        if prefix.version == network.version and network.subnet_of(prefix)  # type: ignore[arg-type]
    ]
    return max(found)[1] if found else None


def _area(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(int(text) if text.isdigit() else text)
    except ValueError:
        return None


def _kind(router: RawInstance, area: IPv4Address) -> frozenset[str]:
    """Return what an area is, in words: both ends must agree on stub, NSSA and authentication."""
    found = set()
    for line in (path[0] for path in router.lines if len(path) == 1):
        match = re.match(r"area (\S+) (stub|nssa|authentication.*)", line)
        if match and _area(match[1]) == area:
            found.add(f"area {match[2]}")
    return frozenset(found)
