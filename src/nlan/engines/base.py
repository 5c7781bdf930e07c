"""Routing engines: what nlan asks of the daemons that speak for a router, whichever they are.

An engine is a package ``nlan.engines.NAME`` (or a stranger's, by an entry point of the group
``nlan.engines``) that holds one `RoutingEngine` as ``ENGINE``; ``engine: NAME`` in a lab's file chooses
it. Nothing outside the package knows a daemon's name. A new engine supplies:

- what a node's router comes to as resources (`RoutingEngine.resources`): `Daemon`s of its own kinds, which
  say how two differ, what a change costs, and which of a node's daemons come first;
- the driver that observes, starts, changes and ends them, and asks them (`EngineDriver`);
- its programs: which there are, what this machine's can do (`Programs`);
- the files that tell what its daemons do, for ``nlan keep`` (`Watches`);
- the keys that it adds to what a file may say, such as one for raw configuration, and what it cannot do of
  what a file may ask for, in words (`nlan.services.router.engines.EngineChecks`);
- how raw configuration for it is read and what it comes to, where it takes any (`RawConfiguration`);
- the directories that its programs use in a node (`RoutingEngine.directories`).

`BgpSession`, `OspfNeighbor` and `LogEvent` are what all daemons tell alike. Importing an engine's package
is to be cheap: what only a running lab needs is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nlan.engines._daemon import SILENT, Daemon
from nlan.engines._reports import (
    BgpSession,
    LogEvent,
    OspfNeighbor,
    Program,
    RawPlace,
    Watches,
    tool,
    version,
)
from nlan.errors import HostError
from nlan.registry import Registry, Seam
from nlan.resources.base import Key, Resource
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.errors import Problem
    from nlan.expect.segments import Topology
    from nlan.kinds.base import Driver
    from nlan.model import Lab, Node
    from nlan.model.codec import IpNetwork
    from nlan.runtimes.base import NodeDirectory, Nodes
    from nlan.services.router.engines import EngineChecks, RawReading
    from nlan.services.router.expect.raw import RawExpectation
    from nlan.services.router.model import Raw
else:

    class Driver(Protocol):
        """Stands for `nlan.kinds.base.Driver`, which stands on plans and is needed by nobody who plans."""

    class EngineChecks(Protocol):
        """Stands for `nlan.services.router.engines.EngineChecks` where no file is read."""

    class RawReading(Protocol):
        """Stands for `nlan.services.router.engines.RawReading` likewise."""


__all__ = [
    "SEAM",
    "SILENT",
    "BgpAlone",
    "BgpSession",
    "Daemon",
    "EngineDriver",
    "Engines",
    "LogEvent",
    "OspfNeighbor",
    "Program",
    "Programs",
    "RawConfiguration",
    "RawPlace",
    "RefusedLine",
    "RoutingEngine",
    "Watches",
    "tool",
    "version",
]


class Programs(Protocol):
    """The programs of an engine on this machine; asking needs no privilege."""

    def capabilities(self) -> Any:
        """Return what the programs here can do: a value that `resources` and `warnings` are handed.

        Where none is installed, the newest are assumed. None stands for programs that can do all.
        """

    def missing(self, daemons: Iterable[str]) -> dict[str, str]:
        """Return those of the engine's daemons that are not installed, each with how to get it."""

    def all(self) -> Iterable[Program]:
        """Return the programs as ``nlan doctor`` shows them: daemons first, then tools; runs some of them."""


class EngineDriver(Driver, Protocol):
    """The engine's daemons in one lab: observed, changed, and asked.

    A daemon that ends, hangs or does not run answers a question with nothing, unless it says otherwise.

    Attributes:
        patience_s: How long a daemon may take to answer an observation; None: as long as one that is
            started again for it.
        is_strict: Whether a line that a user wrote and a daemon refuses is an error.
        refusals: Such lines of all operations so far, where it is none.
    """

    patience_s: float | None
    is_strict: bool

    @property
    def refusals(self) -> Sequence[RefusedLine]:
        """What the daemons did not take of what a user wrote."""

    def pid_path(self, namespace: str, daemon: str) -> Path:
        """Return the file with the process id of a daemon, named as in its resource's key."""

    def sessions(self, namespace: str) -> list[BgpSession]:
        """Return the BGP peers of a node, those that are not up too, sorted.

        Raises:
            NotFoundError: No daemon runs there that would tell.
        """

    def ospf_neighbors(self, namespace: str) -> list[OspfNeighbor]:
        """Return the OSPF neighbours of a node, of both versions."""

    def neighbors_up(self, namespace: str, protocol: str) -> Mapping[str, int]:
        """Return how many neighbours are up: of ``IS-IS`` by the node's interfaces, of ``BFD`` by address."""

    def is_computing(self, namespace: str) -> bool:
        """Tell whether a node's routes are about to change without anything that comes in."""

    def heal(self, namespaces: Sequence[str]) -> None:
        """Help what would wait long or in vain: a session without a next hop, an election. May do nothing."""


class RefusedLine(Protocol):
    """A line that a user wrote and a daemon did not take; as a text, in words with keys hidden.

    Attributes:
        namespace: The node.
        line: Where it stands in the user's text, from 1; 0 where that is not known.
        key: The key of the file whose text that is, such as ``frr``.
    """

    @property
    def key(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def line(self) -> int: ...


class BgpAlone:
    """The answers of an `EngineDriver` whose daemons speak BGP alone and take nothing that a user wrote."""

    patience_s: float | None = None
    is_strict = False
    refusals: Sequence[RefusedLine] = ()

    def ospf_neighbors(self, namespace: str) -> list[OspfNeighbor]:
        """Return none."""
        return []

    def neighbors_up(self, namespace: str, protocol: str) -> Mapping[str, int]:
        """Return none."""
        return {}

    def is_computing(self, namespace: str) -> bool:
        """Return False."""
        return False

    def heal(self, namespaces: Sequence[str]) -> None:
        """Do nothing."""


class RawConfiguration(RawReading, Protocol):
    """What an engine makes of the configuration that a user brings for it (`Router.raw`).

    How it is read (`resolve`) is `nlan.services.router.engines.RawReading`.
    """

    @property
    def model(self) -> type[Raw]:
        """The type of what a router holds of it."""

    def sysctls(self, node: Node) -> Mapping[str, str]:
        """Return the kernel settings that it makes, by path below /proc/sys."""

    def has_ipv6(self, node: Node) -> bool:
        """Tell whether it speaks of IPv6."""

    def expectation(self, topology: Topology) -> RawExpectation:
        """Return what it comes to in a lab, where some router of the engine has any."""


class RoutingEngine(EngineChecks, Protocol):
    """What speaks for a router. All is pure but `driver` and `programs`.

    What reading a lab asks of it (`contribution`, `chosen`, `spare`, `check`, `raw_asns`) is
    `nlan.services.router.engines`.

    Attributes:
        name: What a file says as ``engine``; unique.
        title: What people call it.
        kinds: The kinds of its resources; a node's daemons are of these.
        installs: Whether the routes that it learns reach the node's kernel.
        opens_sessions: Whether its driver opens BGP sessions as soon as a daemon is ready. Such an engine
            works after the others, so that whom it calls is there.
        raw: What it makes of configuration that a user brings; None where it takes none.
        directories: What its programs have of their own in a node, at a path of the host's.
        traces: What the name of a file in a node's run directory begins with where a daemon of its may
            run. Where there is none, nobody is asked, and the driver need not be imported.
    """

    @property
    def name(self) -> str: ...
    @property
    def traces(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def opens_sessions(self) -> bool: ...
    @property
    def programs(self) -> Programs: ...
    @property
    def watches(self) -> Watches: ...
    @property
    def raw(self) -> RawConfiguration | None: ...
    @property
    def directories(self) -> tuple[NodeDirectory, ...]: ...

    def resources(
        self, node: Node, lab: Lab, after: tuple[Key, ...], capabilities: Any = None
    ) -> Iterable[Resource]:
        """Return the daemons of a node with a router, and what they leave to the kernel.

        Args:
            node: One whose router's engine it is.
            lab: The lab, for what follows from the other nodes.
            after: What should exist before the daemons start.
            capabilities: Of `Programs.capabilities`; None: all.
        """

    def warnings(
        self, lab: Lab, capabilities: Any, lines: Mapping[str, int], raw: Mapping[str, RawPlace], file: str
    ) -> Iterable[Problem]:
        """Return what this machine's programs do otherwise than the lab may expect.

        Args:
            lab: The lab.
            capabilities: Of `Programs.capabilities`.
            lines: The line of each node in the file.
            raw: Where the nodes' raw configuration stands.
            file: The lab's file.
        """

    def announces(self, node: Node) -> Iterable[IpNetwork]:
        """Return the prefixes that BGP of a node announces as its own, as far as the model tells."""

    def parse_log(self, line: str) -> LogEvent | None:
        """Return what a line of a daemon's log tells, None where it is of no concern."""

    def driver(self, nodes: Nodes) -> EngineDriver:
        """Return a driver of the daemons of the lab in that place."""


def _probe(engine: RoutingEngine) -> None:
    """Try whether an engine's keys go with nlan's own.

    Raises:
        InternalError: They do not.
    """
    from nlan.schema.resolving.contributors import contributors, vocabulary

    registry = Registry(())
    own = registry.of(SEAM)
    vocabulary(contributors(registry), {**own, engine.name: engine})


SEAM: Seam[RoutingEngine] = Seam(
    "engines",
    "nlan.engines",
    "ENGINE",
    probe=_probe,
    needs=(
        *(
            "name",
            "title",
            "kinds",
            "installs",
            "opens_sessions",
            "programs",
            "watches",
            "directories",
            "traces",
            "raw",
        ),
        *(
            "contribution",
            "chosen",
            "spare",
            "check",
            "raw_asns",
            "resources",
            "announces",
            "warnings",
            "parse_log",
            "driver",
        ),
    ),
)


class Engines:
    """The engines that there are, in the order in which their drivers work; made at start-up, handed on."""

    def __init__(
        self,
        family: Mapping[str, RoutingEngine],
        capabilities: Mapping[str, Any] | None = None,
        *,
        probes: bool = False,
    ) -> None:
        """Take them, and what this machine's programs can do.

        Args:
            family: The engines by name.
            capabilities: What their programs can do, by name.
            probes: Whether to find that out of those that are not named; else they can do all.
        """
        self._by_name, self._probes = family, probes
        self._capabilities = dict(capabilities or {})

    @classmethod
    def able(cls, registry: Registry | None = None) -> Engines:
        """Return the engines of a machine that can do all."""
        return cls((registry or Registry()).of(SEAM))

    @classmethod
    def here(cls, registry: Registry | None = None) -> Engines:
        """Return the engines with what this machine's programs can do; needs no privilege."""
        return cls((registry or Registry()).of(SEAM), probes=True)

    def __iter__(self) -> Iterator[RoutingEngine]:
        return iter(sorted(self._by_name.values(), key=lambda engine: (engine.opens_sessions, engine.name)))

    def __getitem__(self, name: str) -> RoutingEngine:
        return self._by_name[name]

    def by_name(self) -> list[RoutingEngine]:
        """Return them sorted by name."""
        return sorted(self._by_name.values(), key=lambda engine: engine.name)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of resources of all engines."""
        return frozenset(kind for engine in self._by_name.values() for kind in engine.kinds)

    def of(self, node: Node) -> RoutingEngine | None:
        """Return the engine of a node's router, None where it has no router.

        Raises:
            HostError: It was installed when the lab was read, and is not now.
        """
        router = node.find(Router)
        if router is None:
            return None
        if (engine := self._by_name.get(router.engine)) is None:
            raise HostError(f"{node.name}: no routing engine {router.engine} is installed")
        return engine

    def of_kind(self, kind: str) -> RoutingEngine | None:
        """Return the engine whose kind of resource that is, None for others."""
        return next((engine for engine in self if kind in engine.kinds), None)

    def capabilities(self, name: str) -> Any:
        """Return what this machine's programs of an engine can do; None: all."""
        if self._probes and name not in self._capabilities:
            self._capabilities[name] = self._by_name[name].programs.capabilities()
        return self._capabilities.get(name)
