"""What routing comes to once a lab has converged, as far as the model tells."""

from __future__ import annotations

from nlan.expect.converged import Expectation, Session
from nlan.expect.segments import Topology
from nlan.model import Node
from nlan.model.codec import IpNetwork
from nlan.services.router.expect import bgp, ospf
from nlan.services.router.expect.hindrances import hindrances
from nlan.services.router.expect.topology import Routed, routed, static_routes
from nlan.services.router.model import Router


def expect(topology: Topology) -> Expectation:
    """Return the sessions, adjacencies and kernel routes of the converged lab."""
    lab = routed(topology)
    by_ospf = {version: ospf.learned(lab, version) for version in (4, 6)}
    igp = {name: by_ospf[4].get(name, frozenset()) | by_ospf[6].get(name, frozenset()) for name in lab.nodes}
    raw = sorted(name for name, node in lab.nodes.items() if _is_raw(node))
    exact = not raw
    by_bgp = bgp.learned(lab, igp)
    known = {name: prefixes | by_bgp.get(name, frozenset()) for name, prefixes in igp.items()}
    routes = {name: prefixes | _static(lab, name) for name, prefixes in known.items()}
    raw_sessions = (Session(*end) for end in lab.raw.sessions())
    sessions = tuple(sorted({*bgp.sessions(lab, igp), *raw_sessions}))
    found = routes if exact else lab.raw.learned()
    return Expectation(
        sessions=sessions,
        adjacencies={
            version: ospf.adjacencies(lab, version) | lab.raw.adjacencies(version) for version in (4, 6)
        },
        others=lab.raw.others({(s.node, s.peer) for s in sessions}),
        routes={name: prefixes for name, prefixes in found.items() if prefixes},
        exact=exact,
        possible={} if exact else _possible(lab),
        raw=tuple(raw),
        hindrances=hindrances(lab, known, sessions),
    )


def _static(lab: Routed, name: str) -> frozenset[IpNetwork]:
    used = (route.prefix for route in static_routes(lab.nodes[name]) if lab.is_used(name, route))
    return frozenset(used) - lab.connected[name]


def _possible(lab: Routed) -> dict[str, frozenset[IpNetwork]]:
    routers = [name for name, node in lab.nodes.items() if node.find(Router) is not None]
    connected = {name: lab.near(name) for name in routers}
    everything = frozenset().union(*connected.values())
    return {name: everything - own for name, own in connected.items()}


def _is_raw(node: Node) -> bool:
    return node.get(Router).raw is not None
