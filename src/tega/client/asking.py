"""Requests of a client that wait for their answers: sent again where that is safe, given up in time."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from tega.errors import StoreError
from tega.protocol.errors import Disconnected, from_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Json
    from tega.client.wire import Wire

REQUEST_S: Final = 30.0
"""How long a request waits for its answer, reconnections included."""


class Waiting:
    """A request without an answer yet.

    Attributes:
        number: By which its answer is known.
        message: The request, as it is sent.
        answer: What becomes of it.
        retry: Whether it is sent again after a reconnection.
        deadline: When it is given up, by the loop's clock.
        progress: Called with what comes before the answer.
        taken: Called with the answer before anything that follows it is read.
    """

    __slots__ = ("answer", "deadline", "message", "number", "progress", "retry", "taken")

    def __init__(
        self,
        number: int,
        message: dict[str, Any],
        retry: bool,
        progress: Callable[[Json], None] | None,
        taken: Callable[[Any], None] | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        message["id"] = number
        self.number = number
        self.message = message
        self.answer: asyncio.Future[Any] = loop.create_future()
        self.retry = retry
        self.deadline = loop.time() + REQUEST_S
        self.progress = progress
        self.taken = taken

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Asking:
    """All requests of one client that have no answer yet."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, Waiting] = {}

    def ask(
        self,
        wire: Wire | None,
        message: dict[str, Any],
        *,
        retry: bool,
        progress: Callable[[Json], None] | None = None,
        taken: Callable[[Any], None] | None = None,
    ) -> Waiting:
        """Send a request, where there is a connection; else `send_again` will.

        Raises:
            InvalidValue: It has no JSON form.
            TooLarge: The server does not take as much.
        """
        waiting = Waiting(next(self._numbers), message, retry, progress, taken)
        if wire is not None:
            wire.send(message)
        self._waiting[waiting.number] = waiting
        return waiting

    def send_again(self, wire: Wire) -> None:
        """Send what still waits, on the connection of a session that stands again."""
        for number, waiting in list(self._waiting.items()):
            if waiting.answer.done():  # whoever asked has given up
                del self._waiting[number]
            elif waiting.retry:
                try:
                    wire.send(waiting.message)
                except StoreError as error:  # this server takes less than the one before
                    del self._waiting[number]
                    waiting.fail(error)

    def answered(self, number: int, message: dict[str, Any]) -> None:
        """Take an answer. What follows it may be read before whoever waits for it goes on."""
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        if waiting.taken is not None and "ok" in message:
            waiting.taken(message["ok"])
        if waiting.answer.done():
            return
        if "error" in message:
            waiting.answer.set_exception(from_wire(message["error"]))
        else:
            waiting.answer.set_result(message.get("ok"))

    def advanced(self, number: int, value: Json) -> bool:
        """Take what came before an answer; False when the caller wants no more, as its function failed."""
        waiting = self._waiting.get(number)
        if waiting is None or waiting.progress is None:
            return True
        try:
            waiting.progress(value)
        except Exception as error:  # noqa: BLE001 - the caller's own, and so the caller's to get
            self.forget(number)
            waiting.fail(error)
            return False
        return True

    def forget(self, number: int) -> None:
        self._waiting.pop(number, None)

    def expire(self, now: float) -> None:
        """Give up what has waited for too long."""
        for number, waiting in list(self._waiting.items()):
            if now > waiting.deadline and not waiting.answer.done():
                del self._waiting[number]
                waiting.fail(
                    Disconnected(f"no answer within {REQUEST_S:g} s; the server may be away or overloaded")
                )

    def lost(self) -> None:
        """The connection is gone: what may have run and is not to be repeated has failed."""
        for number, waiting in list(self._waiting.items()):
            if not waiting.retry and not waiting.answer.done():
                del self._waiting[number]
                waiting.fail(Disconnected("the connection was lost; the request may have run"))

    def fail(self, error: StoreError) -> None:
        """No answer comes any more."""
        for waiting in self._waiting.values():
            waiting.fail(error)
        self._waiting.clear()
