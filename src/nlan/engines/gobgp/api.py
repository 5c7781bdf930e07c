"""The few calls of GoBGP's API that its command line tool lacks: prefixes whose speakers may dial.

gRPC over HTTP/2 without TLS, as much of it as a question and its answer need: one connection per call,
headers sent in full and not read (RFC 9113; RFC 7541, section 6.2.2), messages of strings alone. The
API is that of GoBGP 3.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from nlan.errors import PeerError

TIMEOUT_S = 5.0
"""How long an answer may take."""
SERVICE = "apipb.GobgpApi"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
_END_STREAM, _END_HEADERS, _ACK, _PADDED = 0x1, 0x4, 0x1, 0x8
_WINDOW = 2**30
_INITIAL_WINDOW_SIZE = 4
_STREAM = 1


def delete_dynamic_neighbor(connection: socket.socket, prefix: str, group: str) -> None:
    """Let nobody of the prefix dial any more, and forget their key; who is there stays.

    The group must exist: GoBGP 3 crashes otherwise.

    Raises:
        PeerError: GoBGP refuses or does not answer.
    """
    _call(connection, "DeleteDynamicNeighbor", _text(1, prefix) + _text(2, group))


def dynamic_neighbors(connection: socket.socket) -> dict[str, str]:
    """Return the prefixes whose speakers may dial, with their peer group.

    Raises:
        PeerError: GoBGP does not answer.
    """
    found = {}
    for answer in _ask(connection, "ListDynamicNeighbor", b""):
        inner = _fields(answer).get(1, b"")
        fields = _fields(inner)
        found[fields.get(1, b"").decode()] = fields.get(2, b"").decode()
    return found


def _call(connection: socket.socket, method: str, message: bytes) -> None:
    """Ask what is answered by one message; a refusal comes without."""
    if not _ask(connection, method, message):
        raise PeerError(f"GoBGP refuses {method}")


def _ask(connection: socket.socket, method: str, message: bytes) -> list[bytes]:
    """Return the messages that answer the call."""
    connection.settimeout(TIMEOUT_S)
    try:
        connection.sendall(_request(method, message))
        return list(_messages(b"".join(_answer(connection))))
    except OSError as error:
        raise PeerError(f"GoBGP does not answer {method}: {error}") from error


def _request(method: str, message: bytes) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/{SERVICE}/{method}",
        ":authority": "gobgpd",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(b"\0" + _short(name) + _short(value) for name, value in headers.items())
    settings = struct.pack(">HI", _INITIAL_WINDOW_SIZE, _WINDOW)
    body = struct.pack(">BI", 0, len(message)) + message
    return (
        _PREFACE
        + _frame(_SETTINGS, 0, 0, settings)
        + _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW))
        + _frame(_HEADERS, _END_HEADERS, _STREAM, block)
        + _frame(_DATA, _END_STREAM, _STREAM, body)
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def _short(text: str) -> bytes:
    """Return a string literal of fewer than 127 bytes, as it is (RFC 7541, section 5.2)."""
    return bytes((len(text),)) + text.encode()


def _answer(connection: socket.socket) -> Iterator[bytes]:
    """Yield what comes on the stream until it ends."""
    with connection.makefile("rb") as file:
        while True:
            head = _read(file.read(9), 9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = _read(file.read(length), length)
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind in (_RST_STREAM, _GOAWAY):
                raise PeerError("GoBGP ends the connection")
            elif kind == _DATA:
                yield payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
            if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
                return


def _read(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise ConnectionError("the connection ended")
    return data


def _messages(data: bytes) -> Iterator[bytes]:
    while data:
        length = int.from_bytes(data[1:5], "big")
        yield data[5 : 5 + length]
        data = data[5 + length :]


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _fields(message: bytes) -> dict[int, bytes]:
    """Return a message's fields, which are all of bytes."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        length, at = _number(message, at)
        found[tag >> 3] = message[at : at + length]
        at += length
    return found


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        octet = message[at]
        value |= (octet & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octet < 0x80:
            return value, at
