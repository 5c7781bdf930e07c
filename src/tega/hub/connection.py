"""The talk with one client: requests in, answers and pushes out; knows no transport.

Requests are started in the order they came. Answers come as each is done,
by number. Whoever floods or does not read is slowed down or cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol, Union, cast

import msgspec

from tega.errors import StoreError
from tega.hub.access import redacted
from tega.hub.operations.base import Later
from tega.hub.session import Outbox
from tega.protocol import requests
from tega.protocol.errors import BadRequest, Busy, Cancelled, Denied, to_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.database.outcome import Outcome
    from tega.hub.access import Access
    from tega.hub.hub import Hub
    from tega.hub.session import Session

logger = logging.getLogger("tega.hub")
MAX_INFLIGHT: Final = 256
"""Requests of a client that the store is at work on, above which it is not read from."""
MAX_CALLS: Final = 1000
"""Calls of a client under way, above which more are refused.

Whoever waits for others is read from all the same: it may be asked itself,
and its signs of life are to be noticed.
"""
LARGE: Final = 64 << 10
"""Bytes of a message that is read on another thread."""
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_decoder: msgspec.json.Decoder[requests.Request] = msgspec.json.Decoder(cast(Any, Union[requests.REQUESTS]))  # noqa: UP007


class Peer(Outbox, Protocol):
    """An outbox that can also stop and go on taking requests from its client."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Connection:
    """Serves one connection.

    Args:
        hub: Where the requests go.
        peer: The way back to the client.
        access: What the client's token allows.
        address: Where the client is, for `ids`.
        most: Bytes of the largest message that the transport takes, for
            the client to know; None where there is no limit.
    """

    def __init__(
        self, hub: Hub, peer: Peer, access: Access, address: str, *, most: int | None = None
    ) -> None:
        self.hub = hub
        self.session: Session | None = None
        self._operations = hub.operations
        self._peer = peer
        self._access = access
        self._address = address
        self._most = most
        self._running: dict[int, asyncio.Future[Any] | Outcome] = {}
        self._inflight = 0
        self._calls = 0
        self._paused = False
        self._large: asyncio.Future[None] | None = None
        self._behind: deque[bytes] = deque()

    def receive(self, data: bytes | bytearray | memoryview) -> None:
        """Take one message of the client's; what comes behind a large one waits for it."""
        if self._large is not None:
            self._behind.append(bytes(data))
        elif len(data) > LARGE and self.session is not None:
            self._peer.pause()
            self._large = asyncio.ensure_future(self._take_large(bytes(data)))
        else:
            try:
                request = _decoder.decode(data)
            except UNREADABLE as error:
                self._refuse(data, error)
            else:
                self._take(request)

    def _refuse(self, data: bytes | bytearray | memoryview, error: Exception) -> None:
        refusal = BadRequest(f"the message cannot be read: {error}")
        self._peer.send({"id": _number(data), "error": to_wire(refusal)})
        if self.session is None:
            self._peer.close("no hello")

    async def _take_large(self, data: bytes) -> None:
        """Read a large message on another thread, and see done what it asks for before the next one."""
        try:
            request = await self.hub.store.lane.call(lambda: _decoder.decode(data))
        except UNREADABLE as error:
            self._refuse(data, error)
        else:
            self._take(request)
            running = self._running.get(request.id)
            if isinstance(running, asyncio.Task):
                await asyncio.wait([running])
        self._large = None
        while self._behind and self._large is None:
            self.receive(self._behind.popleft())
        if self._large is None and not self._paused:
            self._peer.resume()

    def _take(self, request: requests.Request) -> None:
        if self.session is None:
            self._first(request)
            return
        self.session.last_seen = self.hub.clock()
        try:
            self._start(self.session, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it and the rest goes on
            self._reply_error(request.id, error)

    def alive(self) -> None:
        """The transport noticed a sign of life that is no message."""
        if self.session is not None:
            self.hub.alive(self.session)

    def lost(self) -> None:
        """The connection is gone: what the client waited for is cancelled, its session waits for it."""
        if self._large is not None:
            self._large.cancel()
        for running in list(self._running.values()):
            running.cancel()
        if self.session is not None:
            self.hub.disconnected(self.session, self._peer)

    def drained(self) -> None:
        if self.session is not None and self.session.outbox is self._peer:
            self.hub.drained(self.session)

    # -- the first message ---------------------------------------------------

    def _first(self, request: requests.Request) -> None:
        if not isinstance(request, requests.Hello):
            self._reply_error(request.id, BadRequest("the first message of a session is hello"))
            self._peer.close("no hello")
            return
        try:
            self._peer.send({"id": request.id, "ok": self._hello(request)})
        except StoreError as error:
            self._reply_error(request.id, error)

    def _hello(self, r: requests.Hello) -> dict[str, Any]:
        session, resumed = self.hub.open(
            self._peer, self._access, name=r.name, key=r.key, ttl=r.ttl, peer=self._address
        )
        self.session = session
        return {
            "name": session.name,
            "key": session.key,
            "ttl": session.ttl,
            "max": self._most,
            "rev": self.hub.changefeed.head,
            "resumed": resumed,
        }

    # -- the others ----------------------------------------------------------

    def _start(self, session: Session, request: requests.Request) -> None:
        if isinstance(request, requests.Abort):
            self._abort(request)
            return
        if session.over:
            raise BadRequest("the session has ended")
        operation = self._operations.get(type(request))
        if operation is None:
            raise BadRequest("a session says hello once")
        if self._calls >= MAX_CALLS and isinstance(request, requests.Call):
            raise Busy(f"{MAX_CALLS} calls of this client are under way")
        result = operation(self.hub, session, request)
        if isinstance(result, Later):
            self._track(request.id, *result)
        elif isinstance(result, asyncio.Future):
            self._follow_call(request.id, result)
        elif asyncio.iscoroutine(result):
            self._track(request.id, asyncio.ensure_future(result))
        elif request.id:
            self._peer.send({"id": request.id, "ok": result})

    def _abort(self, request: requests.Abort) -> None:
        running = self._running.get(request.request)
        if isinstance(running, asyncio.Future):  # what was handed in to be committed will be
            running.cancel()
        if request.id:
            self._peer.send({"id": request.id, "ok": isinstance(running, asyncio.Future)})

    def _track(
        self, number: int, running: asyncio.Future[Any] | Outcome, shape: Callable[[Any], Any] | None = None
    ) -> None:
        self._inflight += 1
        if number:
            self._running[number] = running
        running.add_done_callback(lambda done: self._done(number, done, shape))
        if self._inflight > MAX_INFLIGHT and not self._paused:
            self._paused = True
            self._peer.pause()

    def _follow_call(self, number: int, call: asyncio.Future[Any]) -> None:
        self._calls += 1
        if number:
            self._running[number] = call

        def ended(done: asyncio.Future[Any]) -> None:
            self._calls -= 1
            self._answer(number, done, None)

        call.add_done_callback(ended)

    def _done(
        self, number: int, done: asyncio.Future[Any] | Outcome, shape: Callable[[Any], Any] | None
    ) -> None:
        self._inflight -= 1
        if self._paused and self._inflight <= MAX_INFLIGHT // 2:
            self._paused = False
            if self._large is None:
                self._peer.resume()
        self._answer(number, done, shape)

    def _answer(
        self, number: int, done: asyncio.Future[Any] | Outcome, shape: Callable[[Any], Any] | None
    ) -> None:
        self._running.pop(number, None)
        if done.cancelled():
            self._reply_error(number, Cancelled("the request was cancelled"))
        elif (error := done.exception()) is not None:
            self._reply_error(number, error)
        elif number:
            result = done.result()
            self._peer.send({"id": number, "ok": shape(result) if shape else result})

    def _reply_error(self, number: int, error: BaseException) -> None:
        if not isinstance(error, StoreError):
            logger.error("request.failed", exc_info=error)
        if isinstance(error, Denied):
            logger.info("request.denied session=%s %s", self.session and self.session.name, error)
        if number:
            self._peer.send({"id": number, "error": to_wire(redacted(error, self._access))})


def _number(data: bytes | bytearray | memoryview) -> int:
    """The number of a request that is wrong otherwise, so that its sender gets an answer; 0 for none."""

    class Numbered(msgspec.Struct):
        id: int = 0

    try:
        return msgspec.json.decode(data, type=Numbered).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
