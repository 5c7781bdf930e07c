"""A place with real namespaces, wires between them, and real daemons; all gone afterwards."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

import pytest

from nlan.api.environment.nodes import open_nodes
from nlan.engines.frr.capabilities import Capabilities
from nlan.engines.frr.programs import has_manager
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.engines.frr.run import FrrDriver
from nlan.engines.gobgp.driver import GobgpDriver
from nlan.engines.gobgp.render import dialled_by, gobgp_daemons
from nlan.model import Interface, Lab, Node
from nlan.paths import Paths
from nlan.plan import Operation
from nlan.resources import Resource
from nlan.services.router.model import Router

COUNT = itertools.count()


class Network:
    """Nodes that can be wired and configured; the engine's work in a few lines."""

    def __init__(self, lab: str) -> None:
        self.place = open_nodes(Paths.from_environment(), lab)
        self.frr = FrrDriver(self.place)
        self.gobgp = GobgpDriver(self.place)
        self.nodes: dict[str, dict[str, list[str]]] = {}

    def wire(self, **nodes: dict[str, str]) -> None:
        """Make nodes; interfaces of equal name on two nodes are one link, on more a segment."""
        self.place.create([*nodes, "sw"])
        self.nodes = {node: {i: a.split() for i, a in ends.items()} for node, ends in nodes.items()}
        for node in nodes:
            with self.place.inside(node):
                for kind in ("all", "default"):
                    Path(f"/proc/sys/net/ipv6/conf/{kind}/accept_dad").write_text("0")
                Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
                Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
        for name in sorted({i for ends in nodes.values() for i in ends} - {"lo"}):
            self._segment(name, [node for node, ends in nodes.items() if name in ends])
        for node, ends in self.nodes.items():
            for interface, addresses in ends.items():
                self.ip(node, "link", "set", interface, "up")
                for address in addresses:
                    extra = ["nodad"] if ":" in address else []
                    self.ip(node, "addr", "add", address, "dev", interface, *extra)
                self.ip(node, "link", "show", "dev", interface)
            self.place.make_directory(node)

    def _segment(self, name: str, members: list[str]) -> None:
        lab = self.place.lab
        if len(members) == 2:
            one, other = members
            peer = ("peer", "name", name, "netns", f"{lab}.{other}")
            self.ip(one, "link", "add", "name", name, "type", "veth", *peer)
            return
        self.ip("sw", "link", "add", "name", name, "type", "bridge")
        self.ip("sw", "link", "set", name, "up")
        for i, node in enumerate(members):
            port = f"{name}{i}"
            peer = ("peer", "name", port, "netns", f"{lab}.sw")
            self.ip(node, "link", "add", "name", name, "type", "veth", *peer)
            self.ip("sw", "link", "set", port, "master", name, "up")

    def ip(self, node: str, *words: str) -> str:
        argv = ["ip", "-n", f"{self.place.lab}.{node}", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def processes(self, node: str) -> dict[int, str]:
        """Return the processes of a node with their names."""
        return self.place.all_processes([node])[node]

    def node(self, name: str, **router: Any) -> Node:
        """Return the model of a node with this router."""
        ends = self.nodes[name]
        return Node(
            name=name,
            interfaces=tuple(
                Interface(name=i, addresses=tuple(map(ip_interface, addresses)))
                for i, addresses in ends.items()
                if i != "lo"
            ),
            services=(Router(loopbacks=tuple(map(ip_interface, ends.get("lo", []))), **router),),
        )

    def resources(self, nodes: Iterable[Node]) -> list[Resource]:
        found: list[Resource] = []
        nodes = tuple(nodes)
        lab = Lab(name=self.place.lab, nodes=nodes)
        for node in nodes:
            assert node.find(Router) is not None
            if node.get(Router).engine == "gobgp":
                found += gobgp_daemons(node, "lab", (), dialled_by(node, lab))
            else:
                found += frr_daemons(node, "lab", capabilities=Capabilities(has_manager()))
        return found

    def differences(self, nodes: Iterable[Node]) -> list[Operation]:
        """Return what the engine would do to make the daemons be like the nodes' models."""
        names = list(self.nodes)
        seen: dict[Any, Any] = {r.key: r for r in [*self.frr.observe(names), *self.gobgp.observe(names)]}
        return list(operations(self.resources(nodes), seen))

    def apply(self, nodes: Iterable[Node]) -> list[Operation]:
        """Make it so; return what was done. Whatever fails is raised."""
        todo = self.differences(nodes)
        for driver in (self.gobgp, self.frr):
            mine = [operation for operation in todo if operation.key.kind in driver.kinds]
            for failure in driver.apply(mine):
                if failure is not None:
                    raise failure
        return todo

    def established(self, node: str) -> dict[str, int]:
        """Return how often each session of a node came up."""
        driver = self.gobgp if (self.place.directory(node) / "gobgpd-receipt.json").exists() else self.frr
        return {session.peer: session.established for session in driver.sessions(node)}

    def await_sessions(self, *nodes: str) -> None:
        """Wait until all BGP sessions of these FRR nodes are up."""
        until(
            lambda: all(s.up for node in nodes for s in self.frr.sessions(node)), lambda: self.report(nodes)
        )

    def report(self, nodes: Iterable[str]) -> str:
        return "\n".join(
            f"{node} {daemon}:\n{self.frr.log_path(node, daemon).read_text()}"
            for node in nodes
            for daemon in ("bgpd", "ospfd")
            if self.frr.log_path(node, daemon).exists()
        )


def operations(desired: Iterable[Resource], seen: dict[Any, Any]) -> Iterator[Operation]:
    for resource in desired:
        observed = seen.pop(resource.key, None)
        if observed is None:
            yield Operation(
                action="create", key=resource.key, impact="restart", reason="new", desired=resource
            )
        elif (found := resource.difference(observed)) is not None:
            yield Operation(
                action="update" if found.in_place else "replace",
                key=resource.key,
                impact=found.impact,
                reason=found.reason,
                details=found.details,
                desired=resource,
                observed=observed,
            )
    for key, observed in seen.items():
        yield Operation(action="delete", key=key, impact="session", reason="gone", observed=observed)


def until(condition: Callable[[], bool], report: Callable[[], str] = str, seconds: float = 20.0) -> None:
    """Wait for a condition of the outer context, which announces nothing."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s\n{report()}")
        select.poll().poll(5)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network(f"f{os.getpid() % 100000}x{next(COUNT)}")
    with made.place.lock():
        try:
            yield made
        finally:
            made.place.cleanup()


@pytest.fixture
def eventually() -> Callable[..., None]:
    return until
