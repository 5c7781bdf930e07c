"""Transactions that the server holds between `begin` and `commit`, for shells, scripts and REST.

Every path that such a transaction reads or writes must stand at its commit
as it stood at its begin: of two that write one path, the second to commit
loses; only what the token may not read is not looked at. A driver builds
its transactions itself and sends them whole.

A transaction is its token's: with another one nobody finds it. Each token
has a share of what the server holds.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from tega.api import Op
from tega.errors import TooLarge
from tega.hub.interest import is_heavy
from tega.paths import format_path
from tega.protocol.errors import Busy, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Change, Commit, Difference, Path, Rev
    from tega.database.txn import Transaction
    from tega.hub.access import Access
    from tega.hub.store import HubStore
    from tega.tree.nodes import Node

IDLE_S: Final = 60.0
MAX_OPEN: Final = 1000
MAX_OPEN_TOKEN: Final = 100
"""Transactions that the server holds, and those of one token."""
MAX_BYTES: Final = 256 << 20
MAX_BYTES_TOKEN: Final = 64 << 20
"""Bytes of what they write, as JSON; where there are no tokens, everybody shares the first."""
MAX_STEPS: Final = 100_000
LARGE: Final = 64 << 10
"""Bytes of a transaction that is committed by way of another thread."""
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Held:
    """One open transaction."""

    txid: str
    token: str
    txn: Transaction
    used: float
    size: int = 0
    steps: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Transactions:
    """The open transactions; each is dropped after a minute without use."""

    def __init__(self, store: HubStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._ending: dict[str, asyncio.Future[Commit | None]] = {}

    def begin(self, access: Access, author: str, message: str) -> Held:
        """Open a transaction.

        Raises:
            Busy: The token, or the server, holds as many as it takes.
        """
        own = sum(1 for one in self._held.values() if one.token == access.name)
        if access.name and own >= MAX_OPEN_TOKEN:
            raise Busy(f"{MAX_OPEN_TOKEN} transactions of this token are open, which is the most")
        if len(self._held) >= MAX_OPEN:
            raise Busy(f"{MAX_OPEN} transactions are open, which is the most this server holds")
        txn = self._store.database.transaction(author=author, message=message)
        held = Held(secrets.token_hex(16), access.name, txn, self._clock())
        self._held[held.txid] = held
        return held

    def get(self, access: Access, txid: str) -> Held:
        """Return an open transaction.

        Raises:
            NotFound: This token has none of that id; it may have been dropped.
        """
        held = self._held.get(txid)
        if held is None or held.token != access.name:
            raise _gone(txid)
        held.used = self._clock()
        return held

    async def read(self, access: Access, txid: str, path: Path) -> Node:
        """Return the tree as the transaction sees it; what is at the path must stand until the commit."""
        held = self.get(access, txid)
        async with held.lock:
            held.txn.guard(path)
            return held.txn.view().tree

    async def add(self, access: Access, txid: str, change: Change, expect: Rev | None) -> None:
        """Add a change.

        Raises:
            Busy: The transaction, its token or the server holds as much as it takes.
        """
        held = self.get(access, txid)
        heavy = is_heavy(change.value)
        async with held.lock:
            size = await self._store.lane.call(lambda: _size(change)) if heavy else _size(change)
            self._take_room(held, size)
            if expect is None and access.allows("read", change.path):
                held.txn.guard(change.path)
            if heavy:
                await self._store.lane.call(lambda: _add(held.txn, change, expect))
            else:
                _add(held.txn, change, expect)

    def _take_room(self, held: Held, size: int) -> None:
        own = sum(one.size for one in self._held.values() if one.token == held.token)
        everything = sum(one.size for one in self._held.values())
        most = self._store.limits().commit_bytes
        if held.size + size > most:
            raise TooLarge(f"a transaction of more than {most} bytes: a commit takes no more")
        if (held.token and own + size > MAX_BYTES_TOKEN) or everything + size > MAX_BYTES:
            raise Busy("the open transactions hold as much as they may: commit or cancel some")
        if held.steps >= MAX_STEPS:
            raise Busy(f"a transaction that the server holds takes {MAX_STEPS} changes")
        held.size += size
        held.steps += 1

    async def cand(self, access: Access, txid: str) -> list[Difference]:
        """Return what a commit would change now."""
        held = self.get(access, txid)
        async with held.lock:
            if held.size < LARGE:
                return held.txn.cand()
            return await self._store.lane.call(held.txn.cand)

    async def commit(self, access: Access, txid: str, request_id: str | None = None) -> Commit | None:
        """Commit, and forget the transaction whatever comes of it; None when it changed nothing.

        Asked again with the same request id, it returns the same commit.
        """
        held = self._held.get(txid)
        if held is None or held.token != access.name:
            return await self._committed(access, txid, request_id)
        del self._held[txid]
        held.txn.request_id = request_id
        ending = asyncio.ensure_future(self._commit(held))
        self._ending[f"{held.token}/{txid}"] = ending
        ending.add_done_callback(lambda _: self._ending.pop(f"{held.token}/{txid}", None))
        return await asyncio.shield(ending)

    async def _commit(self, held: Held) -> Commit | None:
        async with held.lock:
            if held.size < LARGE:
                request = held.txn.close()
                return None if request is None else await self._store.submit_later(request)
            request = await self._store.lane.call(held.txn.close)
            return None if request is None else await self._store.submit_large(request)

    async def _committed(self, access: Access, txid: str, request_id: str | None) -> Commit:
        """What an earlier request has made of a transaction, which may be about to be written."""
        ending = self._ending.get(f"{access.name}/{txid}")
        if ending is not None:
            await asyncio.wait([ending])
        found = None
        if request_id is not None:
            found = await self._store.run(lambda: self._store.database.find_request(request_id))
        if found is None:
            raise _gone(txid)
        return found

    def drop(self, txid: str) -> None:
        """Forget a transaction; one that is gone already is no error."""
        held = self._held.pop(txid, None)
        if held is not None:
            held.txn.cancel()

    def expire(self, now: float) -> None:
        for held in [one for one in self._held.values() if now - one.used > IDLE_S]:
            self.drop(held.txid)


def _size(change: Change) -> int:
    return len(_encode(change.value)) + len(format_path(change.path))


def _add(txn: Transaction, change: Change, expect: Rev | None) -> None:
    match change.op:
        case Op.PUT:
            txn.put(change.path, change.value, expect=expect, lease=change.lease)
        case Op.MERGE:
            txn.merge(change.path, change.value, expect=expect)
        case Op.DELETE:
            txn.delete(change.path, expect=expect)


def _gone(txid: str) -> NotFound:
    return NotFound(f"there is no open transaction {txid[:64]}; it was committed, cancelled or left idle")
