"""What an asynchronous store hands out: leases that keep themselves alive, and transactions."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tega.api import Commit
from tega.errors import LeaseLost, StoreClosed, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tega.aio.store import AsyncStore
    from tega.api import (
        Difference,
        Entry,
        Json,
        PathLike,
        Rev,
    )
    from tega.database.txn import Transaction

logger = logging.getLogger("tega.store")


class AsyncLease:
    """A lease that is kept alive while its context is open; `lost` ends if it cannot be."""

    def __init__(self, store: AsyncStore, lease_id: str, ttl: float) -> None:
        self.id = lease_id
        self.ttl = ttl
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._store = store

    async def revoke(self) -> None:
        """End it now; its nodes are gone when this returns."""
        await self._store.revoke(self.id)

    async def keep(self) -> None:
        """Keep it alive until it is lost; the store may be busy, full or failing for a while."""
        while not self.lost.done():
            await asyncio.sleep(self.ttl / 3)
            try:
                await self._store.keep_alive(self.id)
            except LeaseLost:
                self.lost.set_result(None)
            except StoreClosed:
                return
            except StoreError as error:
                logger.warning("lease.not_kept lease=%s reason=%s", self.id, error)


class AsyncTransaction:
    """The async face of `Transaction`."""

    def __init__(self, inner: Transaction) -> None:
        self.inner = inner
        self.base = inner.base

    @property
    def result(self) -> Commit | None:
        """The commit, after the block ended well and if anything was written."""
        return self.inner.result

    async def get(self, path: PathLike) -> Entry | None:
        """See `Transaction.get`; never blocks."""
        return self.inner.get(path)

    def put(
        self, path: PathLike, value: Json, *, expect: Rev | None = None, lease: str | None = None
    ) -> None:
        """See `Transaction.put`."""
        self.inner.put(path, value, expect=expect, lease=lease)

    def merge(self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None) -> None:
        """See `Transaction.merge`."""
        self.inner.merge(path, value, expect=expect)

    def delete(self, path: PathLike, *, expect: Rev | None = None) -> None:
        """See `Transaction.delete`."""
        self.inner.delete(path, expect=expect)

    def expect(self, path: PathLike, rev: Rev) -> None:
        """See `Transaction.expect`."""
        self.inner.expect(path, rev)

    def cand(self) -> list[Difference]:
        """See `Transaction.cand`."""
        return self.inner.cand()

    def cancel(self) -> None:
        """See `Transaction.cancel`."""
        self.inner.cancel()
