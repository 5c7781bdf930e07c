"""Opening BGP sessions between two BIRDs at once instead of a second after their start.

BIRD lets a second pass before it dials (``bgp_active`` in proto/bgp/bgp.c: at least one, of which its jitter
takes up to a quarter), and takes a call at any time. So nlan dials for the one: it opens the connection from
that router's address, and hands it over (`nlan.engines.bird.handover`) in the place of another one, which
that BIRD has accepted from the peer's address. Both have sent their OPEN by then, and each gets the
other's. A session that cannot be opened so comes up by itself.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import NamedTuple

from nlan import processes
from nlan.engines.bird.config import Statement
from nlan.engines.bird.control import Control
from nlan.engines.bird.files import Files
from nlan.engines.bird.handover import await_sent, ends, give, socket_of, standing_still, take
from nlan.engines.bird.programs import DAEMON
from nlan.engines.bird.resource import BirdDaemon
from nlan.engines.bird.show import parse_protocols
from nlan.errors import HostError, PeerError
from nlan.model.codec import IpAddress
from nlan.runtimes.base import Nodes
from nlan.system import safefiles

BGP_PORT = 179
READY_S = 0.3
"""How long sessions may take to be ready for a call: BIRD learns of its interfaces after its start."""
CALL_S = 0.5
"""How long a peer may take to answer."""
LOOK_MS = 2
_HEAD, _OPEN = 19, 1
"""A message's head, in bytes, and what it says of an OPEN (RFC 4271, section 4.1)."""
MESSAGE_MAX = 4096


class Caller(NamedTuple):
    """One end of a session that is not up."""

    namespace: str
    protocol: str
    own: IpAddress
    peer: IpAddress


def introduce(nodes: Nodes, daemons: Sequence[BirdDaemon]) -> None:
    """Open the sessions between these BIRDs that wait to be dialled."""
    pairs = list(_pairs(nodes, daemons))
    names = {name for pair in pairs for name in (pair[0].namespace, pair[1].namespace)}
    with ExitStack() as stack:
        controls: dict[str, Control] = {}
        for name in names:
            with suppress(OSError, PeerError):
                controls[name] = stack.enter_context(Control(Files(nodes.directory(name)).control))
        deadline = time.monotonic() + READY_S
        while pairs and time.monotonic() < deadline:
            active = {name: _active(control) for name, control in controls.items()}
            ready = [pair for pair in pairs if all(_is_in(active, end) for end in pair)]
            for one, other in ready:
                try:
                    with suppress(HostError, PeerError, ConnectionError):  # it comes up by itself
                        _connect(nodes, one, other)
                except BlockingIOError:  # no answer in time: others may cost as much
                    return
                except OSError:  # there is no way to it yet
                    continue
            pairs = [pair for pair in pairs if pair not in ready]
            if pairs and not ready:
                select.poll().poll(LOOK_MS)


def _is_in(active: Mapping[str, frozenset[str]], end: Caller) -> bool:
    return end.protocol in active.get(end.namespace, ())


def _active(control: Control) -> frozenset[str]:
    """Return the BGP protocols that wait to be dialled, or to dial."""
    with suppress(PeerError):
        shown = parse_protocols(control.show("show protocols"))
        return frozenset(one.name for one in shown if one.info.startswith("Active"))
    return frozenset()


def _pairs(nodes: Nodes, daemons: Iterable[BirdDaemon]) -> Iterator[tuple[Caller, Caller]]:
    """Yield both ends of sessions; one that is signed, or by link-local addresses, is left to the two."""
    known: dict[tuple[IpAddress, IpAddress], Caller] = {}
    for daemon in daemons:
        for statement in daemon.statements:
            if statement.kind != "bgp" or statement.password is not None:
                continue
            peer = ip_address(statement.peer)
            own = _source(nodes, daemon.namespace, statement, peer)
            if own is None or peer.is_link_local:
                continue
            mine = Caller(daemon.namespace, statement.name, own, peer)
            known[own, peer] = mine
            if (other := known.get((peer, own))) is not None and other.namespace != mine.namespace:
                yield other, mine


def _source(nodes: Nodes, namespace: str, statement: Statement, peer: IpAddress) -> IpAddress | None:
    """Return the address that a session is spoken from: as configured, or the kernel's choice."""
    words = next(line for line in statement.lines if line.startswith("\tlocal ")).split()
    if words[1] != "as":
        return ip_address(words[1])
    with (
        suppress(OSError, HostError),
        nodes.open_socket(namespace, _family(peer), socket.SOCK_DGRAM) as probe,
    ):
        probe.connect((str(peer), BGP_PORT))
        return ip_address(probe.getsockname()[0])
    return None


def _family(address: IpAddress) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _connect(nodes: Nodes, one: Caller, other: Caller) -> None:
    """Open the session: `one` is called, and what it is called by becomes its call to `other`."""
    with ExitStack() as stack:
        called = stack.enter_context(_call(nodes, other))
        calling = stack.enter_context(_call(nodes, one))
        first, second = _message(called), _message(calling)
        birds = [stack.enter_context(_process(nodes, end.namespace)) for end in (one, other)]
        with standing_still(*birds):
            theirs, ours = ends(called)
            end = socket_of(*birds[0], called.family, ours, theirs)
            if end is None:
                return
            stack.enter_context(end)
            calling.sendall(first)
            await_sent(calling)
            give(end, take(calling), second)


def _call(nodes: Nodes, end: Caller) -> socket.socket:
    """Return a connection to a router's peer, from the router's own address."""
    connection = nodes.open_socket(end.namespace, _family(end.peer), socket.SOCK_STREAM)
    patience = struct.pack("@ll", 0, int(CALL_S * 1e6))
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)  # to neighbours alone
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, patience)
        connection.bind((str(end.own), 0))
        connection.connect((str(end.peer), BGP_PORT))
    except OSError:
        connection.close()
        raise
    return connection


def _message(connection: socket.socket) -> bytes:
    """Return the OPEN that a BIRD sends to who calls it.

    Raises:
        PeerError: It sends something else.
    """
    head = _read(connection, _HEAD)
    length, kind = struct.unpack(">HB", head[16:])
    if kind != _OPEN or not _HEAD <= length <= MESSAGE_MAX:
        raise PeerError("BIRD answers a call without an OPEN")
    return head + _read(connection, length - _HEAD)


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise PeerError("BIRD refuses a call")
        data += more
    return data


@contextmanager
def _process(nodes: Nodes, namespace: str) -> Iterator[tuple[int, int]]:
    """Give the descriptor and the id of a node's BIRD."""
    files = Files(nodes.directory(namespace))
    pidfd = processes.open_daemon(nodes, namespace, DAEMON, files.pid)
    if pidfd is None:
        raise HostError(f"{namespace}: {DAEMON} does not run")
    try:
        yield pidfd, int(safefiles.read(files.pid, processes.PID_MAX))
    finally:
        os.close(pidfd)
