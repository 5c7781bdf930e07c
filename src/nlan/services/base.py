"""What a service is: a folder of ``nlan.services`` that holds a `Service` called ``SERVICE``.

Somebody else's comes by the entry point ``nlan.services``. The folder's ``__init__`` is imported by every
command that reads a lab, so it imports what it needs for more (expanding, checking) where that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nlan.registry import Registry, Seam

if TYPE_CHECKING:
    from nlan.dataplanes.base import Dataplane
    from nlan.engines.base import Engines
    from nlan.expect import Expectation
    from nlan.expect.segments import Port, Topology
    from nlan.model import Lab, Node, ServiceModel
    from nlan.model.segments import Segments
    from nlan.resources import Key, Resource
    from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft, Positions
    from nlan.schema.resolving.names import NodeTrees
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.syntax.tree import Map
    from nlan.schema.written.sections import Contribution


class Stage(IntEnum):
    """When a service is expanded: it may stand on what those of the stages before it yielded."""

    NODE = 0
    """What the node itself is."""
    SEGMENTS = 1
    """Its interfaces and what they are plugged into."""
    HOSTS = 2
    """What is behind it."""
    PROGRAMS = 3
    """What runs in it."""


class Context(NamedTuple):
    """What a service is handed besides the lab.

    Attributes:
        dataplane: What makes segments, ports and tunnel ends.
        engines: The routing engines, with what the machine that shall hold the lab can do.
        stands_on: What the stages before yielded for the node; nothing for the lab as a whole.
    """

    dataplane: Dataplane
    engines: Engines
    stands_on: Sequence[Resource] = ()


class Service(Protocol):
    """One thing that nodes offer.

    Expanding is pure: nothing is read or touched. Names and MAC addresses of what is yielded depend on the
    lab's own names alone, so that adding a node or a network moves no other. Two services may yield the same
    resource; to describe it differently is an error.

    Attributes:
        name: The folder's, unique.
        stage: When it is expanded; within a stage services are expanded by name.
        model: What a node holds of it (`nlan.model.ServiceModel`), found by ``node.find(TYPE)``; None where
            that is what every node has.
    """

    name: str
    stage: Stage
    model: type[ServiceModel] | None = None

    def contribution(self) -> Contribution:
        """Return the keys that it adds to what a file may say."""
        from nlan.schema.written.sections import NOTHING

        return NOTHING

    # How a lab is resolved: see `nlan.schema.resolving.contributors.Contributor`.

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell by the bare tree of a file whether its nodes need underlay addresses for it."""
        return False

    def declare(self, wiring: Wiring) -> None:
        """Note what nodes say in full, before anything is derived or allocated."""
        return

    def connect(self, wiring: Wiring) -> None:
        """Make segments of what is written, and give the nodes their interfaces on them."""
        return

    def add_hosts(self, node: NodeDraft, wiring: Wiring) -> None:
        """Add what is behind the node, now that all segments are there."""
        return

    def derive(self, wiring: Wiring) -> None:
        """Derive what follows from all segments and all hosts, such as routing."""
        return

    def resolve(self, node: NodeDraft, wiring: Wiring) -> ServiceModel | None:
        """Return what the node holds of it by what is written and derived, or None."""
        return None

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant, in a lab as a whole."""
        return

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses that the node, and hosts behind it, hold of the service."""
        return ()

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where parts that checks speak of stand in the node, for a lab that comes from no file."""
        return ()

    def expand_lab(self, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return what the lab as a whole needs for the service."""
        return ()

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return what the node, and the hosts behind it, need for the service."""
        return ()

    def amend(self, lab: Lab, desired: dict[Key, Resource]) -> None:
        """Change what all services yielded, once they have: for what is done to links and nodes on top."""
        return

    def apparent(self, lab: Lab) -> Lab:
        """Return the lab as packets find it, which expectations are made of: without what fails."""
        return lab

    def ports(self, lab: Lab) -> Iterable[Port]:
        """Return its interfaces on segments that nodes share, where those are not as a link is."""
        return ()

    def expect(self, topology: Topology) -> Expectation | None:
        """Return what the lab comes to by the service once it has converged, as far as the model tells.

        What it cannot know it must not expect: that would be waited for in vain.
        """
        return None


def _probe(service: Service) -> None:
    """Try whether a service's keys go with nlan's own.

    Raises:
        InternalError: They do not.
    """
    from nlan.schema.resolving.contributors import contributors, vocabulary

    known: list[Any] = [*contributors(Registry(())), service]
    vocabulary(known)


SEAM: Seam[Service] = Seam(
    "services",
    "nlan.services",
    "SERVICE",
    needs=(
        "name",
        "stage",
        "model",
        "contribution",
        "needs_underlay",
        "declare",
        "connect",
        "add_hosts",
        "derive",
        "resolve",
        "check",
        "held",
        "parts",
        "expand_lab",
        "expand",
        "amend",
        "apparent",
        "ports",
        "expect",
    ),
    probe=_probe,
)


def services(registry: Registry) -> tuple[Service, ...]:
    """Return all services, in the order in which they are expanded."""
    return tuple(sorted(registry.of(SEAM).values(), key=lambda service: (service.stage, service.name)))
