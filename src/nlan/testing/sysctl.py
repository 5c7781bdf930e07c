"""The fake of the driver of kernel switches; the real one reads and writes files below /proc/sys."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from nlan.errors import ApplyError, HostError, NlanError
from nlan.plan import Operation
from nlan.resources import Resource, Sysctl
from nlan.testing import switches
from nlan.testing.errors import RefusedError
from nlan.testing.kernel import FakeKernel


class FakeSysctlDriver:
    """Kernel switches of a fake kernel, see `nlan.drivers.sysctl.SysctlDriver`."""

    kinds: tuple[str, ...] = ("sysctl",)

    def __init__(self, kernel: FakeKernel, desired: Iterable[Resource] = ()) -> None:
        """Take the kernel, and from the desired resources the switches to observe."""
        self._kernel = kernel
        self._wanted = [resource for resource in desired if isinstance(resource, Sysctl)]

    def observe(self, namespaces: Sequence[str]) -> Iterable[Sysctl]:
        """Return the wanted switches of the namespaces; one that the kernel lacks is left out."""
        for wanted in self._wanted:
            known = wanted.namespace in namespaces
            netns = self._kernel.namespaces.get(wanted.namespace) if known else None
            if netns is not None and (value := netns.sysctls.get(wanted.name)) is not None:
                yield Sysctl(namespace=wanted.namespace, name=wanted.name, value=value)

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write the values; deleting a switch does nothing."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        switch = operation.desired
        if not isinstance(switch, Sysctl):
            return None
        try:
            netns = self._kernel.netns(switch.namespace)
            self._kernel.faults.call()
            self._kernel.faults.change(f"write {switch.name} in {switch.namespace}")
            switches.write(netns, switch.name, switch.value)
        except HostError as failure:
            return ApplyError(switch.namespace, str(operation), str(failure))
        except RefusedError as refused:
            words = f"{os.strerror(refused.errno)} (/proc/sys/{switch.name})"
            return ApplyError(switch.namespace, str(operation), words)
        return None
