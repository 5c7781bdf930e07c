"""Calls: a session offers a function at a path, anybody calls it, the hub routes there and back.

A call runs at most once. Its end is exactly one of: a value, the owner's
error, a time-out, a cancellation, or word that the owner vanished.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tega.errors import CallTimeout, NoHandler, RemoteError
from tega.paths import format_path
from tega.protocol.errors import Offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Json, Path
    from tega.hub.session import Session
    from tega.protocol import pushes
    from tega.protocol.requests import Call


@dataclass(slots=True)
class Running:
    """A call that was handed to its owner and has not ended."""

    number: int
    path: Path
    owner: Session
    done: asyncio.Future[Json]
    progress: Callable[[Json], None] | None
    timer: asyncio.TimerHandle | None = field(default=None)


class Calls:
    """Which session offers what, and the calls under way."""

    def __init__(self) -> None:
        self._owners: dict[Path, Session] = {}
        self._docs: dict[Path, str] = {}
        self._running: dict[int, Running] = {}
        self._numbers = count(1)

    def offer(self, session: Session, path: Path, doc: str) -> None:
        """Make `session` the owner of `path`; offering again what one owns only changes its description.

        Raises:
            Offered: Another session owns the path.
        """
        owner = self._owners.get(path)
        if owner is not None and owner is not session:
            raise Offered(path, owner.name)
        self._owners[path] = session
        self._docs[path] = doc
        session.offers.add(path)

    def withdraw(self, session: Session, path: Path) -> None:
        if self._owners.get(path) is not session:
            raise NoHandler(f"this session does not offer {format_path(path)}")
        del self._owners[path], self._docs[path]
        session.offers.discard(path)

    def offered(self) -> dict[str, dict[str, str]]:
        return {
            format_path(path): {"owner": owner.name, "doc": self._docs[path]}
            for path, owner in sorted(self._owners.items())
        }

    def call(
        self, caller: str, request: Call, path: Path, progress: Callable[[Json], None] | None
    ) -> Running:
        """Hand the call to its owner; the result is the `done` of what is returned.

        Cancelling `done` cancels the call at its owner.

        Raises:
            NoHandler: Nobody offers the path, or its owner is away.
        """
        owner = self._owners.get(path)
        if owner is None:
            raise NoHandler(f"nobody offers {format_path(path)}")
        loop = asyncio.get_running_loop()
        running = Running(next(self._numbers), path, owner, loop.create_future(), progress)
        if not owner.push(_order(running, caller, request)):
            raise NoHandler(f"who offers {format_path(path)} is away or too busy")
        self._running[running.number] = running
        running.timer = loop.call_later(request.timeout, self._expire, running, request.timeout)
        running.done.add_done_callback(lambda done: self._ended(running, done))
        return running

    def _expire(self, running: Running, seconds: float) -> None:
        if not running.done.done():
            text = f"{format_path(running.path)} did not answer within {seconds:g} s; it may still have run"
            running.done.set_exception(CallTimeout(text))
            running.owner.push({"push": "cancel", "call": running.number})

    def _ended(self, running: Running, done: asyncio.Future[Json]) -> None:
        self._running.pop(running.number, None)
        if running.timer is not None:
            running.timer.cancel()
        if done.cancelled():
            running.owner.push({"push": "cancel", "call": running.number})

    def _of(self, session: Session, number: int) -> Running | None:
        """The call, if it is under way and `session` was asked: nobody answers for another."""
        running = self._running.get(number)
        return running if running is not None and running.owner is session else None

    def answer(self, session: Session, number: int, value: Json) -> None:
        running = self._of(session, number)
        if running is not None and not running.done.done():
            running.done.set_result(value)

    def fail(self, session: Session, number: int, kind: str, message: str) -> None:
        running = self._of(session, number)
        if running is not None and not running.done.done():
            running.done.set_exception(RemoteError(f"{kind}: {message}"))

    def progress(self, session: Session, number: int, value: Json) -> None:
        running = self._of(session, number)
        if running is not None and running.progress is not None and not running.done.done():
            running.progress(value)

    def left(self, session: Session) -> None:
        """The connection of `session` is gone: whoever waits for it learns so at once."""
        for running in [one for one in self._running.values() if one.owner is session]:
            if not running.done.done():
                text = f"its owner vanished during the call of {format_path(running.path)}; it may have run"
                running.done.set_exception(CallTimeout(text))

    def ended(self, session: Session) -> None:
        """The session is over: its functions go with it."""
        self.left(session)
        for path in list(session.offers):
            self.withdraw(session, path)


def _order(running: Running, caller: str, request: Call) -> pushes.Call:
    return {
        "push": "call",
        "call": running.number,
        "path": format_path(running.path),
        "args": request.args,
        "kwargs": request.kwargs,
        "caller": caller,
        "call_id": request.call_id,
    }
