"""Which process keeps a lab: a file in the lab's run directory, locked as long as that process lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

from nlan.errors import HostError, LockedError, NotFoundError
from nlan.paths import Paths


class Pidfile:
    """One keep per lab."""

    def __init__(self, paths: Paths, lab: str) -> None:
        """Claim nothing yet."""
        self._path = paths.lab(lab) / "keep.pid"
        self._lab = lab
        self._descriptor = -1

    @property
    def log(self) -> Path:
        """Where a keep in the background writes."""
        return self._path.with_name("keep.log")

    def claim(self) -> None:
        """Become the lab's keep.

        Raises:
            LockedError: The lab has one.
            NotFoundError: The lab is not there.
        """
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = os.pread(descriptor, 32, 0).decode().strip()
                os.close(descriptor)
                raise LockedError(f"lab {self._lab} is kept already, by process {pid or 'unknown'}") from None
            self._descriptor = descriptor
            if self.is_mine():
                break
            os.close(descriptor)
        self.rewrite()

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            raise NotFoundError(f"no lab {self._lab} runs") from None

    def rewrite(self) -> None:
        """Write down the process id; again after a fork."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def is_mine(self) -> bool:
        """Tell whether the file is still this one: it goes with the lab."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def let_go(self) -> None:
        """Close the file in this process alone: another one that has it open stays the lab's keep."""
        os.close(self._descriptor)
        self._descriptor = -1

    def leave(self) -> None:
        """Be the lab's keep no more."""
        if self._descriptor >= 0:
            if self.is_mine():
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1


def keeper_of(paths: Paths, lab: str) -> int | None:
    """Return the process id of the lab's keep, None where it has none."""
    try:
        descriptor = os.open(paths.lab(lab) / "keep.pid", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 32, 0).strip() or b"0")
    finally:
        os.close(descriptor)
    return None


STOP_S = 30.0
"""How long a keep may take to end: a repair that has begun is finished."""


def stop_keeper(paths: Paths, lab: str, *, open_process: Callable[[int], int] = os.pidfd_open) -> int | None:
    """End the lab's keep and return its process id once it is gone; None where the lab has none.

    Args:
        paths: Where the lab is.
        lab: Its name.
        open_process: Opens a process by its id.

    Raises:
        HostError: It does not end.
    """
    pid = keeper_of(paths, lab)
    if not pid:
        return None
    try:
        process = open_process(pid)
    except ProcessLookupError:
        return None
    try:
        if keeper_of(paths, lab) != pid:  # it ended meanwhile, and the number is another process's
            return None
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            signal.pidfd_send_signal(process, signal.SIGTERM)
        if not select.select([process], [], [], STOP_S)[0]:
            raise HostError(f"{lab}: its keep, process {pid}, does not end within {STOP_S:.0f} s")
    finally:
        os.close(process)
    return pid
