"""Networks of nodes whose engine is BIRD, beside others of FRR and GoBGP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from nlan.engines.bird.driver import BirdDriver
from nlan.engines.bird.render import statements
from nlan.engines.bird.resource import BirdDaemon
from nlan.model import Node
from nlan.plan import Operation
from nlan.resources import Resource
from nlan.services.router.model import Router


class Birds:
    """A network of the outer context (`tests/lab/engines/conftest.py`) that knows BIRD, too."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.bird = BirdDriver(network.place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def resources(self, nodes: Iterable[Node]) -> list[Resource]:
        found: list[Resource] = []
        for node in nodes:
            assert node.find(Router) is not None
            if node.get(Router).engine == "bird":
                loopback = node.get(Router).loopbacks[0].ip
                assert isinstance(loopback, IPv4Address)
                own = statements(node, node.get(Router), loopback, "lab")
                found.append(BirdDaemon(namespace=node.name, statements=own))
            else:
                found += self.network.resources([node])
        return found

    def differences(self, nodes: Iterable[Node]) -> list[Operation]:
        """Return what the engine would do to make the daemons be like the nodes' models."""
        names = list(self.network.nodes)
        drivers = (self.bird, self.network.gobgp, self.network.frr)
        seen = {r.key: r for driver in drivers for r in driver.observe(names)}
        return list(_operations(self.resources(nodes), seen))

    def apply(self, nodes: Iterable[Node]) -> list[Operation]:
        """Make it so; return what was done. Whatever fails is raised."""
        todo = self.differences(nodes)
        for driver in (self.bird, self.network.gobgp, self.network.frr):
            mine = [operation for operation in todo if operation.key.kind in driver.kinds]
            for failure in driver.apply(mine):
                if failure is not None:
                    raise failure
        return todo

    def sessions(self, node: str) -> dict[str, Any]:
        """Return the sessions of a node's BIRD by the peer's address."""
        return {session.peer: session for session in self.bird.sessions(node)}

    def established(self, node: str) -> dict[str, int]:
        """Return how often each session of a node's BIRD came up."""
        return {peer: session.established for peer, session in self.sessions(node).items()}

    def up(self, *nodes: str) -> bool:
        """Tell whether all sessions of these BIRDs are up."""
        return all(session.up for node in nodes for session in self.bird.sessions(node))

    def routes(self, node: str, *words: str) -> set[str]:
        """Return the prefixes that a node's kernel has from BIRD."""
        lines = self.network.ip(node, *words, "route", "show", "proto", "bird").splitlines()
        return {line.split()[0] for line in lines if not line.startswith("\t")}


def _operations(desired: Iterable[Resource], seen: dict[Any, Any]) -> Iterator[Operation]:
    for r in desired:
        was = seen.pop(r.key, None)
        if was is None:
            yield Operation(action="create", key=r.key, impact="restart", reason="new", desired=r)
        elif (d := r.difference(was)) is not None:
            action: Any = "update" if d.in_place else "replace"
            more: dict[str, Any] = {"details": d.details, "desired": r, "observed": was}
            yield Operation(action=action, key=r.key, impact=d.impact, reason=d.reason, **more)
    for key, was in seen.items():
        yield Operation(action="delete", key=key, impact="session", reason="gone", observed=was)


@pytest.fixture
def birds(network: Any) -> Birds:
    return Birds(network)
