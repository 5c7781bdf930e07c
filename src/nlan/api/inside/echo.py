"""Many pings at once: every source's echo requests are in flight together."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import TracebackType

from nlan.netlink.watch import allow_descriptors
from nlan.runtimes.base import Nodes

Target = IPv4Address | IPv6Address
Pair = tuple[str, Target]

RESEND_S = 0.2
"""An echo request without an answer is sent again after so many seconds."""
IN_FLIGHT = 512
"""Pairs that wait for an answer at once; more would overflow the queues for address resolution."""

_ECHO = struct.Struct("!BBHHH")
_REQUEST4, _REPLY4, _REQUEST6, _REPLY6 = 8, 0, 128, 129
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_PAYLOAD = b"nlan" * 14
_SEQUENCES = 65536


def ping_matrix(nodes: Nodes, pairs: Sequence[Pair], timeout_s: float) -> dict[Pair, float | None]:
    """Ping every pair of source namespace and destination address, all at once.

    Args:
        nodes: Where the namespaces are.
        pairs: Source namespace and destination; each is asked once, however often it is listed.
        timeout_s: How long a pair may take in seconds, requests sent again included.

    Returns:
        The round-trip time in milliseconds of each pair, in the order given; None for no answer.

    Raises:
        HostError: A source namespace does not exist.
    """
    with _Matrix(nodes, pairs, timeout_s) as matrix:
        return matrix.run()


def full_tables(statistics: Path = Path("/proc/net/stat")) -> int:
    """Return how often the kernel had no room for one more neighbour since the machine was booted.

    One table for each IP version serves all namespaces of the machine. While it is full, packets to
    neighbours that are not known yet are dropped without a word.
    """
    total = 0
    for name in ("arp_cache", "ndisc_cache"):
        with suppress(OSError, ValueError):  # another kernel may count otherwise
            head, *rows = (line.split() for line in (statistics / name).read_text().splitlines())
            column = head.index("table_fulls")
            total += sum(int(row[column], 16) for row in rows)
    return total


class _Flight:
    """One pair on its way."""

    __slots__ = ("deadline", "pair", "sent")

    def __init__(self, pair: Pair, deadline: float) -> None:
        self.pair, self.deadline, self.sent = pair, deadline, 0.0


class _Matrix:
    def __init__(self, nodes: Nodes, pairs: Iterable[Pair], timeout_s: float) -> None:
        self._nodes, self._timeout_s = nodes, timeout_s
        self._results: dict[Pair, float | None] = dict.fromkeys(pairs)
        self._waiting = deque(self._results)
        self._flights: dict[tuple[str, Target, int], _Flight] = {}
        self._resends: deque[tuple[float, tuple[str, Target, int]]] = deque()
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        self._by_number: dict[int, tuple[str, int]] = {}
        self._sequence = 0
        self._identifier = int.from_bytes(os.urandom(2), "big")
        self._epoll = select.epoll()

    def __enter__(self) -> _Matrix:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._sockets.values():
            opened.close()
        self._epoll.close()

    def run(self) -> dict[Pair, float | None]:
        while self._waiting or self._flights:
            while self._waiting and len(self._flights) < IN_FLIGHT:
                self._start(self._waiting.popleft())
            self._resend_due()
            if self._flights:
                pause = max(0.0, self._resends[0][0] - time.perf_counter()) if self._resends else 0.0
                for number, _ in self._epoll.poll(pause):
                    self._receive(number)
        return self._results

    def _start(self, pair: Pair) -> None:
        self._sequence = (self._sequence + 1) % _SEQUENCES
        key = (*pair, self._sequence)
        self._flights[key] = _Flight(pair, time.perf_counter() + self._timeout_s)
        self._send(key)

    def _resend_due(self) -> None:
        now = time.perf_counter()
        while self._resends and self._resends[0][0] <= now:
            key = self._resends.popleft()[1]
            flight = self._flights.get(key)
            if flight is not None and flight.deadline <= now:
                del self._flights[key]
            elif flight is not None:
                self._send(key)

    def _send(self, key: tuple[str, Target, int]) -> None:
        namespace, target, sequence = key
        flight = self._flights[key]
        flight.sent = time.perf_counter()
        self._resends.append((min(flight.sent + RESEND_S, flight.deadline), key))
        try:
            packet = _request(target.version, self._identifier, sequence)
            self._socket(namespace, target.version).sendto(packet, (str(target), 0))
        except OSError:
            return  # no route yet, or a full queue: it is sent again until the pair's time is over

    def _receive(self, number: int) -> None:
        namespace, version = self._by_number[number]
        opened = self._sockets[namespace, version]
        while True:
            try:
                data, sender = opened.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error on the way; the request is sent again
            now = time.perf_counter()
            header = (data[0] & 15) * 4 if version == 4 else 0
            if len(data) < header + _ECHO.size:
                continue
            kind, _, _, identifier, sequence = _ECHO.unpack_from(data, header)
            if identifier == self._identifier and kind in (_REPLY4, _REPLY6):
                self._land(namespace, sender[0], version, sequence, now)

    def _land(self, namespace: str, sender: str, version: int, sequence: int, now: float) -> None:
        target = IPv4Address(sender) if version == 4 else IPv6Address(sender.partition("%")[0])
        flight = self._flights.pop((namespace, target, sequence), None)
        if flight is not None:
            self._results[flight.pair] = (now - flight.sent) * 1000

    def _socket(self, namespace: str, version: int) -> socket.socket:
        opened = self._sockets.get((namespace, version))
        if opened is None:
            allow_descriptors(len(self._sockets))
            opened = self._open(namespace, version)
            self._sockets[namespace, version] = opened
            self._by_number[opened.fileno()] = namespace, version
            self._epoll.register(opened.fileno(), select.EPOLLIN)
        return opened

    def _open(self, namespace: str, version: int) -> socket.socket:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        if version == 4:
            opened = self._nodes.open_socket(namespace, socket.AF_INET, kind, socket.IPPROTO_ICMP)
            opened.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << _REPLY4) & 0xFFFFFFFF))
            return opened
        opened = self._nodes.open_socket(namespace, socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
        blocked = [0xFFFFFFFF] * 8
        blocked[_REPLY6 >> 5] &= ~(1 << (_REPLY6 & 31)) & 0xFFFFFFFF
        opened.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *blocked))
        return opened


def _request(version: int, identifier: int, sequence: int) -> bytes:
    """Return an echo request; the kernel adds the checksum for IPv6."""
    kind = _REQUEST4 if version == 4 else _REQUEST6
    checksum = 0
    if version == 4:
        checksum = _checksum(_ECHO.pack(kind, 0, 0, identifier, sequence) + _PAYLOAD)
    return _ECHO.pack(kind, 0, checksum, identifier, sequence) + _PAYLOAD


def _checksum(data: bytes) -> int:
    """Return the Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
