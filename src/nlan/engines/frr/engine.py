"""FRR as a routing engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from nlan.engines.base import LogEvent, RawPlace, Watches
from nlan.engines.frr.capabilities import ABLE, Capabilities
from nlan.engines.frr.directories import DIRECTORIES
from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.rawlines import RawLines
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.engines.frr.programs import FrrPrograms
    from nlan.engines.frr.run import FrrDriver
    from nlan.errors import Problem
    from nlan.model import Lab, Node
    from nlan.model.codec import IpNetwork
    from nlan.resources import Key, Resource
    from nlan.runtimes.base import Nodes
    from nlan.schema.resolving.drafts import Positions
    from nlan.schema.syntax.report import Report, Written
    from nlan.schema.written.sections import Contribution, Record

DAEMONS = frozenset(
    ("zebra", "mgmtd", "bgpd", "ospfd", "ospf6d", "staticd", "isisd", "ripd", "ripngd", "bfdd", "pimd")
) | {"ldpd", "eigrpd", "babeld", "vrrpd", "pathd", "fabricd", "nhrpd", "pbrd", "sharpd"}


class FrrEngine:
    """Speaks BGP, OSPF and what else raw lines ask for."""

    name = "frr"
    title = "FRR"
    kinds = ("frr",)
    traces = "receipt-"
    installs = True
    opens_sessions = True
    watches = Watches(DAEMONS, logs="log-frr", run="run-frr")

    directories = DIRECTORIES
    raw = RawLines()

    @cached_property
    def programs(self) -> FrrPrograms:
        """FRR's programs on this machine."""
        from nlan.engines.frr.programs import FrrPrograms

        return FrrPrograms()

    def resources(
        self, node: Node, lab: Lab, after: tuple[Key, ...], capabilities: Capabilities | None = None
    ) -> Iterable[Resource]:
        """Return the node's daemons."""
        from nlan.engines.frr.render.daemons import frr_daemons
        from nlan.engines.frr.render.frr8 import loopbacks_of_as

        able = capabilities or ABLE
        same_as = () if able.manager else loopbacks_of_as(node, lab)
        return frr_daemons(node, lab.timers, after, able, same_as=same_as)

    def announces(self, node: Node) -> Collection[IpNetwork]:
        """Return the networks that the file names, and connected ones where it says so."""
        bgp = node.get(Router).bgp
        if bgp is None:
            return ()
        from nlan.services.node.expand import addresses

        connected = (address.network for address in addresses(node))
        return {*bgp.networks, *(connected if "connected" in bgp.redistribute else ())}

    def contribution(self) -> Contribution:
        """Return `frr` of a node."""
        from nlan.engines.frr.written import CONTRIBUTION

        return CONTRIBUTION

    def chosen(self, router: Record) -> Written[bool] | None:
        """Return None: no key of a router's full form chooses FRR."""
        return None

    def spare(self, node: str, router: Router, positions: Positions, report: Report) -> Router:
        """Return the router: FRR can do all that a file may say."""
        return router

    def check(self, node: Node, positions: Positions, report: Report) -> None:
        """Report raw lines that cannot stand beside derived ones."""
        if node.get(Router).find(FrrRaw) is not None:
            from nlan.engines.frr.checks import check

            check(node, positions, report)

    def raw_asns(self, node: Node) -> set[int]:
        """Return the ASes that raw lines show."""
        if node.get(Router).find(FrrRaw) is None:
            return set()
        from nlan.engines.frr.checks import raw_asns

        return raw_asns(node)

    def warnings(
        self,
        lab: Lab,
        capabilities: Capabilities | None,
        lines: Mapping[str, int],
        raw: Mapping[str, RawPlace],
        file: str,
    ) -> Iterator[Problem]:
        """Yield what raw lines need and is not installed, and what an older FRR tells nobody."""
        from nlan.engines.frr.render.warnings import warnings

        return warnings(lab, capabilities or ABLE, lines, raw, file)

    def parse_log(self, line: str) -> LogEvent | None:
        """Return what a line of a daemon's log tells."""
        from nlan.engines.frr.run.sessions import parse_log

        return parse_log(line)

    def driver(self, nodes: Nodes) -> FrrDriver:
        """Return the driver of FRR's daemons in that place."""
        from nlan.engines.frr.run.driver import FrrDriver

        return FrrDriver(nodes)


ENGINE = FrrEngine()
