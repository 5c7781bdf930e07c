"""The driver of network namespaces: the runtime makes and removes them, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from nlan.errors import NlanError
from nlan.plan import Operation
from nlan.resources import Namespace


class NamespaceMaker(Protocol):
    """A place that can make and remove namespaces (`nlan.runtimes.NetnsRuntime`)."""

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
