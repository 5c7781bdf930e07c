"""Netlink's bytes: messages and attributes, packed and taken apart (RFC 3549, linux/netlink.h).

Only what nlan says and hears. pyroute2 would know far more, but its import alone costs 146 ms, more
than making 300 links; here nothing is imported but `struct`.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator
from typing import NamedTuple

from nlan.netlink import wire

_U32 = struct.Struct("=I")
_ERRNO = struct.Struct("=i")


class Message(NamedTuple):
    """A request without its header.

    Attributes:
        kind: Its type, such as RTM_NEWLINK.
        flags: Besides NLM_F_REQUEST and NLM_F_ACK, which are added when it is sent.
        body: The family's fixed part and the attributes.
    """

    kind: int
    flags: int
    body: bytes

    def pack(self, sequence: int, flags: int = 0) -> bytes:
        """Return the whole message with that sequence number, padded to 4 bytes."""
        size = wire.NLMSGHDR.size + len(self.body)
        head = wire.NLMSGHDR.pack(size, self.kind, self.flags | flags | wire.NLM_F_REQUEST, sequence, 0)
        return head + self.body + b"\0" * (-size % 4)


class Refusal(NamedTuple):
    """The kernel's no.

    Attributes:
        errno: Positive.
        words: What the kernel says beyond the number; may be empty.
    """

    errno: int
    words: str


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute with its value as it is."""
    return wire.NLATTR.pack(len(value) + 4, kind) + value + b"\0" * (-len(value) % 4)


def u8(kind: int, value: int) -> bytes:
    """Return an attribute of one byte."""
    return attribute(kind, bytes((value,)))


def u16be(kind: int, value: int) -> bytes:
    """Return an attribute of two bytes in network order, as ports are."""
    return attribute(kind, value.to_bytes(2, "big"))


def u32(kind: int, value: int) -> bytes:
    """Return an attribute of four bytes in the host's order."""
    return wire.NLATTR.pack(8, kind) + _U32.pack(value)


def text(kind: int, value: str) -> bytes:
    """Return an attribute that is a string, closed by NUL."""
    return attribute(kind, value.encode() + b"\0")


def nest(kind: int, *parts: bytes) -> bytes:
    """Return an attribute that holds attributes."""
    return attribute(kind | wire.NLA_F_NESTED, b"".join(parts))


def messages(data: memoryview) -> Iterator[tuple[int, int, int, memoryview]]:
    """Yield type, flags, sequence number and body of each message in what was received."""
    offset, end = 0, len(data)
    while offset + wire.NLMSGHDR.size <= end:
        size, kind, flags, sequence, _ = wire.NLMSGHDR.unpack_from(data, offset)
        if size < wire.NLMSGHDR.size or offset + size > end:
            raise ValueError(f"a netlink message of {size} bytes where {end - offset} are left")
        yield kind, flags, sequence, data[offset + wire.NLMSGHDR.size : offset + size]
        offset += (size + 3) & ~3


def attributes(data: memoryview, offset: int = 0) -> dict[int, memoryview]:
    """Return the attributes from `offset` on by type; of several of one type the last."""
    found = {}
    end = len(data)
    unpack, mask = wire.NLATTR.unpack_from, wire.NLA_TYPE_MASK
    while offset + 4 <= end:
        size, kind = unpack(data, offset)
        if size < 4 or offset + size > end:
            raise ValueError(f"a netlink attribute of {size} bytes where {end - offset} are left")
        found[kind & mask] = data[offset + 4 : offset + size]
        offset += (size + 3) & ~3
    return found


def some_attributes(data: memoryview, offset: int, wanted: Container[int]) -> dict[int, memoryview]:
    """Return the wanted ones of the attributes from `offset` on, for who needs a few of many."""
    found = {}
    end = len(data)
    unpack, mask = wire.NLATTR.unpack_from, wire.NLA_TYPE_MASK
    while offset + 4 <= end:
        size, kind = unpack(data, offset)
        if size < 4:
            raise ValueError(f"a netlink attribute of {size} bytes")
        if kind & mask in wanted:
            found[kind & mask] = data[offset + 4 : offset + size]
        offset += (size + 3) & ~3
    return found


def as_u32(value: memoryview | None, default: int = 0) -> int:
    """Return a number of four bytes, `default` where the attribute is missing."""
    if value is None:
        return default
    number: int = _U32.unpack_from(value)[0]
    return number


def as_text(value: memoryview | None) -> str:
    """Return a string without its NUL, empty where the attribute is missing."""
    return "" if value is None else bytes(value).rstrip(b"\0").decode(errors="replace")


def refusal(flags: int, body: memoryview) -> Refusal | None:
    """Return what an NLMSG_ERROR message says, None where it is an acknowledgement."""
    errno = -_ERRNO.unpack_from(body)[0]
    if not errno:
        return None
    words = ""
    if flags & wire.NLM_F_ACK_TLVS:
        size = wire.NLMSGHDR.unpack_from(body, 4)[0]
        echo = wire.NLMSGHDR.size if flags & wire.NLM_F_CAPPED else (size + 3) & ~3
        words = as_text(attributes(body, 4 + echo).get(wire.NLMSGERR_ATTR_MSG))
    return Refusal(errno, words)
