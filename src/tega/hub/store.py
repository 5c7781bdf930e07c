"""The store as a server uses it: commits made on the event loop itself while the disk is quick.

Handing a commit to another thread and back costs more than the commit. So
whatever requests arrive in one turn of the loop are committed together at
the next, on the loop; with a quick disk that is a fifth of a millisecond
in which new requests wait in their sockets, to be the next group. When the
disk (or another process in the database) turns out slow, commits go to the
writer thread until it is quick again, so that reads and heartbeats go on.
"""

from __future__ import annotations

import asyncio
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from tega.database import open_database
from tega.errors import StoreClosed, StoreError
from tega.store import AsyncStore

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from tega.api import Change, Commit, Durability, Path, Rev
    from tega.database import Database
    from tega.group import Request

SLOW_S: Final = 0.005
"""When groups take longer than this on average, the next ones go to the writer thread."""
RETRY_S: Final = 1.0
"""How long they go there before the loop tries again."""


class HubStore(AsyncStore):
    """An `AsyncStore` whose commits take the short way while that is the quick one."""

    def __init__(self, database: Database) -> None:
        self._loop_thread = get_ident()
        self._group: list[tuple[Request, asyncio.Future[Commit]]] = []
        self._elsewhere = 0
        self._slow_until = 0.0
        self._usual = 0.0
        super().__init__(database)

    def commit_later(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> asyncio.Future[Commit]:
        """Hand in a commit; the future is its outcome. Commits happen in the order of the calls."""
        return self._hand_in(self.database.request(changes, expect, author, message, request_id))

    async def _submit(self, request: Request) -> Commit:
        return await self._hand_in(request)

    def _hand_in(self, request: Request) -> asyncio.Future[Commit]:
        if self._closed:
            raise StoreClosed("the store was closed")
        if not self._group and (self._elsewhere or perf_counter() < self._slow_until):
            return self._enqueue(request, None)
        future: asyncio.Future[Commit] = self._loop.create_future()
        if not self._group:
            self._loop.call_soon(self._commit_group)
        self._group.append((request, future))
        return future

    def _enqueue(self, request: Request | None, call: Callable[[], Any] | None) -> asyncio.Future[Any]:
        """For the writer thread, and so after what is about to be committed here."""
        self._commit_group()
        future = super()._enqueue(request, call)
        self._elsewhere += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, future: asyncio.Future[Any]) -> None:
        self._elsewhere -= 1

    def _commit_group(self) -> None:
        group, self._group = self._group, []
        if not group:
            return
        start = perf_counter()
        try:
            self.database.submit(*[request for request, _ in group])
        except StoreError:
            pass  # each request carries its own outcome
        except BaseException as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            raise
        self._note(perf_counter() - start)
        for request, future in group:
            _settle(future, request)

    def _note(self, taken: float) -> None:
        """Keep the average of the last few groups: a single slow one, a checkpoint, changes nothing."""
        self._usual += (taken - self._usual) / 8
        if self._usual > SLOW_S:
            self._usual = 0.0
            self._slow_until = perf_counter() + RETRY_S

    def _published(self, commits: Sequence[Commit]) -> None:
        if get_ident() != self._loop_thread:
            super()._published(commits)
            return
        self._fresh.append(commits)
        self._loop.call_soon(self._dispatch)


def _settle(future: asyncio.Future[Commit], request: Request) -> None:
    if future.done():
        return
    if request.error is not None:
        future.set_exception(request.error)
    else:
        assert request.result is not None
        future.set_result(request.result)


async def open_hub_store(directory: str | os.PathLike[str], *, durability: Durability = "full") -> HubStore:
    """Open the store of a directory for a server, see `tega.database.open_database`."""
    return HubStore(await asyncio.to_thread(open_database, directory, durability=durability))
