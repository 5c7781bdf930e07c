"""What reading a lab asks of services: their keys, what becomes of those, and what cannot be."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

from nlan.errors import InternalError, PluginError
from nlan.model import Lab, Node, ServiceModel
from nlan.model.codec import IpInterface
from nlan.model.segments import Holders, Segment, Segments
from nlan.registry import Registry, Seam
from nlan.schema.resolving.drafts import NodeDraft, Positions
from nlan.schema.resolving.names import NodeTrees
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.tree import Map
from nlan.schema.written import table
from nlan.schema.written.sections import Contribution, Vocabulary


class Held(NamedTuple):
    """An address that a node (or a host behind it) holds.

    Attributes:
        interface: The address.
        holder: Who holds it, in words.
        node: The node that does; empty where it is a host.
        segment: What it is on.
        at: Where that is written.
        shared: Whether others on the segment may have it too, that share it as well: a distributed gateway.
    """

    interface: IpInterface
    holder: str
    node: str
    segment: Segment
    at: Position
    shared: bool = False


class CheckedLab(NamedTuple):
    """A resolved lab as a whole, which may come from no file.

    Attributes:
        lab: The lab.
        segments: The segment of each node's interfaces.
        holders: Who holds each address.
        positions: Where its parts are written.
        report: Where problems go.
    """

    lab: Lab
    segments: Segments
    holders: Holders
    positions: Positions
    report: Report


PartKey = tuple[Hashable, ...]
"""What a part of a node is called among the positions, without the node."""
PartPath = tuple[str, ...]
"""Where it stands in the node as `nlan show` prints it."""


class Contributor(Protocol):
    """A service as the schema sees it.

    A lab is resolved in steps: `declare`, `connect`, `add_hosts`, `derive`, `resolve`. All services are asked
    for a step, in their order, before the next one. ``node.written`` has the values of a node's keys,
    ``node.ends`` the segments with theirs, ``node.of(TYPE)`` what the service keeps from step to step.

    All of it is pure. What is wrong is recorded in a report (``wiring.report``), at the position where it is
    written, and never raised, so that a file's problems are reported together.

    Attributes:
        name: The service's.
        stage: Contributors are in the order of stages, and within one in that of names.
    """

    name: str

    @property
    def stage(self) -> int: ...

    def contribution(self) -> Contribution:
        """Return the keys that it adds to what a file may say."""

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell by the bare tree of a short form's file whether its nodes need underlay addresses for it.

        Args:
            tree: The file, before any of it is read in full.
            nodes: What speaks of nodes in it, by their names.
        """

    def declare(self, wiring: Wiring) -> None:
        """Note what nodes say in full, before anything is derived or allocated.

        Segments that are made here stand before those of links and networks.
        """

    def connect(self, wiring: Wiring) -> None:
        """Make segments of what is written, and give the nodes their interfaces on them."""

    def add_hosts(self, node: NodeDraft, wiring: Wiring) -> None:
        """Add what is behind the node, now that all segments are there, and count it in ``node.hosts``.

        It is asked node by node, in file order, and asked no more where hosts become too many.
        """

    def derive(self, wiring: Wiring) -> None:
        """Derive what follows from all segments and all hosts, such as routing."""

    def resolve(self, node: NodeDraft, wiring: Wiring) -> ServiceModel | None:
        """Return what the node holds of it by what is written and derived, or None.

        It is asked of each node, in file order, when all services have derived what they derive.
        """

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant, in a lab as a whole."""

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses that the node, and hosts behind it, hold of the service.

        An address is on a segment once; prefixes that overlap are warned of.
        """

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where parts that checks speak of stand in the node, for a lab that comes from no file."""


SEAM: Seam[Contributor] = Seam("services", "nlan.services", "SERVICE")


def contributors(registry: Registry) -> tuple[Contributor, ...]:
    """Return what there is, in the order of stages."""
    return tuple(sorted(registry.of(SEAM).values(), key=lambda one: (one.stage, one.name)))


@cache
def installed() -> tuple[Contributor, ...]:
    """Return what is installed; that does not change meanwhile."""
    return contributors(Registry())


class KeyContributor(Protocol):
    """A routing engine as the schema sees it; what else reading asks of it is between it and the router."""

    def contribution(self) -> Contribution:
        """Return the keys that it adds to what a file may say; those of a node make a router of it."""


ENGINES: Seam[KeyContributor] = Seam("engines", "nlan.engines", "ENGINE")


@cache
def _engines() -> Mapping[str, KeyContributor]:
    return Registry().of(ENGINES)


def contributions(
    services: Sequence[Contributor], engines: Mapping[str, KeyContributor] | None = None
) -> list[tuple[str, Contribution]]:
    """Return what services and routing engines contribute, each with whose it is; see `vocabulary`."""
    engines = _engines() if engines is None else engines
    found = [(f"the service {one.name}", one.contribution()) for one in services]
    return found + [(f"the engine {name}", one.contribution()) for name, one in engines.items()]


def vocabulary(
    services: Sequence[Contributor], engines: Mapping[str, KeyContributor] | None = None
) -> Vocabulary:
    """Return all sections and keys: nlan's own table, and what services and engines contribute.

    Args:
        services: The services.
        engines: The routing engines; those that are installed, where none are given.

    Raises:
        InternalError: Somebody's keys clash with nlan's own, or belong to no section.
        PluginError: Two contributors' clash; says whose they are.
    """
    named = contributions(services, engines)
    try:
        return table.vocabulary(contribution for _, contribution in named)
    except InternalError as error:
        raise _clash(named, services, engines, error) from error


def _clash(
    named: Sequence[tuple[str, Contribution]],
    services: Sequence[Contributor],
    engines: Mapping[str, KeyContributor] | None,
    error: InternalError,
) -> InternalError | PluginError:
    """Return the error that says whose keys are the first that do not go with those before them."""
    from nlan.registry.origins import owner, words_of

    objects: list[object] = [*services, *(_engines() if engines is None else engines).values()]
    last = next(n for n in range(len(named)) if not _fit(named, set(range(n + 1))))
    first = next((n for n in range(last) if not _fit(named, {n, last})), None)
    parts = [None if n is None else owner(objects[n]) for n in (first, last)]
    strangers = [words_of(part) for part in parts if part is not None]
    if first is None or not strangers:
        return InternalError(f"{named[last][0]}: {error}")
    whose = strangers if len(strangers) == 2 else [named[first][0], *strangers]
    return PluginError(f"{' and '.join(whose)} do not go together: {error}; uninstall one of them")


def _fit(named: Sequence[tuple[str, Contribution]], chosen: Container[int]) -> bool:
    """Tell whether some of the contributions go together; sections are there whoever brings them."""
    parts = (one if n in chosen else Contribution({}, one.sections) for n, (_, one) in enumerate(named))
    try:
        table.vocabulary(parts)
    except InternalError:
        return False
    return True
