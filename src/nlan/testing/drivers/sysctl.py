"""The fake of the driver of kernel switches; the real one reads and writes files below /proc/sys."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

from nlan.errors import ApplyError, HostError, NlanError
from nlan.kinds.sysctl import Sysctl
from nlan.plan import Operation
from nlan.resources import Resource
from nlan.testing.errors import RefusedError
from nlan.testing.kernel import switches
from nlan.testing.kernel.fake import FakeKernel


class FakeSysctlDriver:
    """Kernel switches of a fake kernel, see `nlan.kinds.sysctl.SysctlDriver`."""

    kinds: tuple[str, ...] = ("sysctl",)

    def __init__(self, kernel: FakeKernel, desired: Iterable[Resource] = ()) -> None:
        """Take the kernel, and from the desired resources the switches to observe."""
        self._kernel = kernel
        self._wanted: dict[str, set[str]] = defaultdict(set)
        for resource in desired:
            if isinstance(resource, Sysctl):
                self._wanted[resource.namespace].add(resource.name)

    def observe(self, namespaces: Sequence[str]) -> Iterable[Sysctl]:
        """Return the wanted switches of the namespaces, and those that were set and are not wanted."""
        for namespace in namespaces:
            wanted = self._wanted.get(namespace, set())
            netns = self._kernel.namespaces.get(namespace)
            if netns is not None and self._wanted:
                left = {n for n in netns.switched - wanted if netns.sysctls[n] != switches.DEFAULTS[n]}
                for name in sorted((wanted & netns.sysctls.keys()) | left):
                    yield Sysctl(namespace=namespace, name=name, value=netns.sysctls[name])

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write the values; a switch that is deleted goes back to its default."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        switch = operation.desired or operation.observed
        if not isinstance(switch, Sysctl) or self._is_gone(operation):
            return None
        try:
            netns = self._kernel.netns(switch.namespace)
            self._kernel.faults.call()
            self._kernel.faults.change(f"write {switch.name} in {switch.namespace}")
            value = switch.value if operation.desired is not None else switches.DEFAULTS[switch.name]
            switches.write(netns, switch.name, value)
            netns.switched.add(switch.name)
            if operation.desired is None:
                netns.switched.discard(switch.name)
        except HostError as failure:
            return ApplyError(switch.namespace, str(operation), str(failure))
        except RefusedError as refused:
            words = f"{os.strerror(refused.errno)} (/proc/sys/{switch.name})"
            return ApplyError(switch.namespace, str(operation), words)
        return None

    def _is_gone(self, operation: Operation) -> bool:
        return operation.desired is None and operation.key.namespace not in self._kernel.namespaces
