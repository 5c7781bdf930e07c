"""WebSocket for sessions: who is let in, and the connection as the `Peer` of a `Connection`."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tega.errors import StoreError
from tega.hub.connection import Connection
from tega.protocol.errors import Unauthorized
from tega.protocol.frames import PATH, Framed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from websockets.datastructures import Headers
    from websockets.http11 import Response

    from tega.hub.hub import Hub
    from tega.server.auth import Auth
    from tega.server.tidy import Tidy

HELLO_S: Final = 10.0
"""Time that a client has for the handshake and its hello."""
HIGH_WATER: Final = 1 << 20
"""Bytes waiting for a client above which it counts as slow."""
CUT: Final = 64 << 20
"""Bytes waiting for a client that does not read, above which it is cut off instead of sent more."""

_encode = msgspec.json.Encoder().encode


class SessionProtocol(Framed):
    """One WebSocket connection; the `Peer` of a `Connection`."""

    def __init__(
        self, hub: Hub, auth: Auth, max_size: int, connections: set[SessionProtocol], tidy: Tidy
    ) -> None:
        self._server = ServerProtocol(max_size=max_size)
        self._max_size = max_size
        super().__init__(self._server)
        self._tidy = tidy
        self._hub = hub
        self._auth = auth
        self._connections = connections
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.full = False

    # -- asyncio -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)
        self._transport.set_write_buffer_limits(HIGH_WATER)
        self._timer = asyncio.get_running_loop().call_later(HELLO_S, self._no_hello)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._tidy.note()
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.lost()
            self._connection = None

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self._connection is not None:
            self._connection.alive()
            self._connection.drained()

    # -- WebSocket -----------------------------------------------------------

    def on_handshake(self, message: Request | Response) -> None:
        request = cast(Request, message)
        response = self._server.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            refusal = self._refusal(request)
            response = response if refusal is None else self._server.reject(*refusal)
        self._server.send_response(response)

    def _refusal(self, request: Request) -> tuple[HTTPStatus, str] | None:
        path, _, query = request.path.partition("?")
        if path != PATH:
            return HTTPStatus.NOT_FOUND, f"sessions are at {PATH}\n"
        try:
            self._auth.check_site(_lower(request.headers), _local(self._transport))
            grant = self._auth.admit(_token(request, query))
        except Unauthorized as error:
            return HTTPStatus.UNAUTHORIZED, f"{error}\n"
        except StoreError as error:
            return HTTPStatus.FORBIDDEN, f"{error}\n"
        address = _address(self._transport)
        self._connection = Connection(self._hub, self, grant.access, address, most=self._max_size)
        return None

    def on_control(self) -> None:
        if self._connection is not None:
            self._connection.alive()

    def on_message(self, data: bytes | bytearray | memoryview) -> None:
        if self._connection is None:
            return
        self._connection.receive(data)
        if self._connection.session is not None and self._timer is not None and not self._beating:
            self._beat()

    # -- time ----------------------------------------------------------------

    _beating = False

    def _no_hello(self) -> None:
        self.close("no hello")

    def _beat(self) -> None:
        """Ping thrice in the session's time-to-live, so that a dead line is noticed at both ends."""
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is None or self._connection.session is None or self._transport.is_closing():
            return
        if self._beating:
            self._frames.send_ping(b"")
            self.flush()
        self._beating = True
        self._timer = asyncio.get_running_loop().call_later(self._connection.session.ttl / 3, self._beat)

    # -- Peer ----------------------------------------------------------------

    def send(self, message: Mapping[str, Any]) -> None:
        if self._transport.is_closing():
            return
        if self.full and self._transport.get_write_buffer_size() > CUT:
            self._transport.abort()
            return
        self.send_message(_encode(message))

    def close(self, reason: str) -> None:
        if self._transport.is_closing() or not self.send_close(CloseCode.GOING_AWAY, reason[:100]):
            return
        if self.full:
            self._transport.abort()
        else:
            self._transport.close()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        self._transport.resume_reading()


def _token(request: Request, query: str) -> str | None:
    """The token of the handshake: a bearer header, or for browsers, which cannot set one, `?token=`."""
    header = request.headers.get("Authorization", "")
    if header.lower().startswith("bearer "):
        return header[7:].strip()
    from urllib.parse import parse_qs

    return next(iter(parse_qs(query).get("token", [])), None)


def _lower(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.raw_items()}


def _local(transport: asyncio.Transport) -> str:
    name = transport.get_extra_info("sockname")
    return str(name[0]) if isinstance(name, tuple) else ""


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else ""
