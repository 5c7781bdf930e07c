"""The store as a server uses it: commits made on the event loop itself while the disk is quick.

Handing a commit to another thread and back costs more than the commit. So
whatever requests arrive in one turn of the loop are committed together at
the next, on the loop; with a quick disk that is a fifth of a millisecond
in which new requests wait in their sockets, to be the next group. When the
disk (or another process in the database) turns out slow, commits go to the
writer thread until it is quick again, so that reads and heartbeats go on.
States that are due are written there, too.
"""

from __future__ import annotations

import asyncio
import gc
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from tega.aio.store import AsyncStore, open_elsewhere
from tega.database.outcome import HandedIn, Outcome, commit_together
from tega.hub.lane import Lane

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from tega.aio.writer import Job
    from tega.api import Commit, Durability, Rev
    from tega.database.database import Database
    from tega.database.group import Request

SLOW_S: Final = 0.005
"""When groups take longer than this on average, the next ones go to the writer thread."""
RETRY_S: Final = 1.0
"""How long they go there before the loop tries again, from the last that was slow there."""


class HubStore(AsyncStore):
    """An `AsyncStore` whose commits take the short way while that is the quick one."""

    def __init__(self, database: Database) -> None:
        self._loop_thread = get_ident()
        self.lane = Lane()
        self._group: list[HandedIn] = []
        self._elsewhere = 0
        self._slow_until = 0.0
        self._usual = 0.0
        self._settling = False
        self._follower: Callable[[Commit | None], None] | None = None
        database.defer_states = True
        super().__init__(database)

    async def close(self) -> None:
        """Finish what was handed in, end all watches and close the database."""
        await super().close()
        self.lane.close()

    @property
    def seen(self) -> Rev:
        """The newest revision that this process has looked at."""
        return self._seen

    def follow(self, follower: Callable[[Commit | None], None]) -> Rev:
        """Have one function called with every commit from now on, in order, on the loop.

        It is called with None where commits are missing, as another
        process compacted them before they were read here. It must not
        block.

        Returns:
            The revision after which the commits come.
        """
        self._follower = follower
        return self._seen

    def _pass_on(self, commit: Commit) -> None:
        if self._follower is not None:
            self._follower(commit)
        super()._pass_on(commit)

    def _lost_history(self) -> None:
        super()._lost_history()
        if self._follower is not None:
            self._follower(None)

    async def commit_large(self, make: Callable[[], Request]) -> Commit:
        """Commit what takes long to look through: on other threads, the log's own only for what must be."""
        return await self.submit_large(await self.lane.call(make))

    async def submit_large(self, request: Request) -> Commit:
        """Have a commit made by the writer thread."""
        try:
            return await self._write_later(request)
        finally:
            gc.freeze()  # a full collection looks at each node again and again, and stops everybody

    def _submit(self, request: Request) -> Outcome:
        return self.submit_later(request)

    def submit_later(self, request: Request) -> Outcome:
        """Hand in a commit that was looked through. Commits happen in the order of the calls."""
        self._check_usable()
        if not self._group and (self._elsewhere or perf_counter() < self._slow_until):
            return self._write_later(request)
        one = HandedIn(request)
        if not self._group:
            self._loop.call_soon(self._commit_group)
        self._group.append(one)
        return one.outcome

    def _write_later(self, request: Request) -> Outcome:
        """For the writer thread, and so after what is about to be committed here."""
        self._commit_group()
        outcome = super()._write_later(request)
        self._elsewhere += 1
        return outcome

    def _call_later(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """For the writer thread, and so after what is about to be committed here."""
        self._commit_group()
        future = super()._call_later(call)
        self._elsewhere += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, future: asyncio.Future[Any]) -> None:
        self._elsewhere -= 1

    def _written(self, group: Sequence[HandedIn]) -> None:
        self._elsewhere -= len(group)
        if perf_counter() - group[0].since > SLOW_S:  # it still is
            self._slow_until = perf_counter() + RETRY_S
        super()._written(group)

    def _commit_group(self) -> None:
        """Commit here and now what was handed in during this turn of the loop."""
        group, self._group = self._group, []
        if not group:
            return
        start = perf_counter()
        self._settling = True
        try:
            commit_together(self.database, group)
        except BaseException:
            self._settle(group)
            raise
        finally:
            self._settling = False
        self._note(perf_counter() - start)
        self._settle(group)
        self._dispatch()
        self._afterwards()

    def _afterwards(self) -> None:
        """What need not delay the answers."""
        if self._wake_fd >= 0:  # that was this store's own commit; those of others are looked for
            self._woken()
        if self.database.state_due and not self._elsewhere:
            self._call_later(self.database.write_due_state)

    def _work(self, jobs: Sequence[Job]) -> None:
        super()._work(jobs)
        self.database.write_due_state()

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
        if not self._settling:
            self._loop.call_soon(self._dispatch)


async def open_hub_store(directory: str | os.PathLike[str], *, durability: Durability = "full") -> HubStore:
    """Open the store of a directory for a server, see `tega.open_database`."""
    return HubStore(await open_elsewhere(directory, durability=durability))
