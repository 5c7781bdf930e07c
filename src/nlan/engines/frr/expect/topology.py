"""The lab as raw FRR lines are looked at: with all that FRR is told of the routers near them."""

from __future__ import annotations

import re

import msgspec

from nlan.engines.frr.config.rawfrr import RawFrr
from nlan.engines.frr.expect.configured import addresses, configured
from nlan.engines.frr.model import FrrRaw
from nlan.expect.segments import Topology
from nlan.model.codec import IpNetwork
from nlan.services.router.model import Router

_FILTERS = re.compile(r"\b(ip protocol|ipv6 protocol|distribute-list|prefix-suppression)\b")


class RawTopology(Topology, frozen=True, kw_only=True):
    """The lab's topology.

    Attributes:
        configured: All that FRR is told, of routers with raw lines and of those on a segment with one.
    """

    configured: dict[str, RawFrr]

    def has_raw(self, node: str, word: str) -> bool:
        """Tell whether raw lines of the node have the word."""
        raw = self.nodes[node].get(Router).find(FrrRaw)
        return raw is not None and word in raw.text

    def filters(self, node: str) -> bool:
        """Tell whether raw lines of the node may keep even a route of its own area from the kernel."""
        raw = self.nodes[node].get(Router).find(FrrRaw)
        return raw is not None and bool(_FILTERS.search(raw.text))

    def near(self, node: str) -> frozenset[IpNetwork]:
        """Return what a node is connected to, by addresses that raw lines give it, too."""
        written = self.configured.get(node)
        held = addresses(self.nodes[node], written) if written is not None else ()
        return self.connected[node].union(address.network for _, own in held for address in own)


def raw_topology(topology: Topology) -> RawTopology:
    """Return the topology with what FRR is told."""
    fields = {name: getattr(topology, name) for name in msgspec.structs.asdict(topology)}
    nodes, timers = topology.nodes.values(), topology.timers
    return RawTopology(**fields, configured=configured(nodes, timers, topology.segments))
