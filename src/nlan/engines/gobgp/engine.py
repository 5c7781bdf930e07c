"""GoBGP as a routing engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from nlan.engines._without_raw import WithoutRaw
from nlan.engines.base import LogEvent, Program, Watches, tool
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.engines.gobgp.driver import GobgpDriver
    from nlan.model import Lab, Node
    from nlan.model.codec import IpNetwork
    from nlan.resources import Key, Resource
    from nlan.runtimes.base import Nodes
    from nlan.schema.resolving.drafts import Positions
    from nlan.schema.syntax.report import Report, Written
    from nlan.schema.written.sections import Contribution, Record

DAEMON = "gobgpd"


class GobgpPrograms:
    """The daemon and its tool."""

    def capabilities(self) -> None:
        """Every version can do all that is asked of it."""

    def missing(self, daemons: Iterable[str]) -> dict[str, str]:
        """Return gobgpd where it is not installed."""
        if DAEMON not in set(daemons):
            return {}
        import shutil  # 2 ms, and most labs have no GoBGP

        if shutil.which(DAEMON) is not None:
            return {}
        return {DAEMON: f"{DAEMON} is not installed (Debian: apt-get install gobgpd)"}

    def all(self) -> Iterator[Program]:
        """Yield both."""
        yield tool(DAEMON, "EmbeddedBgp", "gobgpd", needed=True)
        yield tool("gobgp", "talking to GoBGP in nodes", "gobgpd")


class GobgpEngine(WithoutRaw):
    """Speaks BGP; what it learns stays with it."""

    name = "gobgp"
    title = "GoBGP"
    kinds = ("gobgp",)
    traces = "gobgpd"
    installs = False
    opens_sessions = False
    watches = Watches(frozenset({DAEMON}), logs="")
    directories = ()
    programs = GobgpPrograms()

    def resources(
        self, node: Node, lab: Lab, after: tuple[Key, ...], capabilities: None = None
    ) -> Iterator[Resource]:
        """Yield the node's static routes, which the kernel has from nlan, and its daemon."""
        from nlan.engines.gobgp.render import dialled_by, gobgp_daemons, static_routes

        yield from static_routes(node)
        yield from gobgp_daemons(node, lab.timers, after, dialled_by(node, lab))

    def announces(self, node: Node) -> Collection[IpNetwork]:
        """Return what it is told to announce."""
        from nlan.engines.gobgp.render import local_paths

        return {path.prefix for path in local_paths(node)}

    def contribution(self) -> Contribution:
        """Return `embedded_bgp` of a router's full form."""
        from nlan.engines.gobgp.written import CONTRIBUTION

        return CONTRIBUTION

    def chosen(self, router: Record) -> Written[bool] | None:
        """Return what `embedded_bgp` says."""
        from nlan.engines.gobgp.written import chosen

        return chosen(router)

    def spare(self, node: str, router: Router, positions: Positions, report: Report) -> Router:
        """Return the router without what the whole lab is told and GoBGP cannot do."""
        from nlan.engines.gobgp.checks import spare

        return spare(node, router, positions, report)

    def check(self, node: Node, positions: Positions, report: Report) -> None:
        """Report what GoBGP is asked for in vain."""
        if node.find(Router) is not None and node.get(Router).engine == self.name:
            from nlan.engines.gobgp.checks import check

            check(node, positions, report)

    def parse_log(self, line: str) -> LogEvent | None:
        """Return what a line of the log tells."""
        from nlan.engines.gobgp.log import parse_log

        return parse_log(line)

    def driver(self, nodes: Nodes) -> GobgpDriver:
        """Return the driver of GoBGP in that place."""
        from nlan.engines.gobgp.driver import GobgpDriver

        return GobgpDriver(nodes)


ENGINE = GobgpEngine()
