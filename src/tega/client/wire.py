"""One WebSocket connection of a client: JSON messages in and out of an asyncio transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidState, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from tega.hub.errors import BadRequest, Denied, Disconnected, Unauthorized

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

PATH: Final = "/_session"
DEFAULT_PORT: Final = 8739
MAX_SIZE: Final = 256 << 20
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_REFUSALS: Final = {401: Unauthorized, 403: Denied}


class Wire(asyncio.Protocol):
    """The connection; `on_message` gets every message, `on_lost` is called once."""

    def __init__(
        self,
        uri: str,
        token: str | None,
        on_message: Callable[[dict[str, Any]], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._frames = ClientProtocol(parse_uri(uri), max_size=MAX_SIZE)
        self._token = token
        self._on_message = on_message
        self._on_lost = on_lost
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard = 0.0
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.heard = asyncio.get_running_loop().time()
        request = self._frames.connect()
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        self._frames.send_request(request)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.writable.set()
        if not self.opened.done():
            self.opened.set_exception(
                Disconnected(f"the server closed the connection: {exc or 'no reason given'}")
            )
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        self.heard = asyncio.get_running_loop().time()
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._on_frame(event)
            elif isinstance(event, Response):
                self._on_handshake(event)
        self._flush()
        if self._frames.close_expected():
            self._transport.close()

    def eof_received(self) -> None:
        self._frames.receive_eof()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def _on_handshake(self, response: Response) -> None:
        if self.opened.done():
            return
        error = self._frames.handshake_exc
        if error is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(_refused(error))

    def _on_frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return
        if frame.fin and not self._parts:
            self._on_message(_decode(frame.data))
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            data, self._parts = b"".join(self._parts), []
            self._on_message(_decode(data))

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; nothing happens when the connection is closing, `on_lost` says the rest.

        Raises:
            BadRequest: The message has no JSON form.
        """
        try:
            data = _encode(message)
        except (msgspec.MsgspecError, TypeError, OverflowError, RecursionError) as error:
            raise BadRequest(f"this cannot be sent as JSON: {error}") from error
        try:
            self._frames.send_text(data)
        except InvalidState:
            return
        self._flush()

    def close(self) -> None:
        """Close without waiting; unsent messages still go out."""
        if self._transport.is_closing():
            return
        try:
            self._frames.send_close(1000, "")
        except InvalidState:
            self._transport.abort()
            return
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _flush(self) -> None:
        data = self._frames.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(b"".join(data))


def _refused(error: Exception) -> Exception:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        text = (error.response.body or b"").decode(errors="replace").strip()
        return _REFUSALS.get(status, Disconnected)(text or f"the server answered with status {status}")
    if isinstance(error, InvalidHandshake):
        return Disconnected(f"this is no tega server: {error}")
    return Disconnected(str(error))


def session_uri(url: str) -> str:
    """Return the WebSocket address for `host:port`, `http(s)://…` or `ws(s)://…`.

    Raises:
        BadRequest: It is none of these.
    """
    parts = urlsplit(url if "://" in url else f"ws://{url}")
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError as error:
        raise BadRequest(f"{url}: {error}") from error
    if scheme is None or not host:
        raise BadRequest(f"{url}: wants host:port, http://host:port or https://host:port")
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


async def dial(
    uri: str,
    token: str | None,
    tls: ssl.SSLContext | None,
    on_message: Callable[[dict[str, Any]], None],
    on_lost: Callable[[], None],
) -> Wire:
    """Connect and shake hands, within ten seconds.

    Raises:
        Disconnected: Nobody listens there, or not a tega server.
        Unauthorized: The server wants another token.
    """
    parts = urlsplit(uri)
    host, port = str(parts.hostname), parts.port or DEFAULT_PORT
    secure: Any = (tls or True) if parts.scheme == "wss" else None
    loop = asyncio.get_running_loop()
    wire: Wire | None = None
    try:
        async with asyncio.timeout(10):
            _, wire = await loop.create_connection(
                lambda: Wire(uri, token, on_message, on_lost), host, port, ssl=secure
            )
            await wire.opened
    except (OSError, TimeoutError) as error:
        if wire is not None:
            wire.abort()
        raise Disconnected(f"cannot reach {host}:{port}: {error or 'no answer'}") from error
    except BaseException:
        if wire is not None:
            wire.abort()
        raise
    return wire
