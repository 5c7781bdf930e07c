"""A conversation with BIRD over its control socket: what birdc speaks, without birdc.

A command is a line. Its answer is lines that begin with a code of four digits and a blank or a hyphen, or
with a blank where the code is that of the line before; the line with code and blank is the last. Codes
from 8000 on are errors (nest/cli.c). What begins with ``+`` is the log's and nobody asked for it.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

from nlan.errors import PeerError, os_words
from nlan.system import safefiles

TIMEOUT_S = 10.0
"""How long BIRD may be silent."""
ANSWER_S = 60.0
"""How long one answer may take, if BIRD goes on answering."""
ANSWER_MAX = 1 << 26
"""Bytes of one answer."""
_ERRORS = 8000
_LINE = re.compile(r"(\d{4})([ -])(.*)", re.DOTALL)


class Answer(NamedTuple):
    """What BIRD said to one command.

    Attributes:
        code: Of its last line.
        lines: All lines, without codes; an empty last one is left out.
    """

    code: int
    lines: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether BIRD refused."""
        return self.code >= _ERRORS

    @property
    def words(self) -> str:
        """Its last line, which is the refusal."""
        return self.lines[-1] if self.lines else f"code {self.code}"


def parse_answer(text: str) -> tuple[Answer | None, str]:
    """Return the first whole answer in a text and the rest; None and the text while it is not whole."""
    lines: list[str] = []
    at = 0
    while (end := text.find("\n", at)) >= 0:
        line, at = text[at:end], end + 1
        found = _LINE.match(line)
        if found is None:
            lines += [] if line.startswith("+") else [line[1:]]
            continue
        lines.append(found[3])
        if found[2] == " ":
            return Answer(int(found[1]), tuple(lines if found[3] else lines[:-1])), text[at:]
    return None, text


class Control:
    """An open conversation; use as a context manager."""

    def __init__(self, path: Path, patience_s: float = TIMEOUT_S) -> None:
        """Connect, and wait until BIRD greets, which it does once it has read its configuration.

        Args:
            path: The control socket.
            patience_s: How long BIRD may be silent.

        Raises:
            OSError: Nobody listens there.
            PeerError: Who listens says nothing.
        """
        self._rest = ""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            timeout = struct.pack("@ll", *divmod(int(1e6 * patience_s), 1_000_000))
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, option, timeout)
            with safefiles.socket_path(path) as name:
                self._socket.connect(name)
            self._receive()
        except (OSError, PeerError):
            self._socket.close()
            raise

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()

    def ask(self, command: str) -> Answer:
        """Send a command and return its answer, be it a refusal.

        Raises:
            PeerError: BIRD went away or stays silent.
        """
        try:
            self._socket.sendall(f"{command}\n".encode())
        except OSError as error:
            raise self._gone(error) from error
        return self._receive()

    def show(self, command: str) -> tuple[str, ...]:
        """Return the lines of an answer.

        Raises:
            PeerError: BIRD went away, stays silent or refuses.
        """
        answer = self.ask(command)
        if answer.failed:
            raise PeerError(f"BIRD refuses `{command}`: {answer.words}")
        return answer.lines

    def _receive(self) -> Answer:
        deadline = time.monotonic() + ANSWER_S
        while True:
            answer, self._rest = parse_answer(self._rest)
            if answer is not None:
                return answer
            if len(self._rest) > ANSWER_MAX or time.monotonic() > deadline:
                raise PeerError(f"BIRD ({self._path}) goes on answering without an end")
            try:
                received = self._socket.recv(1 << 18)
            except OSError as error:
                raise self._gone(error) from error
            if not received:
                raise PeerError(f"BIRD ({self._path}) closed the conversation")
            self._rest += received.decode(errors="replace")

    def _gone(self, error: OSError) -> PeerError:
        if isinstance(error, BlockingIOError):
            return PeerError(f"BIRD ({self._path}) does not answer")
        return PeerError(f"BIRD ({self._path}) ended the conversation: {os_words(error)}")
