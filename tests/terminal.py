"""A program at a terminal, typed at as a person does."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence

ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?>=]*[a-zA-Z]|[()][A-Z0-9]|[=>])")
ENTER, TAB, UP, CONTROL_C, CONTROL_D = "\r", "\t", "\x1b[A", "\x03", "\x04"


class Terminal:
    """One program. What it shows is taken from the front: each text is seen once."""

    def __init__(
        self, words: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        env = {**env, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        columns, lines = size
        self.pid, self._master = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvpe(words[0], list(words), env)
        self._code: int | None = None
        self._raw = b""
        self.shown = ""
        """All that came, without what moves the cursor and colours."""
        self._seen = 0

    def type(self, *keys: str) -> None:
        """Press keys: text as it is, and the names above."""
        os.write(self._master, "".join(keys).encode())

    def see(self, *texts: str, deadline_s: float = 20.0) -> str:
        """Wait for texts, one after the other; return what was shown up to the last."""
        end, begun = time.monotonic() + deadline_s, self._seen
        for text in texts:
            while (found := self.shown.find(text, self._seen)) < 0:
                assert self._read(end), f"no {text!r} in {self.shown[begun:]!r}"
            self._seen = found + len(text)
        return self.shown[begun : self._seen]

    def end(self, deadline_s: float = 20.0) -> int:
        """Wait until the program has ended and return its exit code."""
        end = time.monotonic() + deadline_s
        while self._read(end):
            pass
        assert time.monotonic() < end, f"it goes on: {self.shown!r}"
        self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    def _read(self, end: float) -> bool:
        """Take what is shown next; False at the end of the program, or when the time is over."""
        if not select.select([self._master], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody holds the other side any more
            return False
        self._raw += data
        self.shown = ESCAPES.sub(b"", self._raw).decode(errors="replace").replace("\r", "")
        return bool(data)

    def leave(self) -> None:
        """End the program, whatever it does."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)


@contextlib.contextmanager
def at_terminal(
    words: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """Run a program at a terminal for the length of the block."""
    terminal = Terminal(words, env, size)
    try:
        yield terminal
    finally:
        terminal.leave()
