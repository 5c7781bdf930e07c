"""Server-sent events: commits and messages for whoever has only HTTP (`curl`, a browser's EventSource).

`GET /_watch?path=a.b&after=7` streams commits, `GET /_watch?channel=news`
messages. Each event's `id` is the revision, so a browser that reconnects
goes on where it was.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tega.protocol import requests
from tega.protocol.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tega.hub.hub import Hub
    from tega.hub.session import Session

QUEUE: Final = 256
BEAT_S: Final = 10.0
_encode = msgspec.json.Encoder().encode


class QueueOutbox:
    """An outbox that somebody takes messages from."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

    @property
    def full(self) -> bool:
        return self._queue.qsize() >= QUEUE

    @property
    def empty(self) -> bool:
        return self._queue.empty()

    def send(self, message: Mapping[str, Any]) -> None:
        self._queue.put_nowait(message)

    def close(self, reason: str) -> None:
        self._queue.put_nowait(None)

    async def take(self) -> Mapping[str, Any] | None:
        """Return the next message; None when the session has ended."""
        return await self._queue.get()


def event_stream(hub: Hub, who: Session, query: dict[str, str]) -> AsyncIterator[bytes]:
    """Open a session that lives as long as the stream, and yield its pushes."""
    query.pop("tega_id", None)
    channel = query.pop("channel", None)
    regex = query.pop("regex", "").lower() in ("1", "true", "yes")
    outbox = QueueOutbox()
    session, _ = hub.open(outbox, who.access, ttl=3 * BEAT_S, peer="events")
    try:
        if channel is not None:
            hub.listen(session, channel, regex=regex)
        else:
            wanted = msgspec.convert(query, requests.Subscribe, strict=False)
            hub.subscribe(session, wanted.path, regex=regex, after=wanted.after)
    except msgspec.ValidationError as error:
        hub.forget(session)
        raise BadRequest(str(error)) from error
    except BaseException:
        hub.forget(session)
        raise
    return _events(hub, session, outbox)


async def _events(hub: Hub, session: Session, outbox: QueueOutbox) -> AsyncIterator[bytes]:
    try:
        yield b": connected\n\n"
        while True:
            try:
                message = await asyncio.wait_for(outbox.take(), BEAT_S)
            except TimeoutError:
                yield b": still here\n\n"
            else:
                if message is None:
                    return
                yield _event(message)
            hub.alive(session)
            if outbox.empty:
                hub.drained(session)
    finally:
        await hub.end(session)


def _event(message: Mapping[str, Any]) -> bytes:
    mark = b"id: %d\n" % message["rev"] if message["push"] == "commits" else b""
    return b"%sevent: %s\ndata: %s\n\n" % (mark, str(message["push"]).encode(), _encode(message))
