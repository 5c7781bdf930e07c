"""The functions that a client offers, and the calls of them under way."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Final

from tega.protocol import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.api import Json
    from tega.protocol.pushes import Call

CALLS: Final = 1000
"""Calls of this client's functions that may run at once."""


class Functions:
    """What this client offers.

    Args:
        send: Sends the server what needs no answer.
    """

    def __init__(self, send: Callable[[requests.Request], None]) -> None:
        self._send = send
        self.offered: dict[str, tuple[Callable[..., Any], str]] = {}
        """Each function and its description, by its path."""
        self._serving: dict[int, asyncio.Task[None]] = {}

    def serve(self, push: Call) -> None:
        """Run what is called; the server gets its outcome."""
        number = push["call"]
        found = self.offered.get(push["path"])
        if found is None:
            self._fail(number, "NoHandler", "it was withdrawn")
            return
        function = found[0]
        if not inspect.iscoroutinefunction(function) and not inspect.isasyncgenfunction(function):
            self._serve_plain(number, function, push)
            return
        if len(self._serving) >= CALLS:
            self._fail(number, "Busy", f"{CALLS} calls are running")
            return
        task = asyncio.create_task(self._serve_async(number, function, push))
        self._serving[number] = task
        task.add_done_callback(lambda _: self._serving.pop(number, None))

    def cancel(self, number: int) -> None:
        """Whoever called wants no answer any more."""
        task = self._serving.get(number)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        for task in self._serving.values():
            task.cancel()

    def _serve_plain(self, number: int, function: Callable[..., Any], push: Call) -> None:
        try:
            self._send(requests.Answer(call=number, value=function(*push["args"], **push["kwargs"])))
        except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's to know
            self._fail(number, type(error).__name__, str(error))

    async def _serve_async(self, number: int, function: Callable[..., Any], push: Call) -> None:
        try:
            value = await self._run(number, function(*push["args"], **push["kwargs"]))
            self._send(requests.Answer(call=number, value=value))
        except asyncio.CancelledError:
            self._fail(number, "Cancelled", "it was cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's to know
            self._fail(number, type(error).__name__, str(error))

    async def _run(self, number: int, running: Any) -> Json:
        if not inspect.isasyncgen(running):
            return await running
        value: Json = None
        async for value in running:
            self._send(requests.Progress(call=number, value=value))
        return value

    def _fail(self, number: int, kind: str, message: str) -> None:
        self._send(requests.Fail(call=number, kind=kind, message=message))


def summary(function: Callable[..., Any], doc: str | None) -> str:
    """Return a function's description: what was given, or the first line of its docstring."""
    return doc if doc is not None else (inspect.getdoc(function) or "").partition("\n")[0]
