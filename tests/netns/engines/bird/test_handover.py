"""An established connection that goes on in a socket of somebody else's, on the real kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest

from nlan.engines.bird.handover import (
    End,
    await_sent,
    ends,
    give,
    socket_of,
    standing_still,
    take,
)

FAMILIES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
MUCH = bytes(range(256)) * 8192
"""Two megabytes: windows have to open many times."""


def accepted(family: int, address: str) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection: who called, and who was called."""
    with socket.create_server((address, 0), family=family) as server:
        caller = socket.socket(family, socket.SOCK_STREAM)
        caller.connect(server.getsockname()[:2])
        return caller, server.accept()[0]


def read(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        more = connection.recv(length - len(found))
        assert more, "the connection ended"
        found += more
    return found


@pytest.mark.parametrize(("family", "address"), FAMILIES, ids=("ipv4", "ipv6"))
def test_the_other_end_notices_nothing(family: int, address: str) -> None:
    thrown_away, ours = accepted(family, address)
    calling, peer = accepted(family, address)
    with thrown_away, ours, peer:
        for connection in (ours, peer):
            connection.settimeout(10)
        peer.sendall(b"to be read by whoever has it")
        unread = read(calling, 28)
        calling.sendall(b"sent before")
        await_sent(calling)
        both = ends(calling)
        give(ours, take(calling), unread)
        assert ends(ours) == both
        assert read(ours, 28) == unread
        assert read(peer, 11) == b"sent before"
        for one, other in ((ours, peer), (peer, ours)):
            sender = threading.Thread(target=one.sendall, args=(MUCH,))
            sender.start()
            assert read(other, len(MUCH)) == MUCH
            sender.join()
        ours.close()
        assert peer.recv(1) == b"", "it ends as any connection ends"


def test_a_socket_of_another_process_is_found_by_its_ends() -> None:
    program = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "connection, _ = server.accept()\n"
        "print(connection.recv(5).decode(), flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            local = ip_address("127.0.0.1")
            other, own = End(local, port), End(local, caller.getsockname()[1])
            pidfd = os.pidfd_open(process.pid)
            try:
                found = None
                while found is None:  # until it has taken the call
                    found = socket_of(pidfd, process.pid, socket.AF_INET, other, own)
                with found:
                    assert ends(found) == (other, own)
                assert socket_of(pidfd, process.pid, socket.AF_INET, other, other) is None
            finally:
                os.close(pidfd)
            caller.sendall(b"still")
            assert process.stdout.readline() == "still\n", "the process keeps its own"


def test_processes_stand_still_and_go_on() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        pidfd = os.pidfd_open(process.pid)
        try:
            stat = Path(f"/proc/{process.pid}/stat")
            with standing_still((pidfd, process.pid)):
                assert stat.read_text().rpartition(")")[2].split()[0] == "T"
            while stat.read_text().rpartition(")")[2].split()[0] == "T":
                pass
        finally:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
