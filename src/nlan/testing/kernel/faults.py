"""Faults on order: the n-th change of a kernel's state fails, or its caller dies right before it."""

from __future__ import annotations

from nlan.testing.errors import KilledError, RefusedError


class Faults:
    """Counts changes; at most one fault is ordered at a time, and it happens once.

    Attributes:
        count: Changes that were asked for since the start or the last order.
        fault: What was being done when the fault happened, empty before.
    """

    def __init__(self) -> None:
        """Order nothing."""
        self.clear()

    def fail_at(self, n: int, errno: int) -> None:
        """Let the n-th change from now on, counted from 0, be refused with that number."""
        self._order(n, errno)

    def kill_at(self, n: int) -> None:
        """Let the caller die before the n-th change from now on, counted from 0.

        What is handed over in one call is carried out whole, as the kernel does with a datagram; so
        the caller dies before the call that the change is part of.
        """
        self._order(n, None)

    def clear(self) -> None:
        """Order nothing any more."""
        self._order(-1, None)

    def _order(self, n: int, errno: int | None) -> None:
        self._at, self._errno = n, errno
        self.count, self.fault = 0, ""

    def call(self, changes: int = 1) -> None:
        """Take note of a system call that asks for so many changes.

        Raises:
            KilledError: The caller dies here.
        """
        if self._errno is None and self.count <= self._at < self.count + changes:
            self.fault, self._at = "killed", -1
            raise KilledError

    def change(self, what: str) -> None:
        """Take note of a change.

        Raises:
            RefusedError: It is the one that shall fail.
        """
        position, self.count = self.count, self.count + 1
        if self._errno is not None and position == self._at:
            self.fault = what
            raise RefusedError(self._errno)
