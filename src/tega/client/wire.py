"""One WebSocket connection of a client: JSON messages in and out of an asyncio transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import CloseCode
from websockets.uri import parse_uri

from tega.errors import InvalidValue, TooLarge
from tega.protocol.errors import BadRequest, Denied, Disconnected, Unauthorized
from tega.protocol.frames import PATH, Framed
from tega.values import plain_json

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from websockets.http11 import Request, Response

DEFAULT_PORT: Final = 8739
MAX_SIZE: Final = 256 << 20
ABOVE: Final = 3
"""Levels of a message above the values in it."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_REFUSALS: Final = {401: Unauthorized, 403: Denied}


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as JSON, nothing in it changed to fit.

    Raises:
        InvalidValue: It has no JSON form; the encoder by itself would make
            a list of a set, text of bytes and null of a NaN.
    """
    try:
        return _encode(plain_json(message, -ABOVE))
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise InvalidValue(f"this cannot be sent as JSON: {error}") from error


class Wire(Protocol):
    """A connection to a hub, as a session needs it. Nothing here blocks; what comes is handed on by calls."""

    most: int | None
    """Bytes of the largest message that the server takes, as far as it is known."""

    @property
    def last_received(self) -> float:
        """When the server gave the last sign of life, by the loop's clock."""

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; nothing happens when the connection is closing, `on_lost` is called then.

        Raises:
            InvalidValue: The message has no JSON form.
            TooLarge: The server would not take it, but close the connection.
        """

    def close(self) -> None:
        """Close without waiting; unsent messages still go out."""

    def abort(self) -> None:
        """Close at once."""


class WebSocketWire(Framed):
    """A `Wire` over the network; `take` gets every message, `on_lost` is called once."""

    def __init__(
        self,
        uri: str,
        token: str | None,
        take: Callable[[dict[str, Any]], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._client = ClientProtocol(parse_uri(uri), max_size=MAX_SIZE)
        super().__init__(self._client)
        self._token = token
        self._take = take
        self._on_lost = on_lost
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_received = 0.0
        self.most: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.last_received = asyncio.get_running_loop().time()
        request = self._client.connect()
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        self._client.send_request(request)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(
                Disconnected(f"the server closed the connection: {exc or 'no reason given'}")
            )
        self._on_lost()

    def data_received(self, data: bytes | memoryview) -> None:
        self.last_received = asyncio.get_running_loop().time()
        super().data_received(data)

    def on_handshake(self, message: Request | Response) -> None:
        if self.opened.done():
            return
        error = self._client.handshake_exc
        if error is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(_refused(error))

    def on_message(self, data: bytes | bytearray | memoryview) -> None:
        self._take(_decode(data))

    def send(self, message: dict[str, Any]) -> None:
        data = encode(message)
        if self.most is not None and len(data) > self.most:
            raise TooLarge(f"a message of {len(data)} bytes: this server takes at most {self.most}")
        self.send_message(data)

    def close(self) -> None:
        if not self._transport.is_closing() and self.send_close(CloseCode.NORMAL_CLOSURE, ""):
            self._transport.close()


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
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        host, port = parts.hostname, DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise BadRequest(f"{url}: {error}") from error
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
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
    host, port = str(parts.hostname), parts.port or 0
    secure: Any = (tls or True) if parts.scheme == "wss" else None
    loop = asyncio.get_running_loop()
    wire: WebSocketWire | None = None
    try:
        async with asyncio.timeout(10):
            _, wire = await loop.create_connection(
                lambda: WebSocketWire(uri, token, on_message, on_lost), host, port, ssl=secure
            )
            await wire.opened
    except (OSError, TimeoutError, UnicodeError) as error:  # the last for what is no name of a host
        if wire is not None:
            wire.abort()
        raise Disconnected(f"cannot reach {host}:{port}: {str(error) or 'no answer'}") from error
    except BaseException:
        if wire is not None:
            wire.abort()
        raise
    return wire
