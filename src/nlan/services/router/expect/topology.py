"""The lab as routing sees it: its topology, static routes, and what is known of raw configuration."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expect.segments import Topology
from nlan.model import Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.services.router.expect.raw import Raw, RawExpectation
from nlan.services.router.model import Router, StaticRoute


class Routed(Topology, frozen=True, kw_only=True):
    """The lab's topology.

    Attributes:
        raw: What is known of raw configuration.
    """

    raw: Raw

    def near(self, node: str) -> frozenset[IpNetwork]:
        """Return what a node is connected to, by addresses that raw lines give it, too."""
        return self.connected[node] | self.raw.networks(node)

    def installs(self, node: str) -> bool:
        """Tell whether the routes that a node's router learns reach its kernel."""
        engine = self.engines.of(self.nodes[node])
        return engine is not None and engine.installs

    def static_hop(self, node: str, address: IpAddress) -> IpAddress | None:
        """Return the next hop of the node's static route to the address; a default route does not count."""
        covering = [
            route
            for route in static_routes(self.nodes[node])
            if route.prefix.version == address.version and address in route.prefix and route.prefix.prefixlen
        ]
        best = max(covering, key=lambda route: route.prefix.prefixlen, default=None)
        return best.via if best is not None and self.is_used(node, best) else None

    def is_used(self, node: str, route: StaticRoute) -> bool:
        """Tell whether the node's next hop of a static route is on one of its segments."""
        if route.via is None:
            return False
        towards = self.nodes[node].interface_towards(route.via)
        return towards is not None and route.interface in (None, towards)


def routed(topology: Topology) -> Routed:
    """Return the topology with what the engines know of raw configuration."""
    fields = {name: getattr(topology, name) for name in topology.__struct_fields__}
    return Routed(**fields, raw=Raw(_raw(topology)))


def _raw(topology: Topology) -> Iterator[RawExpectation]:
    """Yield what the engines know of raw configuration, of those whose routers have any."""
    used = {node.get(Router).engine for node in topology.nodes.values() if node.get(Router).raw}
    for engine in topology.engines:
        if engine.name in used and engine.raw is not None:
            yield engine.raw.expectation(topology)


def described(node: Node) -> Router | None:
    """Return the node's router as far as the model tells; None where raw configuration is all it has."""
    router = node.find(Router)
    return None if router is None or (router.raw is not None and router.raw.is_whole) else router


def static_routes(node: Node) -> tuple[StaticRoute, ...]:
    """Return the node's static routes."""
    router = described(node)
    return router.routes if router is not None else ()


def mtus_differ(small: tuple[str, str, int], large: tuple[str, str, int]) -> tuple[str, str]:
    """Return why two never come to terms whose interface, node and MTU are these: in general, and in full.

    The one with the smaller MTU refuses the other's description of its database (RFC 2328, section 10.6).
    """
    (interface, node, few), (facing, other, many) = small, large
    what = f"{interface} of {node} has an MTU of {few} bytes, {facing} of {other} one of {many}"
    return "the MTUs differ", what
