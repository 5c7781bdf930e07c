"""What raw FRR lines come to: the answers of `nlan.services.router.expect.raw.RawExpectation`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping

from nlan.engines.frr.config.impact import QUIET_OF_PEER
from nlan.engines.frr.expect import rawbfd, rawbgp, rawisis, rawospf
from nlan.engines.frr.expect.topology import raw_topology
from nlan.engines.frr.model import FrrRaw
from nlan.expect.segments import Topology
from nlan.model.codec import IpAddress, IpNetwork
from nlan.model.segments import Segment
from nlan.services.router.expect.raw import Apart, Ends
from nlan.services.router.model import Router


class FrrExpectation:
    """Of a lab in which some routers have raw FRR lines."""

    def __init__(self, topology: Topology) -> None:
        """Read the lines."""
        self._topology = raw_topology(topology)
        self._isis = rawisis.expected(self._topology)

    def speaks(self, node: str, protocol: str) -> bool:
        """Tell whether the protocol's name is in the lines."""
        return self._topology.has_raw(node, protocol)

    def decides(self, node: str, peer: IpAddress) -> bool:
        """Tell whether a line of the peer is one that its session may not survive (``shutdown``)."""
        raw = self._topology.nodes[node].get(Router).find(FrrRaw)
        written = re.findall(rf"\bneighbor {re.escape(str(peer))} (.*)", raw.text) if raw is not None else ()
        return not all(map(QUIET_OF_PEER.match, written))

    def networks(self, node: str) -> frozenset[IpNetwork]:
        """Return the networks of all addresses."""
        return self._topology.near(node)

    def sessions(self) -> Iterator[tuple[str, str, str]]:
        """Yield the BGP sessions of neighbours on one segment."""
        return rawbgp.sessions(self._topology)

    def adjacencies(self, version: int) -> Ends:
        """Return the OSPF neighbours."""
        return rawospf.adjacencies(self._topology, version)

    def apart(self, version: int) -> Mapping[Segment, Apart]:
        """Return the segments where OSPF speakers do not meet."""
        return rawospf.apart(self._topology, version)

    def hindered(self, version: int) -> Iterator[Apart]:
        """Yield the routers that do not meet."""
        return rawospf.hindered(self._topology, version)

    def others(self, sessions: Container[tuple[str, str]]) -> dict[str, Ends]:
        """Return the neighbours of IS-IS and BFD."""
        return {"IS-IS": self._isis.adjacencies, "BFD": rawbfd.expected(self._topology, sessions)}

    def learned(self) -> dict[str, frozenset[IpNetwork]]:
        """Return what OSPF brings within areas, and IS-IS within levels."""
        found: dict[str, frozenset[IpNetwork]] = defaultdict(frozenset)
        for routes in (rawospf.learned(self._topology), self._isis.routes):
            for name, prefixes in routes.items():
                found[name] |= prefixes
        return found
