"""The fake of the driver of the lab's hosts file: a text in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from nlan.errors import ApplyError, NlanError
from nlan.kinds.hosts import HostsFile
from nlan.plan import Operation
from nlan.resources import HOST
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.fake import FakeKernel


class FakeHostsDriver:
    """The hosts file of a lab on a fake kernel, see `nlan.kinds.hosts.HostsDriver`."""

    kinds: tuple[str, ...] = ("hosts",)

    def __init__(self, kernel: FakeKernel) -> None:
        """Take the kernel that keeps it."""
        self._kernel = kernel

    def observe(self, namespaces: Sequence[str]) -> Iterable[HostsFile]:
        """Return the file if it is there."""
        return [] if self._kernel.hosts is None else [HostsFile(text=self._kernel.hosts)]

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write or remove the file."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        try:
            self._kernel.faults.call()
            self._kernel.faults.change("write the hosts file")
        except RefusedError as refused:
            return ApplyError(HOST, str(operation), os.strerror(refused.errno))
        wanted = operation.desired
        self._kernel.hosts = wanted.text if isinstance(wanted, HostsFile) else None
        return None
