"""A conversation with one FRR daemon over its ``.vty`` socket: what vtysh speaks, without vtysh.

A command is its text and a NUL. The answer is text, three NULs and a byte of status. Several
commands may be sent at once, and a daemon carries out what arrives in one read (512 bytes) without
anything in between; mgmtd alone must be asked one by one, since it drops what follows a command that
it has to wait for (FRR 10.3, ``vtysh_read``).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nlan.errors import PeerError
from nlan.system import safefiles

TIMEOUT_S = 10
"""How long a daemon may take to answer."""
TOGETHER_S = 60
"""How long a daemon may take for all that it is asked together: one that goes on answering, too."""
ANSWER_MAX = 1 << 26
"""Bytes of one answer."""
_END = b"\0\0\0"

FINE = frozenset({0, 1, 6})
"""Statuses that mean no harm: success, a warning, nothing to do (lib/command.h)."""


class SilentError(PeerError):
    """A daemon listens, and does not answer in time."""


class Answer(NamedTuple):
    """What a daemon said to one command."""

    status: int
    text: str

    @property
    def failed(self) -> bool:
        """Whether the daemon refused."""
        return self.status not in FINE or self.text.lstrip().startswith("%")

    @property
    def words(self) -> str:
        """The refusal in one line."""
        lines = [line.strip().lstrip("% ") for line in self.text.splitlines() if line.strip()]
        return " ".join(lines) or f"status {self.status}"


def parse_answers(received: bytes) -> tuple[list[Answer], bytes]:
    """Return the whole answers at the front of `octets`, and the rest."""
    answers = []
    while (end := received.find(_END)) >= 0 and len(received) > end + 3:
        answers.append(Answer(received[end + 3], received[:end].decode(errors="replace")))
        received = received[end + 4 :]
    return answers, received


class Vty:
    """An open conversation; use as a context manager."""

    def __init__(self, path: Path, patience_s: float | None = None) -> None:
        """Connect.

        Args:
            path: The daemon's socket.
            patience_s: How long it may take to answer, instead of `TIMEOUT_S`.

        Raises:
            OSError: Nobody listens there.
        """
        self.path = path
        self._rest = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            microseconds = int(1e6 * (TIMEOUT_S if patience_s is None else patience_s))
            timeout = struct.pack("@ll", *divmod(microseconds, 1_000_000))
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, option, timeout)
            with safefiles.socket_path(path) as name:
                self._socket.connect(name)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Vty:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor, for poll."""
        return self._socket.fileno()

    def send(self, *commands: str) -> None:
        """Send commands without waiting for answers.

        Raises:
            PeerError: The daemon went away.
        """
        try:
            self._socket.sendall("".join(command + "\0" for command in commands).encode())
        except OSError as error:
            raise self._gone(error) from error

    def receive(self) -> list[Answer]:
        """Return the answers that the next read completes; perhaps none yet.

        Raises:
            PeerError: The daemon went away, or said nothing for `TIMEOUT_S`.
        """
        try:
            received = self._socket.recv(1 << 18)
        except OSError as error:
            raise self._gone(error) from error
        if not received:
            raise self._gone(None)
        answers, self._rest = parse_answers(self._rest + received)
        if len(self._rest) > ANSWER_MAX:
            raise PeerError(f"{self._name} goes on answering without an end")
        return answers

    def together(self, commands: Sequence[str]) -> list[Answer]:
        """Send all commands at once and return their answers.

        Raises:
            PeerError: The daemon went away, or said nothing for `TIMEOUT_S`.
        """
        self.send(*commands)
        deadline = time.monotonic() + TOGETHER_S
        answers: list[Answer] = []
        while len(answers) < len(commands):
            if time.monotonic() > deadline:
                raise PeerError(f"{self._name} is not done with its answers after {TOGETHER_S} s")
            answers += self.receive()
        return answers

    def ask(self, command: str) -> Answer:
        """Send one command and return its answer.

        Raises:
            PeerError: The daemon went away, or said nothing for `TIMEOUT_S`.
        """
        return self.together([command])[0]

    def _gone(self, error: OSError | None) -> PeerError:
        if isinstance(error, BlockingIOError):
            return SilentError(f"{self._name} does not answer")
        why = "closed the conversation" if error is None else f"ended: {os.strerror(error.errno or 0)}"
        return PeerError(f"{self._name} {why}")

    @property
    def _name(self) -> str:
        return f"{self.path.stem} ({self.path})"
