"""A client inside the server's process: the same driver, over no socket."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tega.client.client import Client
from tega.client.wire import encode
from tega.hub.access import FULL
from tega.hub.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tega.client.wire import Wire
    from tega.hub.hub import Hub

FULL_AT: Final = 1024
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class LocalWire:
    """Both ends of a connection: a `Wire` for the client, a `Peer` for the connection."""

    def __init__(
        self, hub: Hub, on_message: Callable[[dict[str, Any]], None], on_lost: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_message = on_message
        self._on_lost = on_lost
        self._queue: deque[bytes] = deque()
        self._closed = False
        self.most: int | None = None
        self._connection = Connection(hub, _Back(self), FULL, "plugin")

    @property
    def last_received(self) -> float:
        return self._loop.time()

    def send(self, message: dict[str, Any]) -> None:
        if not self._closed:
            self._connection.receive(encode(message))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.lost()
            self._loop.call_soon(self._on_lost)

    def abort(self) -> None:
        """Close: nothing is on its way."""
        self.close()

    def deliver(self, message: Mapping[str, Any]) -> None:
        """Hand a message to the client, but not within the call that made it."""
        if not self._queue:
            self._loop.call_soon(self._drain)
        self._queue.append(_encode(message))

    def _drain(self) -> None:
        waiting = len(self._queue)
        for _ in range(waiting):
            self._on_message(_decode(self._queue[0]))
            self._queue.popleft()
        if self._queue:
            self._loop.call_soon(self._drain)
        elif waiting >= FULL_AT and not self._closed:
            self._connection.drained()

    @property
    def full(self) -> bool:
        return len(self._queue) >= FULL_AT


class _Back:
    """the connection's way to the client of a `LocalWire`."""

    def __init__(self, wire: LocalWire) -> None:
        self._wire = wire

    @property
    def full(self) -> bool:
        return self._wire.full

    def send(self, message: Mapping[str, Any]) -> None:
        self._wire.deliver(message)

    def close(self, reason: str) -> None:
        self._wire.close()

    def pause(self) -> None:
        """The client shares the server's loop: it cannot run ahead of it."""

    def resume(self) -> None:
        """See `pause`."""


def local_client(hub: Hub, name: str) -> Client:
    """Return a client, not yet open, whose session is in `hub`."""

    async def connect(on_message: Callable[[dict[str, Any]], None], on_lost: Callable[[], None]) -> Wire:
        return LocalWire(hub, on_message, on_lost)

    return Client(name=name, connector=connect)
