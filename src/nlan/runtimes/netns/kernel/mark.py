"""The mark inside a network namespace that says which lab's it is.

The loopback interface carries the mark's group and the alias ``nlan LAB NAMESPACE``. It is written
before the namespace is pinned, so a pin is either marked or not nlan's, and no file needs to be
trusted: inode numbers of namespaces are used again, files outlive what they speak of.
"""

from __future__ import annotations

import socket
import struct

GROUP = 0x6E6C616E
"""The interface group of everything nlan makes: ``nlan`` in ASCII."""

_RTM_NEWLINK, _RTM_GETLINK, _ERROR = 16, 18, 2
_REQUEST, _ACK = 1, 4
_IFF_UP = 1
_IFLA_IFALIAS, _IFLA_GROUP, _IFLA_EXT_MASK = 20, 27, 29
_SKIP_STATISTICS = 8
_LOOPBACK = 1
_HEADER = struct.Struct("=IHHIIBxHiII")


def alias(lab: str, namespace: str) -> str:
    """Return the words that the loopback interface of a lab's namespace carries."""
    return f"nlan {lab} {namespace}"


def write_mark(channel: socket.socket, words: str) -> None:
    """Mark the namespace of the route socket and bring its loopback up (the kernel adds 127.0.0.1).

    Raises:
        OSError: The kernel refuses.
    """
    body = _attribute(_IFLA_IFALIAS, words.encode()) + _attribute(_IFLA_GROUP, struct.pack("=I", GROUP))
    answer = _ask(channel, _RTM_NEWLINK, _ACK, _IFF_UP, body)
    errno: int = -struct.unpack_from("=i", answer, 16)[0]
    if errno:
        raise OSError(errno, "marking the loopback interface")


def read_mark(channel: socket.socket) -> str:
    """Return the alias of the loopback interface in the namespace of the route socket; may be empty."""
    body = _attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
    answer = _ask(channel, _RTM_GETLINK, 0, 0, body)
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR:
        return ""
    offset = _HEADER.size
    while offset + 4 <= len(answer):
        size, kind = struct.unpack_from("=HH", answer, offset)
        if kind == _IFLA_IFALIAS:
            return answer[offset + 4 : offset + size].rstrip(b"\0").decode(errors="replace")
        offset += (size + 3) & ~3
    return ""


def _ask(channel: socket.socket, kind: int, flags: int, up: int, body: bytes) -> bytes:
    head = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 0, 0, 0, 0, _LOOPBACK, up, up)
    channel.send(head + body)
    return channel.recv(65536)


def _attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", len(value) + 4, kind) + value + padding
