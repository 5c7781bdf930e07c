"""The fake of the drivers of routing daemons: each is its configuration, and speaks to nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from nlan.engines.base import Daemon, Engines
from nlan.errors import ApplyError, HostError, NlanError
from nlan.plan import Operation
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.fake import FakeKernel
from nlan.testing.kernel.state import Netns


class FakeDaemonDriver:
    """The daemons of all engines in the namespaces of a fake kernel; they end with their namespace."""

    def __init__(self, kernel: FakeKernel) -> None:
        """Take the kernel whose namespaces they run in."""
        self._kernel = kernel
        self.kinds = tuple(sorted(Engines.able().kinds))

    def observe(self, namespaces: Sequence[str]) -> Iterable[Daemon]:
        """Return what runs in the namespaces, as it is configured."""
        present = self._kernel.owned()
        for name in namespaces:
            if name in present:
                yield from self._kernel.netns(name).daemons.values()

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """End daemons, start them, or give them another configuration."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        key = operation.key
        try:
            self._kernel.faults.call()
            self._kernel.faults.change(str(operation))
            self._carry_out(operation)
        except RefusedError as refused:
            return ApplyError(key.namespace, str(operation), os.strerror(refused.errno))
        except HostError as failure:
            return ApplyError(key.namespace, str(operation), str(failure))
        return None

    def _carry_out(self, operation: Operation) -> None:
        name, desired = operation.key.name, operation.desired
        if isinstance(desired, Daemon):
            netns = self._kernel.netns(desired.namespace)
            _check_port(netns, desired)
            netns.daemons[name] = desired
        elif operation.key.namespace in self._kernel.namespaces:
            self._kernel.netns(operation.key.namespace).daemons.pop(name, None)


def _check_port(netns: Netns, desired: Daemon) -> None:
    """Refuse a second speaker of BGP in a namespace: the port is taken."""
    for name, daemon in netns.daemons.items():
        if name != desired.key.name and set(daemon.claims()) & set(desired.claims()):
            raise HostError(f"{desired.key.name}: {name} listens on port {desired.claims()[0][-1]} already")
