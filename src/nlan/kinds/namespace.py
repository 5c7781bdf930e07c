"""The driver of network namespaces: the runtime makes and removes them, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

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
    """

    kind: ClassVar[str] = "namespace"
    rank: ClassVar[int] = Rank.NAMESPACE
    name: str
    exclusive: bool = False

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
        """Return None: one that is there is right."""
        return None


class NamespaceMaker(Protocol):
    """A place that can make and remove namespaces (`nlan.runtimes.base.Nodes`)."""

    def namespaces(self) -> list[str]:
        """Return the lab's namespaces that exist now, sorted."""

    def create(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Make namespaces, those that exist are left alone; return those that failed."""

    def delete(self, namespaces: Sequence[str]) -> Mapping[str, NlanError]:
        """Remove namespaces with all that is in them, absent ones are fine; return those that failed."""


class NamespaceDriver:
    """Network namespaces; deleting one ends its processes and takes its links with it."""

    kinds: tuple[str, ...] = ("namespace",)

    def __init__(self, place: NamespaceMaker) -> None:
        """Take the place to work in."""
        self._place = place

    def observe(self, namespaces: Sequence[str]) -> Iterable[Namespace]:
        """Return those of the namespaces that exist."""
        wanted = set(namespaces)
        return [Namespace(name=name) for name in self._place.namespaces() if name in wanted]

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Remove and make, each all at once."""
        leaving = [o.key.namespace for o in operations if o.action in ("delete", "replace")]
        coming = [o.key.namespace for o in operations if o.action != "delete"]
        failures = dict(self._place.delete(leaving)) if leaving else {}
        coming = [name for name in coming if name not in failures]
        failures |= self._place.create(coming) if coming else {}
        return [failures.get(operation.key.namespace) for operation in operations]


class NamespaceKind(Kind[Namespace]):
    """How namespaces are made and found."""

    resource = Namespace

    def driver(self, place: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver."""
        return NamespaceDriver(place)


KIND = NamespaceKind()
