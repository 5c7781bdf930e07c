"""Commits that are handed in: what becomes of each, and how those that wait are committed together."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from tega.api import Commit
    from tega.database.database import Database
    from tega.database.group import Request


class Outcome:
    """What becomes of one commit. Unlike a future it calls back at once, not at the loop's next turn."""

    __slots__ = ("_callback", "_done", "_error", "_result", "_waiter")

    def __init__(self) -> None:
        self._done = False
        self._result: Commit | None = None
        self._error: BaseException | None = None
        self._callback: Callable[[Outcome], None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def settle(self, result: Commit | None, error: BaseException | None) -> None:
        self._done, self._result, self._error = True, result, error
        if self._callback is not None:
            self._callback(self)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def add_done_callback(self, callback: Callable[[Outcome], None]) -> None:
        """Have one function called when it is known; for now or later, never at once."""
        self._callback = callback

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
        """A commit that was handed in happens; only nobody is notified."""
        self._callback = None
        return False

    def __await__(self) -> Generator[Any, None, Commit]:
        if not self._done:
            self._waiter = asyncio.get_running_loop().create_future()
            yield from self._waiter
        return self.result()


class HandedIn:
    """A request that was handed in, and its outcome."""

    __slots__ = ("outcome", "request", "since")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.outcome = Outcome()
        self.since = perf_counter()


def commit_together(database: Database, group: Sequence[HandedIn]) -> None:
    """Commit requests as one group, on whatever thread; each carries its outcome afterwards."""
    try:
        database.submit(*[one.request for one in group])
    except BaseException as error:
        for one in group:
            if not one.request.done:
                one.request.error = error
        if not isinstance(error, Exception):
            raise
