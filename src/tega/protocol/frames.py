"""WebSocket over plain asyncio: what both ends of a connection do, by websockets' own protocol core.

No ASGI, no queue and no task in between: a message is served in the call
that received it, and read into one buffer that all connections of a loop share.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, cast

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.protocol import Protocol

PATH: Final = "/_session"
"""Where sessions are."""


class _Buffer(threading.local):
    """What was received, until the call that took it returns; each thread's event loop has its own."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(256 << 10))


_read: Final = _Buffer()


class Framed(asyncio.BufferedProtocol):
    """One WebSocket connection over an asyncio transport.

    Args:
        frames: The protocol core of the connection's end.
    """

    def __init__(self, frames: Protocol) -> None:
        self._frames = frames
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport

    # -- what an end does ----------------------------------------------------

    def on_handshake(self, message: Request | Response) -> None:
        """Take the other end's part of the handshake."""
        raise NotImplementedError

    def on_message(self, data: bytes | bytearray | memoryview) -> None:
        """Take one whole message."""
        raise NotImplementedError

    def on_control(self) -> None:
        """Take note of a frame that is no message: a ping, a pong, a close."""

    # -- asyncio -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _read.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(_read.buffer[:nbytes])

    def data_received(self, data: bytes | memoryview) -> None:
        """Take bytes as they came."""
        self._frames.receive_data(cast(bytes, data))
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._on_frame(event)
            else:
                self.on_handshake(event)
        self.flush()
        if self._frames.close_expected():
            self._transport.close()

    def eof_received(self) -> None:
        self._frames.receive_eof()

    # -- frames --------------------------------------------------------------

    def _on_frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self.on_control()
        elif frame.fin and not self._parts:
            self.on_message(frame.data)
        else:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data, self._parts = b"".join(self._parts), []
                self.on_message(data)

    def send_message(self, data: bytes) -> bool:
        """Send one message; False where the connection is closing."""
        try:
            self._frames.send_text(data)
        except InvalidState:
            return False
        self.flush()
        return True

    def send_close(self, code: int, reason: str) -> bool:
        """Send a close frame; where that cannot be, cut the line and return False."""
        try:
            self._frames.send_close(code, reason)
        except InvalidState:
            self._transport.abort()
            return False
        self.flush()
        return True

    def abort(self) -> None:
        """Cut the line."""
        self._transport.abort()

    def flush(self) -> None:
        """Give the transport what is to be sent."""
        data = self._frames.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(b"".join(data))
