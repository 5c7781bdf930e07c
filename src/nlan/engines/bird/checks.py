"""What BIRD cannot do of what a file may ask for, reported before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlan.model import Node
from nlan.model.codec import IpNetwork
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report
from nlan.services.router.model import BgpPeer, Router, StaticRoute

KEY_MAX = 80
"""Characters of a key that the kernel takes (TCP_MD5SIG_MAXKEYLEN)."""


def check(node: Node, positions: Positions, report: Report) -> None:
    """Report what a router whose engine is BIRD is asked for in vain."""
    router = node.find(Router)
    if router is not None:
        _Check(node, router, positions, report).all()


class _Check:
    """One router; problems go into the report."""

    def __init__(self, node: Node, router: Router, positions: Positions, report: Report) -> None:
        self._node, self._router, self._positions, self._report = node, router, positions, report

    def _at(self, *part: Any) -> Position:
        return self._positions.find("node", self._node.name, *part)

    def _refuse(self, at: Position, what: str) -> None:
        self._report.error(at, f"{self._node.name} runs BIRD, which {what}", "write `engine: frr`")

    def all(self) -> None:
        """Go through all that a router can be asked for."""
        if (raw := self._router.raw) is not None:
            self._report.error(self._at(raw.key), f"{self._node.name} runs BIRD, not {raw.title}")
        if self._router.bgp is not None:
            for peer in self._router.bgp.peers:
                for message in self._peer(peer):
                    self._refuse(self._at("bgp", "peer", peer.address), message)
        self._routes()

    def _peer(self, peer: BgpPeer) -> Iterator[str]:
        address, version = peer.address, peer.address.version
        if peer.keepalive_s == 0 and peer.hold_time_s != 0:
            yield f"cannot do without keepalives, and {address} has 0 s"
        if address.is_link_local:
            yield f"cannot tell on which segment the link-local {address} is"
        if peer.update_source is not None and self._node.address_of(peer.update_source, version) is None:
            yield f"speaks from an address, and {peer.update_source} has no IPv{version} one"
        if peer.password is not None and not _is_key(peer.password.reveal()):
            yield f"takes no quotation marks in a password, and no more than {KEY_MAX} characters: {address}"

    def _routes(self) -> None:
        """BIRD has one route to a prefix: several next hops of it are on segments of the router."""
        by_prefix: dict[IpNetwork, list[StaticRoute]] = {}
        for route in self._router.routes:
            by_prefix.setdefault(route.prefix, []).append(route)
        for prefix, routes in by_prefix.items():
            if len(routes) > 1 and any(map(self._stands_alone, routes)):
                at = self._at("route", prefix)
                self._refuse(at, f"shares {prefix} among next hops on its own segments alone")

    def _stands_alone(self, route: StaticRoute) -> bool:
        if route.blackhole:
            return True
        is_far = route.via is not None and self._node.interface_towards(route.via) is None
        return is_far and route.interface is None


def _is_key(text: str) -> bool:
    return text.isprintable() and '"' not in text and len(text.encode()) <= KEY_MAX
