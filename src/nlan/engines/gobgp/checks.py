"""What GoBGP cannot do, reported before anything is touched: a file runs as it was meant, or not at all.

GoBGP speaks BGP, and knows neither the kernel's interfaces nor its routes, nor installs any. What is
written of the whole lab and means nothing to it is a warning: it is meant for the other routers.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

import msgspec

from nlan.model import Node
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report
from nlan.services.router.model import Bgp, BgpPeer, Router, StaticRoute
from nlan.services.vhosts.model import Vhosts

LEAST_HOLD_S = 3
_WIDE = re.compile(r"(defaults\.)?bgp\.(maximum_?paths|redistribute)\b", re.IGNORECASE)
"""Where a file says it of all nodes."""
_NO_PATHS = "installs no paths at all, whatever `maximum_paths` is"
_NO_SOURCE = {"ospf": "runs no OSPF to redistribute", "kernel": "does not see the kernel's routes"}


def check(node: Node, positions: Positions, report: Report) -> None:
    """Record what a router whose engine is GoBGP is asked for in vain."""
    router = node.find(Router)
    if router is None:
        return
    _Check(node, router, positions, report).all()


def spare(node: str, router: Router, positions: Positions, report: Report) -> Router:
    """Return the router without what is written of the whole lab and means nothing to GoBGP; warn of it."""
    if router.bgp is None:
        return router
    bgp, hint = router.bgp, "it is meant for the others"

    def is_wide(*part: Hashable, what: str) -> bool:
        at = positions.find("node", node, "bgp", *part)
        if not _WIDE.match(at.path):
            return False
        report.warning(at, f"{node} runs GoBGP, which {what}", hint)
        return True

    paths, sources = bgp.maximum_paths, bgp.redistribute
    if paths is not None and is_wide("maximum_paths", what=_NO_PATHS):
        paths = None
    vain = {s for s in sources if s in _NO_SOURCE and is_wide("redistribute", s, what=_NO_SOURCE[s])}
    bgp = msgspec.structs.replace(
        bgp, maximum_paths=paths, redistribute=tuple(source for source in sources if source not in vain)
    )
    return msgspec.structs.replace(router, bgp=bgp)


class _Check:
    """One router; problems go into the report."""

    def __init__(self, node: Node, router: Router, positions: Positions, report: Report) -> None:
        self._node, self._router, self._positions, self._report = node, router, positions, report
        engine = self._at("engine")
        spelled = engine.path.rpartition(".")[2]
        original = spelled in ("EmbeddedBgp", "embedded_bgp")
        self._instead = f"leave out `{spelled}`" if original else "say `engine: frr`"

    def _at(self, *part: Hashable) -> Position:
        return self._positions.find("node", self._node.name, *part)

    def all(self) -> None:
        """Go through all that a router can be asked for."""
        self._other_protocols()
        if self._router.bgp is not None:
            self._bgp(self._router.bgp)
            for peer in self._router.bgp.peers:
                for message in self._peer(self._router.bgp, peer):
                    at = self._at("bgp", "peer", peer.address)
                    self._refuse(at, message, self._instead)
        self._routes()
        self._hosts()

    def _refuse(self, at: Position, what: str, hint: str) -> None:
        self._report.error(at, f"{self._node.name} runs GoBGP, which {what}", hint)

    def _other_protocols(self) -> None:
        name, router = self._node.name, self._router
        if router.ospf:
            self._report.error(
                self._at("engine"), f"{name} runs GoBGP, which speaks no OSPF", "leave out one of the two"
            )
        if (raw := router.raw) is not None:
            self._report.error(self._at(raw.key), f"{name} runs GoBGP, not {raw.title}")
        if router.bgp and router.router_id is None and not any(v.version == 4 for v in router.loopbacks):
            self._report.error(
                self._at("engine"), "GoBGP needs a router ID: an IPv4 loopback, or `router_id`"
            )

    def _bgp(self, bgp: Bgp) -> None:
        if bgp.maximum_paths is not None:
            at = self._at("bgp", "maximum_paths")
            self._refuse(at, _NO_PATHS, self._instead)
        for source in bgp.redistribute:
            if source in _NO_SOURCE:
                hint = f"name the prefixes in `networks`, or {self._instead}"
                self._refuse(self._at("bgp", "redistribute", source), _NO_SOURCE[source], hint)

    def _peer(self, bgp: Bgp, peer: BgpPeer) -> Iterator[str]:
        if peer.hold_time_s is not None and peer.hold_time_s < LEAST_HOLD_S:
            held = f"{peer.address} has {peer.hold_time_s} s"
            yield f"holds a session for {LEAST_HOLD_S} s at least, and {held}"
        if peer.keepalive_s == 0:
            yield f"cannot do without keepalives, and {peer.address} has 0 s"
        version = peer.address.version
        if peer.update_source is not None and self._node.address_of(peer.update_source, version) is None:
            yield f"speaks from an address, and {peer.update_source} has no IPv{version} one"
        if peer.address.is_link_local:
            yield f"cannot tell on which segment the link-local {peer.address} is"
        own = {f"ipv{announced}" for announced in self._announced(bgp)}
        for family in peer.families:
            foreign = family != f"ipv{version}"
            reported = peer.peer_asn != bgp.asn or peer.next_hop_self or family in own
            if foreign and reported:
                kind = "IPv4" if family == "ipv4" else "IPv6"
                yield f"cannot be the next hop of {kind} in a session with {peer.address}"

    def _announced(self, bgp: Bgp) -> set[int]:
        """Return the IP versions of what the router announces of its own."""
        prefixes: set[int] = {network.version for network in bgp.networks}
        if "connected" in bgp.redistribute:
            prefixes |= {address.version for _, own in self._node.held() for address in own}
        if "static" in bgp.redistribute:
            prefixes |= {route.prefix.version for route in self._router.routes}
        return prefixes

    def _routes(self) -> None:
        seen = {("0.0.0.0/0" if hop.version == 4 else "::/0") for hop in self._node.gateway}
        for route in self._router.routes:
            at = self._at("route", route.prefix)
            if (why := self._unroutable(route)) is not None:
                self._refuse(at, why, self._instead)
            elif str(route.prefix) in seen:
                self._refuse(at, f"leaves one route to {route.prefix} to the kernel, not two", self._instead)
            seen.add(str(route.prefix))

    def _unroutable(self, route: StaticRoute) -> str | None:
        if route.via is None:
            return f"leaves routes to the kernel by a next hop alone, and {route.prefix} has none"
        if self._node.interface_towards(route.via) is None:
            return f"leaves routes to the kernel, and {route.via} is on no segment of {self._node.name}"
        return None

    def _hosts(self) -> None:
        """Hosts behind a router that learns routes and installs none."""
        routed = {route.prefix.version for route in self._router.routes}
        routed |= {hop.version for hop in self._node.gateway}
        for lan in self._node.get(Vhosts).lans:
            stuck = [gateway for gateway in lan.gateways if gateway.version not in routed]
            if stuck and lan.hosts and self._router.bgp:
                at = self._at("vhosts", lan.gateway)
                what = f"hosts behind {stuck[0].ip} reach no farther than {self._node.name}'s own segments"
                hint = f"give {self._node.name} static `routes`, or {self._instead}"
                message = f"{self._node.name} runs GoBGP, which installs no routes: {what}"
                self._report.warning(at, message, hint)
