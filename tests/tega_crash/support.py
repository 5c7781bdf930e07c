"""Writers to kill, what they acknowledged, and what must be true of a store afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tega.database import Database, open_database

if TYPE_CHECKING:
    from types import TracebackType

WRITER = Path(__file__).with_name("writer.py")


class Writer:
    """One process of `writer.py`; acknowledgements are read as they come."""

    def __init__(self, directory: Path, durability: str = "full", paths: int = 5) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(WRITER), str(directory), durability, str(paths)], stdout=subprocess.PIPE
        )
        self.acknowledged: list[tuple[int, int]] = []
        self._rest = b""

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def read_until(self, count: int) -> None:
        """Read acknowledgements until there are `count`."""
        while len(self.acknowledged) < count:
            assert self._read(), "the writer ended by itself"

    def _read(self) -> bool:
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            rev, number = line.split()
            self.acknowledged.append((int(rev), int(number)))
        return bool(data)

    def stop(self) -> None:
        """Freeze it, and take note of all it had acknowledged by then."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        try:
            while self._read():
                pass
        except BlockingIOError:
            return

    def kill(self) -> None:
        """End it with SIGKILL and read what is left in the pipe."""
        if self.process.returncode is not None:
            return
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), True)
        while self._read():
            pass
        self.process.stdout.close()


def missing(database: Database, acknowledged: list[tuple[int, int]], author: str) -> list[int]:
    """Return the acknowledged revisions that the log does not hold as they were."""
    if not acknowledged:
        return []
    after = min(acknowledged[0][0] - 1, database.head())
    log = {commit.rev: commit for commit in database.history(after=after)}
    return [
        rev
        for rev, number in acknowledged
        if rev not in log or log[rev].author != author or log[rev].changes[0].value != number
    ]


def check_whole(directory: Path) -> None:
    """The log is dense, its chain whole, every state right, and no commit stands half."""
    with open_database(directory) as database:
        database.verify()
        log = list(database.history())
        assert [commit.rev for commit in log] == list(range(1, database.head() + 1))
        for entry, _ in database.select("same.*"):
            assert len(set(entry.value.values())) == 1, f"{entry.path} stands half: {entry.value}"
