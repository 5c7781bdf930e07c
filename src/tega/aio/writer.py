"""The writer thread of an asynchronous store: all that may touch the disk, in the order it was asked for."""

from __future__ import annotations

import asyncio
import contextlib
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from tega.database.database import Database
from tega.database.group import Request
from tega.database.outcome import HandedIn, Outcome, commit_together
from tega.errors import StoreClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_T = TypeVar("_T")


class Call(NamedTuple):
    """A function that the writer thread is to call."""

    future: asyncio.Future[Any]
    call: Callable[[], Any]


Job: TypeAlias = "HandedIn | Call"
"""What the writer thread is to do."""


class AsyncWriter:
    """A database with a writer thread, on the running event loop.

    Args:
        database: What it stands on.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._write, name="tega-writer", daemon=True)
        self._thread.start()

    async def _stop_writing(self) -> None:
        """Finish what was handed in."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _write(self) -> None:
        while True:
            jobs: list[Job | None] = [self._jobs.get()]
            try:
                while True:
                    jobs.append(self._jobs.get_nowait())
            except Empty:
                pass
            self._work([job for job in jobs if job is not None])
            if None in jobs:
                return

    def _work(self, jobs: Sequence[Job]) -> None:
        """Do the jobs in order, neighbouring commits as one group."""
        group: list[HandedIn] = []
        for job in jobs:
            if isinstance(job, HandedIn):
                group.append(job)
                continue
            self._write_group(group)
            group = []
            self._call_job(job)
        self._write_group(group)

    def _write_group(self, group: Sequence[HandedIn]) -> None:
        if group:
            with contextlib.suppress(BaseException):  # each request carries it to whoever waits
                commit_together(self.database, group)
            self._to_loop(self._written, group)

    def _written(self, group: Sequence[HandedIn]) -> None:
        """The writer thread has committed these, or tried to; on the loop."""
        self._settle(group)

    def _settle(self, group: Sequence[HandedIn]) -> None:
        """Hand out the outcomes; one who cannot take its own must not keep the others from theirs."""
        for one in group:
            try:
                one.outcome.settle(one.request.result, one.request.error)
            except Exception as error:  # noqa: BLE001 - reported, as the loop does with callbacks
                context = {"message": "the outcome of a commit could not be handed out", "exception": error}
                self._loop.call_exception_handler(context)

    def _call_job(self, job: Call) -> None:
        try:
            outcome: Any = job.call()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._to_loop(finish, job.future, None, error)
        else:
            self._to_loop(finish, job.future, outcome, None)

    def _to_loop(self, call: Callable[..., None], *values: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *values)
        except RuntimeError:
            # the loop was closed before the store: nobody waits any more
            if not self._loop.is_closed():
                raise
            self._jobs.put(None)

    def _submit(self, request: Request) -> Outcome:
        """Hand in a request; commits happen in the order in which they are handed in."""
        return self._write_later(request)

    def _write_later(self, request: Request) -> Outcome:
        self._check_usable()
        one = HandedIn(request)
        self._jobs.put(one)
        return one.outcome

    async def run(self, call: Callable[[], _T]) -> _T:
        """Call a function on the writer thread, in turn with the commits; for what touches the disk."""
        outcome: _T = await self._call_later(call)
        return outcome

    def _call_later(self, call: Callable[[], Any]) -> asyncio.Future[Any]:
        self._check_usable()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(Call(future, call))
        return future

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreClosed("the store was closed")


def finish(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(outcome)
