"""What raw configuration of routers comes to, as those tell who know its language: the routing engines.

Where they cannot tell for certain, they say nothing: a wrong expectation is waited for in vain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Protocol

from nlan.model.codec import IpAddress, IpNetwork
from nlan.model.segments import Segment

Ends = Mapping[tuple[str, str], int]
"""How many neighbours come up, by router and interface (or the peer's address)."""
Apart = tuple[str, str, str, str]
"""A router, one that it hears, why they never become adjacent in words that others share, and in full."""


class RawExpectation(Protocol):
    """What the raw configuration of a lab's routers comes to, together with what is derived for them."""

    def speaks(self, node: str, protocol: str) -> bool:
        """Tell whether a node's raw lines may speak of a protocol (``bgp``, ``ospf``)."""

    def decides(self, node: str, peer: IpAddress) -> bool:
        """Tell whether a node's raw lines say of a BGP peer what decides if its session comes up."""

    def networks(self, node: str) -> frozenset[IpNetwork]:
        """Return what a node is connected to by all its addresses, those of raw lines included."""

    def sessions(self) -> Iterable[tuple[str, str, str]]:
        """Return the BGP sessions that come up where raw lines speak of BGP, one end at a time.

        Each is the speaker, the peer as its daemon calls it, and the peer's node.
        """

    def adjacencies(self, version: int) -> Ends:
        """Return the OSPF neighbours on segments where raw lines speak of OSPF, of an IP version."""

    def apart(self, version: int) -> Mapping[Segment, Apart]:
        """Return the segments where a router that hears others becomes adjacent to none of them."""

    def hindered(self, version: int) -> Iterable[Apart]:
        """Return the routers of `apart`, all of each segment."""

    def others(self, sessions: Container[tuple[str, str]]) -> Mapping[str, Ends]:
        """Return the neighbours of other protocols by their names.

        Args:
            sessions: BGP's that come up: speaker and peer's address.
        """

    def learned(self) -> Mapping[str, frozenset[IpNetwork]]:
        """Return what each router learns within areas and levels, which only few lines keep away."""


class Raw:
    """What all engines tell of raw configuration."""

    def __init__(self, parts: Iterable[RawExpectation] = ()) -> None:
        """Take what each tells; nothing of a lab without raw configuration."""
        self._parts = tuple(parts)

    def speaks(self, node: str, protocol: str) -> bool:
        """Tell whether a node's raw lines may speak of a protocol."""
        return any(part.speaks(node, protocol) for part in self._parts)

    def decides(self, node: str, peer: IpAddress) -> bool:
        """Tell whether raw lines decide if a session comes up."""
        return any(part.decides(node, peer) for part in self._parts)

    def networks(self, node: str) -> frozenset[IpNetwork]:
        """Return what raw lines connect a node to, and more that it is connected to anyway."""
        return frozenset[IpNetwork]().union(*(part.networks(node) for part in self._parts))

    def sessions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the BGP sessions."""
        for part in self._parts:
            yield from part.sessions()

    def adjacencies(self, version: int) -> dict[tuple[str, str], int]:
        """Return the OSPF neighbours."""
        return {end: count for part in self._parts for end, count in part.adjacencies(version).items()}

    def apart(self, version: int) -> dict[Segment, Apart]:
        """Return the segments where some become adjacent to none."""
        return {segment: apart for part in self._parts for segment, apart in part.apart(version).items()}

    def hindered(self, version: int) -> Iterator[Apart]:
        """Yield the routers of `apart`."""
        for part in self._parts:
            yield from part.hindered(version)

    def others(self, sessions: Container[tuple[str, str]]) -> dict[str, dict[tuple[str, str], int]]:
        """Return the neighbours of other protocols, of those that have any."""
        found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        for part in self._parts:
            for protocol, ends in part.others(sessions).items():
                if ends:
                    found[protocol].update(ends)
        return dict(found)

    def learned(self) -> dict[str, frozenset[IpNetwork]]:
        """Return what each router learns."""
        found: dict[str, frozenset[IpNetwork]] = defaultdict(frozenset)
        for part in self._parts:
            for name, prefixes in part.learned().items():
                found[name] |= prefixes
        return dict(found)
