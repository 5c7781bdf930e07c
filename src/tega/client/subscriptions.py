"""The subscriptions of a client: opened, taken up on each new connection, paused and resumed, closed."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from tega.client.events import Commits, Messages
from tega.errors import FutureRevision, StoreError
from tega.protocol import requests

if TYPE_CHECKING:
    from tega.api import Rev
    from tega.client.events import Stream
    from tega.client.session import Session
    from tega.client.wire import Wire
    from tega.protocol.pushes import StreamPush


class Subscriptions:
    """What the server sends one session without being asked each time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._streams: dict[int, Stream[Any]] = {}
        """Those that the server knows, by its numbers."""
        self._all: list[Stream[Any]] = []

    async def open(self, stream: Stream[Any]) -> None:
        try:
            await self._session.ask_request(
                stream.resumption(), retry=False, taken=partial(self._register, stream)
            )
        except asyncio.CancelledError:
            stream.closed = True
            self.close(stream)
            raise

    def _register(self, stream: Stream[Any], answer: dict[str, Any]) -> None:
        """The server feeds `stream` from now on; what was closed meanwhile it need not."""
        if stream.closed:
            self._session.send(requests.Unsubscribe(sub=answer["sub"]))
            return
        stream.opened(answer)
        self._streams[stream.number] = stream
        if stream not in self._all:
            self._all.append(stream)

    def close(self, stream: Stream[Any]) -> None:
        if stream in self._all:
            self._all.remove(stream)
        self.pause(stream)

    def pause(self, stream: Stream[Any]) -> None:
        if self._streams.pop(stream.number, None) is not None:
            self._session.send(requests.Unsubscribe(sub=stream.number))

    def resume(self, stream: Stream[Any]) -> None:
        self._session.chore(self._resubscribe(stream))

    async def _resubscribe(self, stream: Stream[Any]) -> None:
        wire = self._session.wire
        if wire is None:  # it is taken up with the others
            return
        try:
            await self._take_up(wire, stream)
        except StoreError as error:
            if wire is self._session.wire:
                stream.fail(error)

    async def take_up_all(self, wire: Wire) -> None:
        """Have all of them go on, over a new connection."""
        self._streams.clear()
        for stream in list(self._all):
            if not stream.cut:
                await self._take_up(wire, stream)

    async def _take_up(self, wire: Wire, stream: Stream[Any]) -> None:
        """Have a stream go on from where it is, or where the server's history ends if that is before."""
        ask, taken = self._session.ask_on, partial(self._register, stream)
        try:
            try:
                await ask(wire, stream.resumption(), taken)
            except FutureRevision as error:
                stream.set_back(error.head)
                await ask(wire, stream.resumption(), taken)
        except StoreError as error:
            if error.transient:
                raise
            stream.fail(error)
            self.close(stream)

    def caught_up(self, head: Rev | None) -> None:
        """The server has sent everything up to a revision."""
        if head is not None:
            for stream in self._streams.values():
                if isinstance(stream, Commits):
                    stream.rev = max(stream.rev, head)

    def push(self, push: StreamPush) -> None:
        """Take what came for one of them; its stream may be gone already."""
        stream = self._streams.get(push["sub"])
        if stream is not None:
            stream.push(push)

    def dropped(self, number: int) -> None:
        """The server dropped messages of channels, and does not say whose."""
        for stream in self._all:
            if isinstance(stream, Messages):
                stream.dropped += number

    def fail(self, error: StoreError) -> None:
        for stream in self._all:
            stream.fail(error)
