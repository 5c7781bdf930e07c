"""BIRD as a routing engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nlan.engines._without_raw import WithoutRaw
from nlan.engines.base import LogEvent, Watches
from nlan.engines.bird.directories import RUN
from nlan.engines.bird.programs import DAEMON, BirdPrograms
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.engines.bird.driver import BirdDriver
    from nlan.model import Lab, Node
    from nlan.model.codec import IpNetwork
    from nlan.resources import Key, Resource
    from nlan.runtimes.base import Nodes
    from nlan.schema.resolving.drafts import Positions
    from nlan.schema.syntax.report import Report
    from nlan.schema.written.sections import Contribution


class BirdEngine(WithoutRaw):
    """Speaks BGP and OSPF, holds static routes, and gives the kernel what comes of them."""

    name = "bird"
    title = "BIRD"
    kinds = ("bird",)
    traces = "bird"
    installs = True
    opens_sessions = True
    watches = Watches(frozenset({DAEMON}), logs="")
    directories = (RUN,)
    programs = BirdPrograms()

    def contribution(self) -> Contribution:
        """Return no keys, and where its page is."""
        from nlan.schema.written import sections

        return sections.Contribution({}, pages={"BIRD instead of FRR": "services/bird.md"})

    def resources(
        self, node: Node, lab: Lab, after: tuple[Key, ...], capabilities: None = None
    ) -> Iterator[Resource]:
        """Yield the node's daemon."""
        from nlan.engines.bird.render import daemon

        router = node.find(Router)
        if router is not None:
            yield daemon(node, router, lab.timers, after)

    def announces(self, node: Node) -> frozenset[IpNetwork]:
        """Return what the file names, and the node's own segments where they are redistributed."""
        bgp = node.get(Router).bgp
        if bgp is None:
            return frozenset()
        own = (address.network for _, addresses in node.held() for address in addresses)
        return frozenset((*bgp.networks, *(own if "connected" in bgp.redistribute else ())))

    def spare(self, node: str, router: Router, positions: Positions, report: Report) -> Router:
        """Return the router: BIRD can do all that the whole lab is told."""
        return router

    def check(self, node: Node, positions: Positions, report: Report) -> None:
        """Report what BIRD is asked for in vain."""
        if node.find(Router) is not None and node.get(Router).engine == self.name:
            from nlan.engines.bird.checks import check

            check(node, positions, report)

    def parse_log(self, line: str) -> LogEvent | None:
        """Return what a line of the log tells."""
        from nlan.engines.bird.log import parse_log

        return parse_log(line)

    def driver(self, nodes: Nodes) -> BirdDriver:
        """Return the driver of BIRD in that place."""
        from nlan.engines.bird.driver import BirdDriver

        return BirdDriver(nodes)


ENGINE = BirdEngine()
