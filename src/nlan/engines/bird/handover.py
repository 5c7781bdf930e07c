"""Moving an established TCP connection into a socket of another process, as CRIU moves connections.

A connection is opened here, on behalf of a daemon, from that daemon's namespace and address. Then a socket
that the daemon has already (one that it accepted) becomes this end of it: the kernel's repair mode
(``TCP_REPAIR``, since Linux 3.5) gives away a connection's sequence numbers, options and windows, closes it
without a word to the other end, and takes them back elsewhere. The daemon must stand still meanwhile.
Nothing of the daemon is touched but that socket, which is reached by `pidfd_getfd` (Linux 5.6).
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import NamedTuple

from nlan.errors import HostError
from nlan.model.codec import IpAddress

STANDS_S = 0.2
"""How long a process may take to stand still."""
SENT_S = 0.5
"""How long the other end may take to acknowledge what was sent."""
LOOK_MS = 1

_TCP = socket.IPPROTO_TCP
_REPAIR, _REPAIR_QUEUE, _QUEUE_SEQ, _REPAIR_OPTIONS, _TIMESTAMP, _REPAIR_WINDOW = 19, 20, 21, 22, 24, 29
_RECEIVE, _SEND = 1, 2
"""Which queue (include/uapi/linux/tcp.h)."""
_MSS, _SCALE, _SACK, _TIMESTAMPS = 2, 3, 4, 8
"""Options by number (RFC 9293, 7323, 2018)."""
_HAS_TIMESTAMPS, _HAS_SACK, _HAS_SCALE = 1, 2, 4
"""What TCP_INFO tells of them."""
_MSS_MAX = 32767
"""What the kernel takes of a user (MAX_TCP_WINDOW); loopback has more."""
_WINDOW = struct.Struct("@5I")
_SIOCOUTQ = 0x5411
_PIDFD_GETFD = 438
"""The same on all architectures."""
_libc = ctypes.CDLL(None, use_errno=True)


class End(NamedTuple):
    """One end of a connection."""

    address: IpAddress
    port: int


def ends(connection: socket.socket) -> tuple[End, End]:
    """Return this end of a connection and the other.

    Raises:
        OSError: It has none.
    """
    return _end(connection.getsockname()), _end(connection.getpeername())


def _end(name: tuple[str, int]) -> End:
    return End(ip_address(name[0].partition("%")[0]), name[1])


class State(NamedTuple):
    """What the kernel knows of an established connection."""

    local: tuple[str, int]
    remote: tuple[str, int]
    sent: int
    received: int
    mss: int
    options: bytes
    timestamp: int
    window: bytes


@contextmanager
def standing_still(*pidfds: tuple[int, int]) -> Iterator[None]:
    """Stop processes for the length of the block: each by its descriptor and its id.

    Raises:
        HostError: One does not stand still; all go on.
    """
    try:
        for pidfd, _ in pidfds:
            signal.pidfd_send_signal(pidfd, signal.SIGSTOP)
        deadline = time.monotonic() + STANDS_S
        while not all(_stands(pid) for _, pid in pidfds):
            if time.monotonic() > deadline:
                raise HostError("a process does not stand still")
            select.poll().poll(LOOK_MS)
        yield
    finally:
        for pidfd, _ in pidfds:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)


def _stands(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] in "Tt"


def socket_of(pidfd: int, pid: int, family: int, local: End, remote: End) -> socket.socket | None:
    """Return a process's TCP socket with these ends, None where it has none; the process keeps its own."""
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(OSError):
            if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                continue
            found = _duplicate(pidfd, int(name))
            with suppress(OSError):
                is_tcp = (found.family, found.type) == (family, socket.SOCK_STREAM)
                if is_tcp and ends(found) == (local, remote):
                    return found
            found.close()
    return None


def _duplicate(pidfd: int, descriptor: int) -> socket.socket:
    duplicate = _libc.syscall(_PIDFD_GETFD, pidfd, descriptor, 0)
    if duplicate < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.set_inheritable(duplicate, False)
    return socket.socket(fileno=duplicate)


def await_sent(connection: socket.socket) -> None:
    """Wait until the other end has acknowledged all.

    Raises:
        TimeoutError: It does not.
    """
    left = array.array("i", [1])
    deadline = time.monotonic() + SENT_S
    while True:
        fcntl.ioctl(connection, _SIOCOUTQ, left)
        if not left[0]:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the peer acknowledges nothing")
        select.poll().poll(LOOK_MS)


def take(connection: socket.socket) -> State:
    """Return what the kernel knows of a connection, and close it without a word to the other end.

    All that was sent must be acknowledged, and all that came be read.

    Raises:
        OSError: The kernel does not tell.
    """
    local, remote = connection.getsockname(), connection.getpeername()
    options, scales = connection.getsockopt(_TCP, socket.TCP_INFO, 8)[5:7]
    connection.setsockopt(_TCP, _REPAIR, 1)
    found = State(
        local,
        remote,
        _sequence(connection, _SEND),
        _sequence(connection, _RECEIVE),
        connection.getsockopt(_TCP, socket.TCP_MAXSEG),
        _options(options, scales),
        connection.getsockopt(_TCP, _TIMESTAMP) if options & _HAS_TIMESTAMPS else 0,
        connection.getsockopt(_TCP, _REPAIR_WINDOW, _WINDOW.size),
    )
    connection.close()
    return found


def give(end: socket.socket, state: State, unread: bytes) -> None:
    """Make a connected socket an end of another connection.

    Args:
        end: The socket; what it was connected to hears nothing.
        state: From `take`.
        unread: What came last by that connection and shall be read by whoever has the socket.

    Raises:
        OSError: The kernel does not take it; the socket is dead.
    """
    end.setsockopt(_TCP, _REPAIR, 1)
    unspecified = struct.pack("@H26x", socket.AF_UNSPEC)
    if _libc.connect(end.fileno(), unspecified, len(unspecified)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # it was told that the connection was aborted
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.setsockopt(_TCP, socket.TCP_MAXSEG, min(state.mss, _MSS_MAX))
    end.bind(state.local)
    end.setsockopt(_TCP, _REPAIR, 1)
    _set_sequence(end, _SEND, state.sent)
    _set_sequence(end, _RECEIVE, state.received - len(unread))
    end.connect(state.remote)
    end.setsockopt(_TCP, _REPAIR_OPTIONS, struct.pack("@2I", _MSS, state.mss) + state.options)
    if state.timestamp:
        end.setsockopt(_TCP, _TIMESTAMP, _unsigned(state.timestamp))
    end.setsockopt(_TCP, _REPAIR_QUEUE, _RECEIVE)
    end.send(unread)
    end.setsockopt(_TCP, _REPAIR_WINDOW, state.window)
    end.setsockopt(_TCP, _REPAIR, 0)


def _options(had: int, scales: int) -> bytes:
    """Return what was agreed upon as TCP_REPAIR_OPTIONS takes it; the scales are the sender's and ours."""
    found = b""
    if had & _HAS_SCALE:
        found += struct.pack("@2I", _SCALE, scales & 0xF | scales >> 4 << 16)
    if had & _HAS_SACK:
        found += struct.pack("@2I", _SACK, 0)
    if had & _HAS_TIMESTAMPS:
        found += struct.pack("@2I", _TIMESTAMPS, 0)
    return found


def _sequence(connection: socket.socket, queue: int) -> int:
    connection.setsockopt(_TCP, _REPAIR_QUEUE, queue)
    return connection.getsockopt(_TCP, _QUEUE_SEQ)


def _set_sequence(connection: socket.socket, queue: int, number: int) -> None:
    connection.setsockopt(_TCP, _REPAIR_QUEUE, queue)
    connection.setsockopt(_TCP, _QUEUE_SEQ, _unsigned(number))


def _unsigned(number: int) -> bytes:
    return struct.pack("@I", number & 0xFFFFFFFF)
