"""The fake of the driver of programs: each is what was asked of it, and does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import msgspec

from nlan.errors import ApplyError, HostError, NlanError
from nlan.kinds.program import Program
from nlan.plan import Operation
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.fake import FakeKernel


class FakeProgramDriver:
    """The programs in the namespaces of a fake kernel, see `nlan.kinds.program.ProgramDriver`."""

    kinds: tuple[str, ...] = (Program.kind,)

    def __init__(self, kernel: FakeKernel) -> None:
        """Take the kernel whose namespaces they run in."""
        self._kernel = kernel

    def observe(self, namespaces: Sequence[str]) -> Iterator[Program]:
        """Yield what runs in the namespaces."""
        present = self._kernel.owned()
        for name in namespaces:
            if name in present:
                yield from self._kernel.netns(name).programs.values()

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """End programs, start them, or give them other files."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        namespace, name = operation.key.namespace, operation.key.name
        try:
            self._kernel.faults.call()
            self._kernel.faults.change(str(operation))
            if isinstance(desired := operation.desired, Program):
                self._kernel.netns(namespace).programs[name] = msgspec.structs.replace(desired, after=())
            elif namespace in self._kernel.namespaces:
                self._kernel.netns(namespace).programs.pop(name, None)
        except RefusedError as refused:
            return ApplyError(namespace, str(operation), os.strerror(refused.errno))
        except HostError as failure:
            return ApplyError(namespace, str(operation), str(failure))
        return None
