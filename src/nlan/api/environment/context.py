"""What a lab lives in: its nodes, their drivers, and what reports on routing."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from nlan.api.doctor import requirements
from nlan.api.environment.nodes import open_nodes
from nlan.engines.base import BgpSession, EngineDriver, Engines, RefusedLine, RoutingEngine
from nlan.errors import HostError, NlanError, NotFoundError
from nlan.expand import expand
from nlan.kinds.base import SEAM as KINDS
from nlan.kinds.base import AnyKind, Driver, by_name, drivers
from nlan.kinds.namespace import NamespaceDriver
from nlan.model import Lab
from nlan.netlink.watch import RouteWatcher
from nlan.paths import Paths
from nlan.plan import Operation, Plan
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.runtimes.base import Nodes


def engines(registry: Registry | None = None) -> Engines:
    """Return the routing engines, with what this machine's programs can do; needs no privilege."""
    return Engines.here(registry)


def kinds(registry: Registry | None = None) -> list[AnyKind]:
    """Return the kinds of resources that there are, but for the engines' daemons."""
    return list((registry or Registry()).of(KINDS).values())


class Context:
    """One lab on this machine."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Tells how long things take, and when a wait is over."""
    _is_strict = False
    _patience_s: float | None = None

    def __init__(
        self,
        paths: Paths,
        lab: str,
        trace: Callable[[str], None] | None = None,
        *,
        registry: Registry | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at a lab, which need not exist; `trace` is called with every message to the kernel."""
        self.registry = Registry() if registry is None else registry
        self.paths, self.clock = paths, clock
        self.nodes = open_nodes(paths, lab, self.registry)
        self._trace = trace

    @cached_property
    def kinds(self) -> Mapping[str, AnyKind]:
        """The kinds of resources that there are, but for the engines' daemons."""
        return by_name(self.registry)

    @cached_property
    def engines(self) -> Engines:
        """The routing engines."""
        return engines(self.registry)

    @cached_property
    def _made(self) -> dict[str, EngineDriver]:
        """The engines' drivers so far."""
        return {}

    def driver(self, engine: RoutingEngine) -> EngineDriver:
        """Return the driver of an engine's daemons: one and the same each time, made at the first."""
        if engine.name not in self._made:
            driver = self._made[engine.name] = engine.driver(self.nodes)
            driver.is_strict, driver.patience_s = self._is_strict, self._patience_s
        return self._made[engine.name]

    def tell_engines(self, *, is_strict: bool = False, patience_s: float | None = None) -> None:
        """Say how the engines' drivers work from now on (`nlan.engines.base.EngineDriver`)."""
        self._is_strict, self._patience_s = is_strict, patience_s
        for driver in self._made.values():
            driver.is_strict, driver.patience_s = is_strict, patience_s

    def refusals(self) -> list[RefusedLine]:
        """Return what daemons did not take of what a user wrote, in what was done so far."""
        return [one for driver in self._made.values() for one in driver.refusals]

    def driver_of(self, kind: str) -> EngineDriver | None:
        """Return the driver of the daemons of that kind of resource, None for other kinds."""
        engine = self.engines.of_kind(kind)
        return self.driver(engine) if engine is not None else None

    def expand(self, lab: Lab) -> dict[Key, Resource]:
        """Return every resource that a lab means, as this machine can have it."""
        return expand(lab, self.engines, self.registry)

    def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
        """Return the drivers, in the order in which they work on a wave.

        Args:
            desired: Tells some drivers what to look at.
        """
        nodes = self.nodes if self._trace is None else self._traced(self._trace)
        return [
            *drivers(self.kinds.values(), nodes, desired.values()),
            *(_WhereNeeded(self, engine) for engine in self.engines),
        ]

    def polling(self, wanted: Mapping[Key, Resource]) -> list[Driver]:
        """Return the drivers of the kinds of these resources alone."""
        kinds = [self.kinds[name] for name in {key.kind for key in wanted}]
        return drivers(kinds, self.nodes, wanted.values())

    def _traced(self, trace: Callable[[str], None]) -> Nodes:
        from nlan.netlink.trace import TracedPlace

        return TracedPlace(self.nodes, trace)

    def namespace_drivers(self) -> list[Driver]:
        """Return the drivers that removing a lab needs: all goes with its namespaces, or is given back."""
        return [*drivers(self._kept_kinds(), self.nodes, ()), NamespaceDriver(self.nodes)]

    def _kept_kinds(self) -> list[AnyKind]:
        """Return the kinds of what has to be taken out of namespaces before they are removed."""
        kinds = [kind for kind in self.kinds.values() if kind.traces]
        files = {file for name in self.nodes.namespaces() for file in _files(self.nodes, name)}
        return [kind for kind in kinds if any(file.startswith(kind.traces) for file in files)]

    def check(self, plan: Plan, file: str, lines: Mapping[str, int]) -> None:
        """Refuse a plan that this machine lacks something for.

        Args:
            plan: What is about to be done.
            file: What it comes from, for the message.
            lines: The line of each node in that file.

        Raises:
            HostError: It can have no nodes at all.
            InputError: Names each node, what it needs, and how to get it.
        """
        requirements.check(plan, self.engines, self.kinds, self.nodes, file, lines)

    def routes(self, nodes: Sequence[str]) -> RouteWatcher:
        """Return a watcher of the kernels' routes; a context that closes its sockets."""
        return RouteWatcher(self.nodes, nodes)

    def speakers(self, lab: Lab) -> RoutingDaemons:
        """Return who knows the sessions of the lab's routers."""
        return RoutingDaemons(self, lab)


class _WhereNeeded(Driver):
    """The driver of an engine, which is imported where there is something to observe or to do."""

    def __init__(self, context: Context, engine: RoutingEngine) -> None:
        self._context, self._engine = context, engine

    @property
    def kinds(self) -> tuple[str, ...]:
        """The engine's."""
        return self._engine.kinds

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return the engine's daemons; where none has left anything, nobody is asked."""
        if not any(map(self._may_run, namespaces)):
            return ()
        return self._context.driver(self._engine).observe(namespaces)

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry them out."""
        return self._context.driver(self._engine).apply(operations)

    def _may_run(self, namespace: str) -> bool:
        files = _files(self._context.nodes, namespace)
        return any(name.startswith(self._engine.traces) for name in files)


def _files(nodes: Nodes, namespace: str) -> list[str]:
    """Return the names of the files in a node's run directory."""
    try:
        return os.listdir(nodes.directory(namespace))
    except (OSError, HostError):  # nothing was ever made there, or by a runtime that is not installed
        return []


class RoutingDaemons:
    """Sessions and adjacencies, from whichever daemon a node has."""

    def __init__(self, context: Context, lab: Lab) -> None:
        """Take the context, and the lab for each node's engine."""
        engines = ((node.name, context.engines.of(node)) for node in lab.nodes)
        self._drivers = {name: context.driver(engine) for name, engine in engines if engine is not None}

    def established(self, node: str) -> set[str]:
        """Return the addresses of the node's BGP peers whose session is established."""
        return {session.peer for session in self._sessions(node) if session.up}

    def unestablished(self, node: str) -> set[str]:
        """Return the addresses of the node's BGP peers whose session is neither up nor shut down."""
        return {session.peer for session in self._sessions(node) if not (session.up or session.shut_down)}

    def _sessions(self, node: str) -> list[BgpSession]:
        with suppress(NotFoundError):  # one that ends or hangs has no sessions
            return self._drivers[node].sessions(node)
        return []

    def adjacent(self, node: str, version: int) -> Mapping[str, int]:
        """Return how many OSPF neighbours are up, by the node's interfaces."""
        spoken = 2 if version == 4 else 3
        neighbors = self._drivers[node].ospf_neighbors(node)
        return Counter(n.interface for n in neighbors if n.version == spoken and n.up)

    def neighbors_up(self, node: str, protocol: str) -> Mapping[str, int]:
        """Return how many neighbours of another protocol are up, by the node's interfaces."""
        return self._drivers[node].neighbors_up(node, protocol)

    def is_computing(self, node: str) -> bool:
        """Tell whether the node's routes are about to change without anything that comes in."""
        return node in self._drivers and self._drivers[node].is_computing(node)

    def heal(self) -> None:
        """Help what waits in vain: sessions without a next hop, OSPF's wait for an election."""
        for driver in dict.fromkeys(self._drivers.values()):
            driver.heal([node for node, own in self._drivers.items() if own is driver])

    def pause(self, seconds: float) -> None:
        """Wait a little: the daemons have no event that tells of a session."""
        from threading import Event

        Event().wait(seconds)
