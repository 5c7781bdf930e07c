"""The fake of the driver of tables of nftables: each is what was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from nlan.errors import ApplyError, HostError, NlanError
from nlan.kinds.nft import Nft
from nlan.plan import Operation
from nlan.testing.errors import RefusedError
from nlan.testing.kernel.fake import FakeKernel


class FakeNftDriver:
    """Tables in the namespaces of a fake kernel, see `nlan.kinds.nft.NftDriver`."""

    kinds: tuple[str, ...] = ("nft",)

    def __init__(self, kernel: FakeKernel) -> None:
        """Take the kernel whose namespaces they are in."""
        self._kernel = kernel

    def observe(self, namespaces: Sequence[str]) -> Iterable[Nft]:
        """Return the tables."""
        for name in namespaces:
            if (netns := self._kernel.namespaces.get(name)) is not None:
                yield from netns.nft.values()

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Put tables, or remove them."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        namespace, name, wanted = operation.key.namespace, operation.key.name, operation.desired
        if wanted is None and namespace not in self._kernel.namespaces:
            return None
        try:
            netns = self._kernel.netns(namespace)
            self._kernel.faults.call()
            self._kernel.faults.change(str(operation))
        except RefusedError as refused:
            return ApplyError(namespace, str(operation), os.strerror(refused.errno))
        except HostError as failure:
            return ApplyError(namespace, str(operation), str(failure))
        if isinstance(wanted, Nft):
            netns.nft[name] = wanted
        else:
            netns.nft.pop(name, None)
        return None
