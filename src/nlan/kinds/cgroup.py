"""The driver of nodes' limits."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

from nlan.errors import NlanError
from nlan.kinds.base import Driver, Kind
from nlan.netlink.feature import Condition
from nlan.plan import Operation
from nlan.resources.base import NAMESPACE, Difference, Impact, Key, Rank, Resource


class Cgroup(Resource, frozen=True, kw_only=True):
    """A node's cgroup with limits; None is no limit.

    Attributes:
        namespace: The node.
        memory: In bytes.
        cpus: Processors.
        pids: Processes.
    """

    kind: ClassVar[str] = "cgroup"
    is_ground: ClassVar[bool] = True
    rank: ClassVar[int] = Rank.SETTINGS + 30
    mutable: ClassVar[dict[str, Impact]] = {"memory": "hitless", "cpus": "hitless", "pids": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    is_polled: ClassVar[bool] = True
    namespace: str
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None

    @property
    def key(self) -> Key:
        """One per node."""
        return Key(self.kind, self.namespace, "")

    def requires(self) -> tuple[Key, ...]:
        """The node's namespace."""
        return (Key(NAMESPACE, self.namespace, ""),)

    def difference(self, observed: Any) -> Difference | None:
        """Compare; a limit that is not written any more is lifted."""
        names = [name for name in self.mutable if getattr(self, name) != getattr(observed, name)]
        words = (f"{n} is {_limit(getattr(observed, n))}, wanted {_limit(getattr(self, n))}" for n in names)
        return Difference("hitless", ", ".join(words)) if names else None


class Limiter(Protocol):
    """Cgroups of a lab's nodes (`nlan.runtimes.base.Limits`)."""

    def limits(self, namespace: str) -> dict[str, float]:
        """Return ``memory`` in bytes, ``cpu`` in processors, ``pids``; what is missing is unlimited."""

    def set_limits(self, namespace: str, limits: dict[str, float]) -> None:
        """Set limits; what is missing becomes unlimited.

        Raises:
            HostError: A limit cannot be set on this machine.
        """

    def why_not(self, controller: str) -> str | None:
        """Return why ``memory``, ``cpu`` or ``pids`` cannot be limited here; None if it can."""


class HasCgroups(Protocol):
    """A place with cgroups (`nlan.runtimes.base.Nodes`)."""

    @property
    def cgroups(self) -> Limiter:
        """The cgroups of its nodes."""


class CgroupDriver:
    """Limits of nodes; a node without any has no such resource."""

    kinds: tuple[str, ...] = ("cgroup",)

    def __init__(self, nodes: HasCgroups, desired: Iterable[Resource] = ()) -> None:
        """Take the place, and the desired limits: the kernel rounds, which is no difference."""
        self._cgroups = nodes.cgroups
        self._desired = {r.namespace: r for r in desired if isinstance(r, Cgroup)}

    def observe(self, namespaces: Sequence[str]) -> Iterable[Cgroup]:
        """Return the limits of those nodes that have any."""
        for namespace in namespaces:
            limits = self._cgroups.limits(namespace)
            if limits:
                yield self._resource(namespace, limits)

    def _resource(self, namespace: str, limits: dict[str, float]) -> Cgroup:
        memory, cpus, pids = limits.get("memory"), limits.get("cpu"), limits.get("pids")
        desired = self._desired.get(namespace)
        if desired is not None and _rounds_to(desired.memory, memory, mmap.PAGESIZE):
            memory = desired.memory
        if desired is not None and _rounds_to(desired.cpus, cpus, 1e-5):
            cpus = desired.cpus
        return Cgroup(
            namespace=namespace,
            memory=None if memory is None else int(memory),
            cpus=cpus,
            pids=None if pids is None else int(pids),
        )

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Set or lift limits."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        wanted = operation.desired
        limits: dict[str, float] = {}
        if isinstance(wanted, Cgroup):
            asked = {"memory": wanted.memory, "cpu": wanted.cpus, "pids": wanted.pids}
            limits = {name: value for name, value in asked.items() if value is not None}
        try:
            self._cgroups.set_limits(operation.key.namespace, limits)
        except NlanError as failure:
            return failure
        return None


def _rounds_to(desired: float | None, observed: float | None, step: float) -> bool:
    """Tell whether the kernel, which counts in steps, made `observed` of `desired`."""
    return desired is not None and observed is not None and abs(desired - observed) < step


def _limit(value: float | None) -> str:
    return "unlimited" if value is None else str(value)


def _mounted() -> tuple[bool, str]:
    """Return whether cgroups are mounted, and of which version."""
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return True, "v2"
    is_old = os.path.isdir("/sys/fs/cgroup/memory")
    return is_old, "v1" if is_old else "none is mounted"


class CgroupKind(Kind[Cgroup]):
    """How limits are set and found."""

    resource = Cgroup
    conditions = (Condition("cgroup", "limits of nodes", "mount cgroup2 on /sys/fs/cgroup", _mounted),)

    def why_not(self, desired: Cgroup, nodes: HasCgroups) -> Iterator[tuple[str, str]]:
        """Yield the limits that cannot be set on this machine."""
        asked = {"memory": desired.memory, "cpu": desired.cpus, "pids": desired.pids}
        for controller in (name for name, value in asked.items() if value is not None):
            if (reason := nodes.cgroups.why_not(controller)) is not None:
                yield f"limits.{'cpus' if controller == 'cpu' else controller}", reason

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return their driver; it compares with what is desired."""
        return CgroupDriver(nodes, desired)


KIND = CgroupKind()
