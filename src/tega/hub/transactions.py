"""Transactions that the server holds between `begin` and `commit`, for shells, scripts and REST.

Every path that such a transaction reads or writes must stand at its commit
as it stood at its begin: of two that write one path, the second to commit
loses. A driver builds its transactions itself and sends them whole.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tega.hub.errors import Busy, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tega.api import Commit, Entry, Json, Path, Rev
    from tega.hub.store import HubStore
    from tega.store import AsyncTransaction

IDLE_S: Final = 60.0
MAX_OPEN: Final = 1000
MAX_STEPS: Final = 100_000


@dataclass(slots=True)
class Held:
    """One open transaction."""

    txid: str
    owner: str
    block: AbstractAsyncContextManager[AsyncTransaction]
    txn: AsyncTransaction
    used: float
    guarded: set[Path] = field(default_factory=set)
    steps: int = 0


class Transactions:
    """The open transactions; each is dropped after a minute without use."""

    def __init__(self, store: HubStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[str, Held] = {}

    async def begin(self, author: str, message: str) -> Held:
        if len(self._held) >= MAX_OPEN:
            raise Busy(f"{MAX_OPEN} transactions are open, which is the most this server holds")
        block = self._store.transaction(author=author, message=message)
        txn = await block.__aenter__()
        held = Held(secrets.token_hex(16), author, block, txn, self._clock())
        self._held[held.txid] = held
        return held

    def get(self, txid: str) -> Held:
        """Return an open transaction.

        Raises:
            NotFound: There is none of that id; it may have been dropped.
        """
        held = self._held.get(txid)
        if held is None:
            raise _gone(txid)
        held.used = self._clock()
        return held

    async def read(self, txid: str, path: Path) -> Entry | None:
        return await self.get(txid).txn.get(path)

    async def put(self, txid: str, path: Path, value: Json, expect: Rev | None, lease: str | None) -> None:
        held = await self._guarded(txid, path, expect)
        held.txn.put(path, value, expect=expect, lease=lease)

    async def merge(self, txid: str, path: Path, value: dict[str, Any], expect: Rev | None) -> None:
        held = await self._guarded(txid, path, expect)
        held.txn.merge(path, value, expect=expect)

    async def delete(self, txid: str, path: Path, expect: Rev | None) -> None:
        held = await self._guarded(txid, path, expect)
        held.txn.delete(path, expect=expect)

    async def _guarded(self, txid: str, path: Path, expect: Rev | None) -> Held:
        """A path that is about to be written must not change until the commit: read it at the base."""
        held = self.get(txid)
        held.steps += 1
        if held.steps > MAX_STEPS:
            raise Busy(f"a transaction that the server holds takes {MAX_STEPS} changes")
        if expect is None and path not in held.guarded:
            await held.txn.get(path)
        held.guarded.add(path)
        return held

    async def commit(self, txid: str, request_id: str | None = None) -> Commit | None:
        """Commit, and forget the transaction whatever comes of it; None when it changed nothing.

        Asked again with the same request id, it returns the same commit.
        """
        held = self._held.pop(txid, None)
        if held is None:
            return await self._committed(txid, request_id)
        held.txn.inner.request_id = request_id
        await held.block.__aexit__(None, None, None)
        return held.txn.result

    async def _committed(self, txid: str, request_id: str | None) -> Commit:
        """What an earlier request has made of a transaction, which may be about to be written."""
        found = None
        if request_id is not None:
            found = await self._store.run(lambda: self._store.database.find_request(request_id))
        if found is None:
            raise _gone(txid)
        return found

    async def drop(self, txid: str) -> None:
        """Forget a transaction; one that is gone already is no error."""
        held = self._held.pop(txid, None)
        if held is not None:
            held.txn.cancel()
            await held.block.__aexit__(None, None, None)

    async def expire(self, now: float) -> None:
        for held in [one for one in self._held.values() if now - one.used > IDLE_S]:
            await self.drop(held.txid)


def _gone(txid: str) -> NotFound:
    return NotFound(f"there is no open transaction {txid[:64]}; it was committed, cancelled or left idle")
