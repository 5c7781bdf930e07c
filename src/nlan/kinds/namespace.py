"""The driver of network namespaces: the runtime makes and removes them, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, cast

import msgspec

from nlan.errors import NlanError
from nlan.kinds.base import Driver, Kind
from nlan.plan import Operation
from nlan.resources.base import Difference, Key, Rank, Resource


class Namespace(Resource, frozen=True, kw_only=True):
    """A network namespace; its UTS and mount namespaces and its cgroup come with its first process.

    Attributes:
        name: A node, a host (``ce1/172.21.1.2``) or the fabric.
        exclusive: Whether what somebody else puts into it is taken away.
        runtime: What makes it (`nlan.runtimes`); empty for the lab's default.
    """

    kind: ClassVar[str] = "namespace"
    rank: ClassVar[int] = Rank.NAMESPACE
    name: str
    exclusive: bool = False
    runtime: str = ""

    @property
    def key(self) -> Key:
        """Kind and name."""
        return Key(self.kind, self.name, "")

    @property
    def is_exclusive(self) -> bool:
        """Whether what somebody else puts into it is taken away."""
        return self.exclusive

    def exclusively(self) -> Self:
        """Return the same, exclusive."""
        return msgspec.structs.replace(self, exclusive=True)

    def namespaces(self) -> tuple[str, ...]:
        """None: it goes with nothing."""
        return ()

    def difference(self, observed: Any) -> Difference | None:
        """Return whether another runtime shall make it; else one that is there is right."""
        if self.runtime == observed.runtime:
            return None
        found, wanted = (one.runtime or "the lab's default" for one in (observed, self))
        return Difference("outage", f"runtime is {found}, wanted {wanted}", in_place=False)


class NamespaceMaker(Protocol):
    """Who makes and removes namespaces (`nlan.runtimes.base.Nodes`)."""

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, sorted."""

    def create(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Make namespaces, those that exist are left alone; return those that failed."""

    def delete(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Remove namespaces with all that is in them, absent ones are fine; return those that failed."""


class Runtimes(Protocol):
    """Who has several runtimes, and so has to be told which of them makes a namespace."""

    @property
    def default(self) -> str:
        """The name of that of namespaces which ask for none."""

    def runtime_of(self, namespace: str) -> str:
        """Return the name of that which has a namespace."""

    def place(self, runtimes: Mapping[str, str]) -> None:
        """Write down which shall make namespaces, before they are made; empty for the default."""

    def by_name(self, runtime: str) -> Any:
        """Return the nodes of one (`nlan.runtimes.base.Nodes`); it can be had."""


class NamespaceDriver:
    """Network namespaces; deleting one ends its processes and takes its links with it."""

    kinds: tuple[str, ...] = ("namespace",)

    def __init__(self, nodes: NamespaceMaker, desired: Iterable[Resource] = ()) -> None:
        """Take the place to work in, and what is desired: observed runtimes are spelled as they are there."""
        self._nodes = nodes
        # isinstance of a protocol would import `inspect`, which takes 6 ms
        self._runtimes = cast(Runtimes, nodes) if hasattr(nodes, "runtime_of") else None
        self._asked = {one.name: one.runtime for one in desired if isinstance(one, Namespace) and one.runtime}

    def observe(self, namespaces: Sequence[str]) -> Iterable[Namespace]:
        """Return those of the namespaces that exist."""
        wanted = set(namespaces)
        return [self._found(name) for name in self._nodes.namespaces() if name in wanted]

    def _found(self, name: str) -> Namespace:
        if self._runtimes is None:
            return Namespace(name=name)
        runtime, asked = self._runtimes.runtime_of(name), self._asked.get(name, "")
        return Namespace(
            name=name, runtime=asked if runtime == (asked or self._runtimes.default) else runtime
        )

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Remove and make, each all at once."""
        leaving = [o.key.namespace for o in operations if o.action in ("delete", "replace")]
        coming = [o.key.namespace for o in operations if o.action != "delete"]
        failures = dict(self._nodes.delete(leaving)) if leaving else {}
        coming = [name for name in coming if name not in failures]
        if coming and self._runtimes is not None:
            wanted = (o.desired for o in operations if isinstance(o.desired, Namespace))
            self._runtimes.place({one.name: one.runtime for one in wanted if one.name in coming})
        failures |= self._nodes.create(coming) if coming else {}
        return [failures.get(operation.key.namespace) for operation in operations]


class NamespaceKind(Kind[Namespace]):
    """How namespaces are made and found."""

    resource = Namespace

    def why_not(self, desired: Namespace, nodes: Runtimes) -> Iterable[tuple[str, str]]:
        """Return why a runtime that a node asks for can make none here; the default is asked for all."""
        if not desired.runtime or desired.runtime == nodes.default:
            return ()
        reason = nodes.by_name(desired.runtime).why_not()
        return [("runtime", reason)] if reason is not None else ()

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver."""
        return NamespaceDriver(nodes, desired)


KIND = NamespaceKind()
