"""The driver of kernel switches: files below /proc/sys, as seen from inside a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlan.drivers.base import Place
from nlan.errors import ApplyError, HostError, NlanError
from nlan.plan import Operation
from nlan.resources import Resource, Sysctl


class SysctlDriver:
    """Kernel switches. There are thousands, so only those that are wanted are observed.

    Deleting one does nothing: what it was before is not known, and it goes with its namespace.
    """

    kinds: tuple[str, ...] = ("sysctl",)

    def __init__(self, place: Place, desired: Iterable[Resource] = ()) -> None:
        """Take the place, and from the desired resources the switches to observe."""
        self._place = place
        self._wanted: dict[str, list[str]] = {}
        for resource in desired:
            if isinstance(resource, Sysctl):
                self._wanted.setdefault(resource.namespace, []).append(resource.name)

    def observe(self, namespaces: Sequence[str]) -> Iterable[Sysctl]:
        """Return the wanted switches of the namespaces; one that the kernel lacks is left out."""
        found: list[Sysctl] = []
        for namespace in namespaces:
            if namespace in self._wanted:
                try:
                    found += self._observe_in(namespace)
                except HostError:
                    continue  # the namespace is gone
        return found

    def _observe_in(self, namespace: str) -> list[Sysctl]:
        with self._place.inside(namespace):
            values = [(name, _read(name)) for name in self._wanted[namespace]]
        return [
            Sysctl(namespace=namespace, name=name, value=value) for name, value in values if value is not None
        ]

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write the values, namespace by namespace."""
        outcomes: list[NlanError | None] = [None] * len(operations)
        by_namespace: dict[str, list[tuple[int, Sysctl]]] = {}
        for position, operation in enumerate(operations):
            if isinstance(operation.desired, Sysctl):
                by_namespace.setdefault(operation.key.namespace, []).append((position, operation.desired))
        for namespace, group in by_namespace.items():
            try:
                with self._place.inside(namespace):
                    failures = {position: _write(switch) for position, switch in group}
            except HostError as failure:
                failures = {position: str(failure) for position, _ in group}
            for position, words in failures.items():
                if words is not None:
                    outcomes[position] = ApplyError(namespace, str(operations[position]), words)
        return outcomes


def _read(name: str) -> str | None:
    try:
        with open(f"/proc/sys/{name}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def _write(switch: Sysctl) -> str | None:
    """Write one value; return why not, None for success."""
    try:
        with open(f"/proc/sys/{switch.name}", "w", encoding="ascii") as file:
            file.write(switch.value)
    except OSError as failure:
        return f"{failure.strerror} (/proc/sys/{switch.name})"
    return None
