"""The lab's lock without standing still: another nlan at work is waited for in a thread."""

from __future__ import annotations

import contextlib
import os
import threading

from nlan.api.upkeep.lab import KeptLab
from nlan.errors import LockedError, NlanError

FOREVER_S = 1e6


class PatientLock:
    """`acquire`; if it is not free, `fileno` turns readable once it is ours."""

    def __init__(self, lab: KeptLab) -> None:
        """Do not ask for it yet."""
        self._lab = lab
        self._held: contextlib.ExitStack | None = None
        self._thread: threading.Thread | None = None
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.error: NlanError | None = None

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._event

    def close(self) -> None:
        """Let go; a thread that waits still ends with the process."""
        if self._thread is None:
            self.release()
            os.close(self._event)

    @property
    def waiting(self) -> bool:
        """Whether another nlan holds it and it was asked for."""
        return self._thread is not None

    def acquire(self) -> bool:
        """Take it if it is free; else begin to wait. True: it is held now."""
        stack = contextlib.ExitStack()
        try:
            stack.enter_context(self._lab.lock())
        except LockedError:
            self._thread = threading.Thread(target=self._wait, args=(stack,), daemon=True)
            self._thread.start()
            return False
        self._held = stack
        return True

    def _wait(self, stack: contextlib.ExitStack) -> None:
        try:
            stack.enter_context(self._lab.lock(on_wait=lambda _: None, timeout_s=FOREVER_S))
            self._held = stack
        except NlanError as error:
            self.error = error
        os.eventfd_write(self._event, 1)

    def arrived(self) -> bool:
        """Tell whether the wait is over; then the lock is held."""
        try:
            os.eventfd_read(self._event)
        except BlockingIOError:
            return False
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.error is not None:
            raise self.error
        return True

    def release(self) -> None:
        """Give it back."""
        if self._held is not None:
            self._held.close()
            self._held = None
