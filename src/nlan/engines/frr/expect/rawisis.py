"""IS-IS (ISO 10589), which raw lines alone speak: who becomes adjacent, and which IPv4 prefixes that brings.

As of OSPF (`nlan.engines.frr.expect.rawospf`), only ends that are configured alike are said to meet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from nlan.engines.frr.config.rawfrr import RawFrr, RawInstance, RawInterface
from nlan.engines.frr.expect.configured import addresses
from nlan.engines.frr.expect.topology import RawTopology as Topology
from nlan.model.codec import IpInterface, IpNetwork
from nlan.model.segments import Groups, Segment

_QUIET = re.compile(
    r"isis (circuit-type|metric|hello-interval|hello-multiplier|hello padding|csnp-interval|psnp-interval|"
    r"priority|passive|bfd|fast-reroute)\b"
)
"""Of an interface: what need not be equal at both ends, or is looked at otherwise."""
_OF_ALL = re.compile(r"(area-password|domain-password|metric-style)\b")
"""Of an instance: what has to be equal at both ends for routes to come."""
_UNKNOWN = re.compile(r"set-overload-bit|advertise-passive-only|topology|multi-topology")
"""Of an instance: what decides on routes or adjacencies, and is not followed here."""
_SELECTOR, _SYSTEM = 2, 12
"""Digits at the end of a NET."""


class _Net(NamedTuple):
    """A network entity title, taken apart."""

    area: str
    system: str


class _End(NamedTuple):
    """An interface on which a router speaks at one level.

    Attributes:
        node: The router.
        interface: The interface.
        system: The router's system identifier.
        prefix: What it announces; None without IPv4.
        hears: Whether neighbours can come.
        segment: The segment; None where it is on none.
        level: 1 or 2.
        area: The area; empty at level 2, where it does not count.
        network: The subnet; None without IPv4.
        compared: What is configured besides.
    """

    node: str
    interface: str
    system: str
    prefix: IpNetwork | None
    hears: bool
    segment: Segment | None
    level: int
    area: str
    network: IpNetwork | None
    compared: frozenset[str]


class Expected(NamedTuple):
    """What IS-IS comes to: neighbours by (router, interface), prefixes by router."""

    adjacencies: dict[tuple[str, str], int]
    routes: dict[str, frozenset[IpNetwork]]


def expected(topology: Topology) -> Expected:
    """Return the neighbours and prefixes, as far as the lines tell."""
    ends = [end for name, written in topology.configured.items() for end in _ends(topology, name, written)]
    groups = _adjacent(topology, ends)
    neighbors: dict[tuple[str, str], set[str]] = defaultdict(set)
    for group in groups:
        for end in group:
            neighbors[end.node, end.interface] |= {other.node for other in group} - {end.node}
    return Expected({end: len(names) for end, names in neighbors.items()}, _learned(topology, ends, groups))


def _learned(
    topology: Topology, ends: Iterable[_End], groups: Iterable[list[_End]]
) -> dict[str, frozenset[IpNetwork]]:
    joined, has_neighbors = Groups(), set()
    for group in groups:
        has_neighbors |= {(end.node, end.level) for end in group}
        for end in group:
            joined.join((group[0].node, end.level), (end.node, end.level))
    announced: dict[object, set[IpNetwork]] = defaultdict(set)
    for end in ends:
        if end.prefix is not None and (end.segment is not None or end.interface == "lo"):
            announced[joined.root((end.node, end.level))].add(end.prefix)
    found: dict[str, set[IpNetwork]] = defaultdict(set)
    for name, level in has_neighbors:
        if not topology.filters(name):
            found[name] |= announced[joined.root((name, level))]
    return {name: frozenset(those - topology.near(name)) for name, those in found.items()}


def _adjacent(topology: Topology, ends: Iterable[_End]) -> list[list[_End]]:
    """Return the ends that become adjacent to each other, level by level."""
    alike: dict[tuple[object, ...], list[_End]] = defaultdict(list)
    for end in ends:
        if end.hears:
            alike[end[5:]].append(end)
    return [group for group in alike.values() if _meet(topology, group)]


def _meet(topology: Topology, ends: Collection[_End]) -> bool:
    if len(ends) < 2 or len({end.system for end in ends}) < len(ends):
        return False
    if len(ends) > 2 and any("isis network point-to-point" in end.compared for end in ends):
        return False
    return topology.is_meshed([(end.node, end.interface) for end in ends])


def _ends(topology: Topology, name: str, written: RawFrr) -> Iterator[_End]:
    routers = [one for one in written.instances if one.protocol == "isis"]
    if len(routers) != 1 or (net := _net(routers[0])) is None:
        return
    router = routers[0]
    shared = frozenset(path[0] for path in router.lines if _OF_ALL.match(path[0]))
    for interface, own in addresses(topology.nodes[name], written):
        raw = written.interfaces.get(interface)
        if raw is None or raw.tags.get("isis") != router.name or any("no isis" in line for line in raw.lines):
            continue
        segment = topology.segments.get((name, interface))
        hears = segment is not None and "isis" not in raw.passive
        words = {line for line in raw.lines if line.startswith("isis ") and not _QUIET.match(line)}
        for level in _levels(router, raw):
            area = net.area if level == 1 else ""
            for address in _placed(raw, own):
                network = address.network if address is not None else None
                alike = shared | words | {f"IPv{version}" for version in raw.versions.get("isis", ())}
                yield _End(
                    name,
                    interface,
                    net.system,
                    network,
                    hears,
                    segment,
                    level,
                    area,
                    network,
                    frozenset(alike),
                )


def _net(router: RawInstance) -> _Net | None:
    """Return the router's only NET; None where it has another number, or its lines tell too little."""
    if router.vrf or len(router.nets) != 1 or any(_UNKNOWN.match(path[0]) for path in router.lines):
        return None
    digits = router.nets[0].replace(".", "")
    return _Net(digits[: -_SYSTEM - _SELECTOR], digits[-_SYSTEM - _SELECTOR : -_SELECTOR])


def _levels(router: RawInstance, raw: RawInterface) -> frozenset[int]:
    """Return the levels at which a router speaks on an interface; without a word that is both."""
    circuit = next((line.split()[-1] for line in raw.lines if line.startswith("isis circuit-type ")), "")
    one, other = (
        frozenset(level for level in (1, 2) if not word or str(level) in word)
        for word in (router.level, circuit)
    )
    return one & other


def _placed(raw: RawInterface, own: Iterable[IpInterface]) -> Iterator[IpInterface | None]:
    """Yield the IPv4 addresses with which an interface takes part, or None where it speaks IPv6 alone."""
    if 4 not in raw.versions.get("isis", ()):
        yield None
    else:
        yield from (address for address in own if address.version == 4)
