"""Messages to the kernel in words, for `-vv`: type, flags, and the bytes of every attribute."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nlan.netlink import wire
from nlan.runtimes.base import Nodes

TYPES: dict[int, str] = {
    number: name for name, number in vars(wire).items() if name.startswith(("RTM_NEW", "RTM_DEL", "RTM_GET"))
}
"""rtnetlink(7), linux/rtnetlink.h."""
FLAGS = {wire.NLM_F_REQUEST: "REQUEST", wire.NLM_F_ACK: "ACK", wire.NLM_F_DUMP: "DUMP"}
NEW_FLAGS = {
    wire.NLM_F_REPLACE: "REPLACE",
    wire.NLM_F_EXCL: "EXCL",
    wire.NLM_F_CREATE: "CREATE",
    wire.NLM_F_APPEND: "APPEND",
}


Trace = Callable[[str], None]


class TracedPlace:
    """A place whose netlink sockets tell every message that is sent; all else is the place's own."""

    def __init__(self, nodes: Nodes, trace: Trace) -> None:
        """Take the place, and who takes each line."""
        self._nodes, self._trace = nodes, trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nodes, name)

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Return the place's socket, traced where it is one of netlink."""
        return self.open_sockets(namespace, [(family, kind, protocol)])[0]

    def open_sockets(self, namespace: str, kinds: Sequence[tuple[int, int, int]]) -> list[socket.socket]:
        """Return the place's sockets likewise."""
        opened = self._nodes.open_sockets(namespace, kinds)
        return [self._traced(namespace, one) for one in opened]

    def _traced(self, namespace: str, opened: socket.socket) -> socket.socket:
        if opened.family != socket.AF_NETLINK or opened.proto != socket.NETLINK_ROUTE:
            return opened
        traced = _TracedSocket(fileno=opened.detach())
        traced.tell = lambda data: [self._trace(line) for line in lines(namespace, data)]
        return traced


class _TracedSocket(socket.socket):
    tell: Callable[[bytes], object]

    def send(self, data: Any, flags: int = 0, /) -> int:
        self.tell(bytes(data))
        return super().send(data, flags)


def lines(namespace: str, data: bytes) -> Iterator[str]:
    """Yield one line per message that a datagram to the kernel holds; nothing is cut short.

    Args:
        namespace: Where it is sent.
        data: Messages one after the other, each with its header.
    """
    offset = 0
    while offset + wire.NLMSGHDR.size <= len(data):
        length, kind, flags, _, _ = wire.NLMSGHDR.unpack_from(data, offset)
        if length < wire.NLMSGHDR.size:
            return
        body = data[offset + wire.NLMSGHDR.size : offset + length]
        yield f"{namespace}: {TYPES.get(kind, kind)} {_flag_words(kind, flags)} {body.hex(' ', 4)}"
        offset += (length + 3) & ~3


def _flag_words(kind: int, flags: int) -> str:
    named = FLAGS if TYPES.get(kind, "").startswith("RTM_GET") else FLAGS | NEW_FLAGS
    words = [
        word
        for bits, word in named.items()
        if flags & bits == bits and (bits != wire.NLM_F_DUMP or kind % 4 == 2)
    ]
    return "|".join(words)
