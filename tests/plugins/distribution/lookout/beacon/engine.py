"""Beacon as a routing engine."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nlan.engines.base import LogEvent, Program, RawPlace, Watches
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from lookout.beacon.driver import BeaconDriver
    from lookout.beacon.raw import BeaconLines
    from nlan.errors import Problem
    from nlan.model import Lab, Node
    from nlan.model.codec import IpNetwork
    from nlan.resources import Key, Resource
    from nlan.runtimes.base import Nodes
    from nlan.schema.resolving.drafts import Positions
    from nlan.schema.syntax.report import Report, Written
    from nlan.schema.written.sections import Contribution, Record

DAEMON = "beacon"


class BeaconPrograms:
    """It comes with its engine."""

    def capabilities(self) -> None:
        return None

    def missing(self, daemons: Iterable[str]) -> dict[str, str]:
        return {}

    def all(self) -> Iterator[Program]:
        yield Program(DAEMON, True, False, sys.executable, "beacons", "")


class BeaconEngine:
    """See `nlan.engines.base.RoutingEngine`."""

    name = "beacon"
    title = "Beacon"
    kinds = ("beacon",)
    traces = "beacon"
    installs = False
    opens_sessions = False
    programs = BeaconPrograms()
    watches = Watches(frozenset({DAEMON}), logs="")
    directories = ()

    @cached_property
    def raw(self) -> BeaconLines:
        from lookout.beacon.raw import BeaconLines

        return BeaconLines()

    def resources(
        self, node: Node, lab: Lab, after: tuple[Key, ...], capabilities: None = None
    ) -> Iterator[Resource]:
        from lookout.beacon.resource import Beacon

        router = node.get(Router)
        lines = [f"loopback {address}" for address in router.loopbacks]
        if router.bgp is not None:
            lines += [f"as {router.bgp.asn}", *(f"network {network}" for network in router.bgp.networks)]
        if router.raw is not None:
            lines += router.raw.text.splitlines()
        yield Beacon(namespace=node.name, lines=tuple(lines), after=after)

    def announces(self, node: Node) -> Iterable[IpNetwork]:
        return ()

    def contribution(self) -> Contribution:
        from lookout.beacon.raw import CONTRIBUTION

        return CONTRIBUTION

    def chosen(self, router: Record) -> Written[bool] | None:
        return None

    def spare(self, node: str, router: Router, positions: Positions, report: Report) -> Router:
        return router

    def check(self, node: Node, positions: Positions, report: Report) -> None:
        router = node.find(Router)
        if router is None or router.engine != self.name:
            return
        if router.raw is not None and router.raw.key != self.name:
            at = positions.find("node", node.name, router.raw.key)
            report.error(at, f"{node.name} runs Beacon, not {router.raw.title}")
        if router.ospf is not None or (router.bgp is not None and router.bgp.peers):
            at = positions.find("node", node.name, "engine")
            report.error(at, f"{node.name} runs Beacon, which speaks to nobody")

    def raw_asns(self, node: Node) -> set[int]:
        return set()

    def warnings(
        self, lab: Lab, capabilities: Any, lines: Mapping[str, int], raw: Mapping[str, RawPlace], file: str
    ) -> Iterable[Problem]:
        return ()

    def parse_log(self, line: str) -> LogEvent | None:
        return LogEvent("configured", "load") if line == "loaded" else None

    def driver(self, nodes: Nodes) -> BeaconDriver:
        from lookout.beacon.driver import BeaconDriver

        return BeaconDriver(nodes)


ENGINE = BeaconEngine()
