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

from tega.errors import StoreClosed
from tega.hub.lane import Lane
from tega.store import AsyncStore, _Job, open_elsewhere

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Sequence

    from tega.api import Commit, Durability, Rev
    from tega.database import Database
    from tega.group import Request

SLOW_S: Final = 0.005
"""When groups take longer than this on average, the next ones go to the writer thread."""
RETRY_S: Final = 1.0
"""How long they go there before the loop tries again, from the last that was slow there."""


class Outcome:
    """What becomes of one commit. Unlike a future it tells at once, not a turn of the loop later."""

    __slots__ = ("_done", "_error", "_result", "_tell", "_waiter")

    def __init__(self) -> None:
        self._done = False
        self._result: Commit | None = None
        self._error: BaseException | None = None
        self._tell: Callable[[Outcome], None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def settle(self, result: Commit | None, error: BaseException | None) -> None:
        self._done, self._result, self._error = True, result, error
        if self._tell is not None:
            self._tell(self)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def add_done_callback(self, tell: Callable[[Outcome], None]) -> None:
        """Have one function called when it is known; for now or later, never at once."""
        self._tell = tell

    def result(self) -> Commit:
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def exception(self) -> BaseException | None:
        return self._error

    def cancelled(self) -> bool:
        return False

    def cancel(self) -> bool:
        """A commit that was handed in happens; only nobody hears of it."""
        self._tell = None
        return False

    def __await__(self) -> Generator[Any, None, Commit]:
        if not self._done:
            self._waiter = asyncio.get_running_loop().create_future()
            yield from self._waiter
        return self.result()


class HubStore(AsyncStore):
    """An `AsyncStore` whose commits take the short way while that is the quick one."""

    def __init__(self, database: Database) -> None:
        self._loop_thread = get_ident()
        self.lane = Lane()
        self._group: list[tuple[Request, Outcome]] = []
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
        self._check_usable()
        try:
            return await self._elsewhere_then(request)
        finally:
            gc.freeze()  # a full collection looks at each node again and again, and stops everybody

    async def _submit(self, request: Request) -> Commit:
        return await self.submit_later(request)

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreClosed("the store was closed")

    def submit_later(self, request: Request) -> Outcome:
        """Hand in a commit that was looked through. Commits happen in the order of the calls."""
        self._check_usable()
        if not self._group and (self._elsewhere or perf_counter() < self._slow_until):
            return self._elsewhere_then(request)
        outcome = Outcome()
        if not self._group:
            self._loop.call_soon(self._commit_group)
        self._group.append((request, outcome))
        return outcome

    def _elsewhere_then(self, request: Request) -> Outcome:
        outcome = Outcome()
        future = self._enqueue(request, None)
        start = perf_counter()

        def back(done: asyncio.Future[Any]) -> None:
            if perf_counter() - start > SLOW_S:  # it still is
                self._slow_until = perf_counter() + RETRY_S
            error = None if done.cancelled() else done.exception()
            outcome.settle(None if error else done.result(), error)

        future.add_done_callback(back)
        return outcome

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
        self._settling = True
        try:
            self.database.submit(*[request for request, _ in group])
        except Exception as error:  # noqa: BLE001 - each request carries its own outcome
            for request, _ in group:
                if not request.done:
                    request.error = error
        except BaseException as error:
            for _, outcome in group:
                outcome.settle(None, error)
            raise
        finally:
            self._settling = False
        self._note(perf_counter() - start)
        for request, outcome in group:
            self._settle(outcome, request)
        self._dispatch()
        self._afterwards()

    def _afterwards(self) -> None:
        """What need not delay the answers."""
        if self._wake_fd >= 0:  # that was this store's own commit; those of others are looked for
            self._woken()
        if self.database.state_due and not self._elsewhere:
            self._enqueue(None, self.database.write_due_state)

    def _work(self, jobs: Sequence[_Job]) -> None:
        super()._work(jobs)
        self.database.write_due_state()

    def _settle(self, outcome: Outcome, request: Request) -> None:
        """One who cannot hear must not keep the others from hearing."""
        try:
            outcome.settle(request.result, request.error)
        except Exception as error:  # noqa: BLE001 - reported, as the loop does with callbacks
            self._loop.call_exception_handler({"message": "telling a commit failed", "exception": error})

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
    """Open the store of a directory for a server, see `tega.database.open_database`."""
    return HubStore(await open_elsewhere(directory, durability=durability))
