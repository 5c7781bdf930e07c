"""A route socket in one namespace: many requests per system call, and dumps."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence

from nlan.errors import HostError
from nlan.netlink import codec, wire
from nlan.netlink.codec import Message, Refusal
from nlan.runtimes.base import Nodes

_RECEIVE_TIMEOUT = struct.pack("@ll", 30, 0)
_BATCH = 64
_ABSENT = (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENXIO)
_BUFFER = 65536


class Channel:
    """Requests and dumps in one network namespace; a context manager that closes the socket."""

    def __init__(self, channel: socket.socket) -> None:
        """Take over a socket of NETLINK_ROUTE."""
        self._socket = channel
        self._sequence = 0
        for option in (wire.NETLINK_CAP_ACK, wire.NETLINK_EXT_ACK, wire.NETLINK_GET_STRICT_CHK):
            channel.setsockopt(wire.SOL_NETLINK, option, 1)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _RECEIVE_TIMEOUT)

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def request(self, messages: Sequence[Message]) -> list[Refusal | None]:
        """Send messages in order and return the kernel's answer to each, None for done.

        The kernel carries out all of them, whether or not one before failed. A batch that was
        handed over is carried out whole, even if this process is killed meanwhile.

        Raises:
            HostError: The kernel does not answer.
        """
        answers: list[Refusal | None] = []
        for start in range(0, len(messages), _BATCH):
            answers += self._request_batch(messages[start : start + _BATCH])
        return answers

    def _request_batch(self, messages: Sequence[Message]) -> list[Refusal | None]:
        """Only the last message asks for an answer; a refusal is sent without being asked for."""
        first, last = self._sequence + 1, self._sequence + len(messages)
        self._sequence = last
        packed = [message.pack(first + i) for i, message in enumerate(messages[:-1])]
        self._socket.send(b"".join([*packed, messages[-1].pack(last, wire.NLM_F_ACK)]))
        answers: list[Refusal | None] = [None] * len(messages)
        while True:
            for kind, flags, sequence, body in codec.messages(self._receive()):
                if kind == wire.NLMSG_ERROR and first <= sequence <= last:
                    answers[sequence - first] = codec.refusal(flags, body)
                    if sequence == last:
                        return answers

    def transaction(self, begin: Message, message: Message, end: Message) -> Refusal | None:
        """Send a message between the brackets that nfnetlink wants; return the kernel's answer to it.

        Raises:
            HostError: The kernel does not answer.
        """
        asked = self._sequence + 2
        self._sequence += 3
        packed = [begin.pack(asked - 1), message.pack(asked, wire.NLM_F_ACK), end.pack(asked + 1)]
        self._socket.send(b"".join(packed))
        while True:
            for kind, flags, sequence, body in codec.messages(self._receive()):
                if kind == wire.NLMSG_ERROR and sequence == asked:
                    return codec.refusal(flags, body)

    def dump(self, message: Message) -> list[tuple[int, memoryview]]:
        """Return type and body of each message in which the kernel lists what it has.

        Raises:
            HostError: The kernel refuses, or its tables keep changing while it lists them.
        """
        for _ in range(16):
            found, consistent = self._dump_once(message)
            if consistent:
                return found
        raise HostError("the kernel's tables change faster than they can be read")

    def _dump_once(self, message: Message) -> tuple[list[tuple[int, memoryview]], bool]:
        self._sequence += 1
        self._socket.send(message.pack(self._sequence, wire.NLM_F_DUMP))
        found: list[tuple[int, memoryview]] = []
        consistent = True
        while True:
            for kind, flags, sequence, body in codec.messages(self._receive()):
                if sequence != self._sequence:
                    continue
                consistent = consistent and not flags & wire.NLM_F_DUMP_INTR
                if kind == wire.NLMSG_DONE:
                    _raise(codec.refusal(0, body))
                    return found, consistent
                if kind == wire.NLMSG_ERROR:
                    _raise(codec.refusal(flags, body))
                found.append((kind, body))

    def _receive(self) -> memoryview:
        try:
            return memoryview(self._socket.recv(_BUFFER))
        except BlockingIOError:
            raise HostError("the kernel does not answer a route request within 30 s") from None


class DumpRefusedError(HostError):
    """The kernel will not list something; `errno` says why."""

    def __init__(self, refused: Refusal) -> None:
        """Keep the kernel's number and words."""
        self.errno = refused.errno
        super().__init__(f"the kernel refuses to list: {kernel_words(refused)}")


def _raise(refused: Refusal | None) -> None:
    if refused is not None:
        raise DumpRefusedError(refused)


def kernel_words(refused: Refusal) -> str:
    """Return the kernel's refusal as a person reads it: ``File exists (…)``."""
    words = os.strerror(refused.errno)
    return f"{words} ({refused.words.rstrip('.')})" if refused.words else words


def open_channel(nodes: Nodes, namespace: str) -> Channel:
    """Return a channel into the namespace.

    Raises:
        HostError: It does not exist.
    """
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    return Channel(nodes.open_socket(namespace, socket.AF_NETLINK, kind, socket.NETLINK_ROUTE))


def open_own_channel() -> Channel:
    """Return a channel into the namespace of this process: the machine's."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    return Channel(socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE))


def open_channels(nodes: Nodes, namespace: str) -> tuple[Channel, Channel]:
    """Return a channel into the namespace, and one of nfnetlink; the caller closes both.

    Raises:
        HostError: The namespace does not exist.
    """
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    kinds = [
        (socket.AF_NETLINK, kind, socket.NETLINK_ROUTE),
        (socket.AF_NETLINK, kind, wire.NETLINK_NETFILTER),
    ]
    routes, filters = nodes.open_sockets(namespace, kinds)
    return Channel(routes), Channel(filters)


def is_absent(refused: Refusal) -> bool:
    """Tell whether the kernel refused because what was to be removed is not there.

    ENXIO is what it says of an IPv6 address on a link too narrow for IPv6 (an MTU below 1280).
    """
    return refused.errno in _ABSENT
