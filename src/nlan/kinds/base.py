"""What a kind of resource is, and what the engine asks of the driver that serves it.

A kind is one module (or package) here, with an object ``KIND``; somebody else's comes by an entry point
of ``nlan.kinds``. Planning knows it by the class attributes and methods of its resource
(`nlan.resources.base.Resource`); all that touches the world is in the kind.

A kind of the kernel's that is made over route netlink derives from `nlan.netlink.kind.KernelKind`, and
says how each of its resources is made, changed, removed and found; one driver serves all of these. Any
other derives from `Kind`, and brings a driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from nlan.errors import InternalError, NlanError, PluginError
from nlan.netlink.feature import Condition, Feature
from nlan.netlink.watch import Group, What
from nlan.plan import Operation
from nlan.registry import Registry, Seam
from nlan.resources.base import Resource

R = TypeVar("R", bound=Resource)


class Driver(Protocol):
    """One door to the world for a few kinds of resources.

    It may block; it never prints and never decides what is wanted. Foreign exceptions end here: an
    operation that fails is an `ApplyError` in its outcome, with the kernel's or daemon's words.
    """

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resources that it serves."""

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return every resource of the driver's kinds that nlan made in these namespaces.

        Only reads. A namespace that vanished meanwhile is left out. What bears no mark of nlan is
        not returned.
        """

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry out operations that do not depend on each other, in the order given.

        Idempotent: creating what exists with equal spec and deleting what is absent succeed. The
        answer has one entry per operation, None for success; one failure does not stop the rest.
        """


class AnyKind(Protocol):
    """What every kind answers, whatever makes its resources."""

    @property
    def resource(self) -> type[Resource]:
        """What describes one."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What the kernel may lack for it; `nlan doctor` tries each."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What else of the machine it needs; `nlan doctor` looks."""

    @property
    def events(self) -> tuple[What | Group, ...]:
        """Which of the kernel's events may concern one; `nlan keep` listens for them."""

    @property
    def group(self) -> str:
        """Kinds of one group are served by one driver; empty for one of its own."""

    @property
    def traces(self) -> str:
        """What names of files in a node's run directory begin with where something has to be given back.

        Empty for what goes with its namespace.
        """

    def needs(self, desired: Any) -> Iterable[Feature]:
        """Return which of its features a resource needs; a file is refused where the kernel lacks one."""

    def why_not(self, desired: Any, nodes: Any) -> Iterable[tuple[str, str]]:
        """Return what of a resource a place cannot do, each with why: a file is refused for that, too."""

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return the driver of the kinds of its group.

        Args:
            nodes: Where (`nlan.runtimes.base.Nodes`, and what else the kind needs of a runtime).
            kinds: All of the group, in the order of their ranks.
            desired: All that is desired, for drivers that have to be told what to look at.
        """


class Kind(Generic[R]):
    """A kind with a driver of its own; what is to be overridden is `driver`."""

    resource: type[R]
    features: ClassVar[tuple[Feature, ...]] = ()
    conditions: ClassVar[tuple[Condition, ...]] = ()
    events: ClassVar[tuple[What | Group, ...]] = ()
    group: ClassVar[str] = ""
    traces: ClassVar[str] = ""

    def needs(self, desired: R) -> Iterable[Feature]:
        """Return what of its features a resource needs: all."""
        return self.features

    def why_not(self, desired: R, nodes: Any) -> Iterable[tuple[str, str]]:
        """Return what of a resource a place cannot do, and why: nothing."""
        return ()

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return its driver."""
        raise NotImplementedError


def _probe(kind: AnyKind) -> None:
    """Try whether nlan has no kind of that name of its own.

    Raises:
        InternalError: It has.
    """
    own = Registry(()).of(SEAM)
    if any(one.resource.kind == kind.resource.kind for one in own.values()):
        raise InternalError(f"nlan has a kind of resource {kind.resource.kind} of its own")


def by_name(registry: Registry) -> dict[str, AnyKind]:
    """Return the kinds that there are, by what their resources are called.

    Raises:
        PluginError: Two distributions bring one each.
    """
    found: dict[str, AnyKind] = {}
    for kind in registry.of(SEAM).values():
        name = kind.resource.kind
        if found.setdefault(name, kind) is not kind:
            from nlan.registry.origins import owner, words_of

            parts = (owner(one, registry.strangers) for one in (found[name], kind))
            whose = " and ".join(words_of(part) for part in parts if part is not None)
            raise PluginError(f"{whose} both make resources called {name}: uninstall one of them")
    return found


SEAM: Seam[AnyKind] = Seam(
    "kinds",
    "nlan.kinds",
    "KIND",
    probe=_probe,
    needs=("resource", "features", "conditions", "events", "group", "traces", "needs", "why_not", "driver"),
)


def drivers(kinds: Iterable[AnyKind], nodes: Any, desired: Iterable[Resource]) -> list[Driver]:
    """Return the drivers of kinds, in the order in which they work on a wave: that of their last kind's rank.

    Args:
        kinds: Such as a registry has.
        nodes: Where.
        desired: All that is desired.
    """
    groups: dict[str, list[AnyKind]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.resource.rank, kind.resource.kind)):
        groups.setdefault(kind.group or kind.resource.kind, []).append(kind)
    last = sorted(groups.values(), key=lambda group: group[-1].resource.rank)
    return [group[0].driver(nodes, group, desired) for group in last]
