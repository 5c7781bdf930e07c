"""The expectation: sessions, adjacencies and kernel routes of the converged lab."""

from __future__ import annotations

import msgspec

from nlan.engines.base import Engines
from nlan.expect.hindrances import Hindrance, hindrances
from nlan.expect.segments import Topology, static_routes, topology
from nlan.model import Lab, Node
from nlan.model.codec import IpNetwork
from nlan.services.router.expect import bgp, ospf
from nlan.services.router.model import Router


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What holds once the lab has converged.

    Attributes:
        sessions: Both ends of every BGP session.
        adjacencies: By IP version: how many OSPF neighbours come up, by (router, interface).
        others: By ``IS-IS`` and ``BFD``: how many neighbours come up, by (router, interface), 1 by (router,
            address) of BFD.
        routes: Per router the prefixes that its kernel's main table holds besides connected ones.
        exact: False where raw daemon configuration may filter or add: of the routes, those then are listed
            alone that OSPF and IS-IS bring within an area or level, where their lines are raw.
        possible: Where not exact, every router's prefixes at every other: as good as it can get.
        raw: The routers with raw daemon configuration, sorted.
        hindrances: What the file means and cannot come up.
    """

    sessions: tuple[bgp.Session, ...] = ()
    adjacencies: dict[int, dict[tuple[str, str], int]] = {}
    others: dict[str, dict[tuple[str, str], int]] = {}
    routes: dict[str, frozenset[IpNetwork]] = {}
    exact: bool = True
    possible: dict[str, frozenset[IpNetwork]] = {}
    raw: tuple[str, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.sessions
            or self.routes
            or self.possible
            or any((*self.adjacencies.values(), *self.others.values()))
        )


def expectation(lab: Lab, engines: Engines | None = None) -> Expectation:
    """Return what the lab's routing comes to, as far as the model tells.

    Args:
        lab: The lab.
        engines: The routing engines; those that are installed, where none are given.
    """
    known_to_all = topology(lab, engines)
    by_ospf = {version: ospf.learned(known_to_all, version) for version in (4, 6)}
    igp = {
        node.name: by_ospf[4].get(node.name, frozenset()) | by_ospf[6].get(node.name, frozenset())
        for node in lab.nodes
    }
    raw = sorted(node.name for node in lab.nodes if _is_raw(node))
    exact = not raw
    within_areas = known_to_all.raw.learned()
    by_bgp = bgp.learned(known_to_all, igp)
    routes = {
        name: prefixes | by_bgp.get(name, frozenset()) | _static(known_to_all, name)
        for name, prefixes in igp.items()
    }
    raw_sessions = (bgp.Session(*end) for end in known_to_all.raw.sessions())
    sessions = tuple(sorted({*bgp.sessions(known_to_all, igp), *raw_sessions}))
    others = known_to_all.raw.others({(s.node, s.peer) for s in sessions})
    known = {name: prefixes | by_bgp.get(name, frozenset()) for name, prefixes in igp.items()}
    return Expectation(
        sessions=sessions,
        adjacencies={
            version: ospf.adjacencies(known_to_all, version) | known_to_all.raw.adjacencies(version)
            for version in (4, 6)
        },
        others=others,
        routes={name: prefixes for name, prefixes in (routes if exact else within_areas).items() if prefixes},
        exact=exact,
        possible={} if exact else _possible(known_to_all),
        raw=tuple(raw),
        hindrances=hindrances(known_to_all, known, sessions),
    )


def _static(known: Topology, name: str) -> frozenset[IpNetwork]:
    used = (route.prefix for route in static_routes(known.nodes[name]) if known.is_used(name, route))
    return frozenset(used) - known.connected[name]


def _possible(known: Topology) -> dict[str, frozenset[IpNetwork]]:
    routers = [name for name, node in known.nodes.items() if node.find(Router) is not None]
    connected = {name: known.near(name) for name in routers}
    everything = frozenset().union(*connected.values())
    return {name: everything - own for name, own in connected.items()}


def _is_raw(node: Node) -> bool:
    return node.get(Router).raw is not None
