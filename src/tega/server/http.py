"""HTTP connections: uvicorn's, patient with those who are refused and short with those who say nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tega.server.tidy import Tidy

FIRST_REQUEST_S: Final = 20.0
"""Time a connection may stay before it sends anything, and that a request may take, its body included."""
LINGER_S: Final = 2.0
"""How long what a refused client still sends is read and thrown away.

Closing with unread data resets the connection, and the client would lose
the answer that says why (RFC 9112, section 9.6).
"""


class Pending(asyncio.Protocol):
    """A connection that has not sent anything yet: costs next to nothing, and ends if it stays silent."""

    __slots__ = ("_make", "_open", "_tidy", "_timer", "_transport")

    def __init__(self, make: Callable[[], HttpProtocol], open_connections: set[Pending], tidy: Tidy) -> None:
        self._make = make
        self._open = open_connections
        self._tidy = tidy
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._timer = asyncio.get_running_loop().call_later(FIRST_REQUEST_S, self._transport.abort)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._open.discard(self)
        self._tidy.note()

    def data_received(self, data: bytes) -> None:
        self._timer.cancel()
        self._open.discard(self)
        protocol = self._make()
        protocol.connection_made(self._transport)
        self._transport.set_protocol(protocol)
        protocol.data_received(data)

    def close(self) -> None:
        self._transport.abort()


class HttpProtocol(H11Protocol):
    """One HTTP connection."""

    _lingering = False
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, _Lingering(self, transport)))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._expect_request(False)

    def data_received(self, data: bytes) -> None:
        if not self._lingering:
            super().data_received(data)
            self._expect_request(self.conn.their_state in (h11.IDLE, h11.SEND_BODY))

    def _expect_request(self, begun: bool) -> None:
        """A request that has begun is to come to its end; uvicorn would wait for the rest for ever."""
        if begun and self._overdue is None:
            self._overdue = self.loop.call_later(FIRST_REQUEST_S, self.transport.abort)
        elif not begun and self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._unset_keepalive_if_required()
        self.transport = cast(Any, self.transport).inner
        super().handle_websocket_upgrade(event)

    def close_kindly(self, transport: asyncio.Transport) -> None:
        """Close; when the client is in the middle of a request, let it have the answer first."""
        unread = self.conn.their_state in (h11.SEND_BODY, h11.ERROR)
        if not unread or self._lingering or not transport.can_write_eof():
            transport.close()
            return
        self._lingering = True
        transport.write_eof()
        transport.resume_reading()
        self.timeout_keep_alive_task = self.loop.call_later(LINGER_S, transport.close)


class _Lingering:
    """A transport whose `close` is its protocol's `close_kindly`."""

    def __init__(self, protocol: HttpProtocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self.inner = transport

    def close(self) -> None:
        if not self.inner.is_closing():
            self._protocol.close_kindly(self.inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
