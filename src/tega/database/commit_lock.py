"""Whose turn it is to commit: the write lock of a store, and the threads that wait for it.

A thread whose request another one commits needs no lock afterwards. So
waiting threads do not queue at the lock: each sleeps at a gate of its own
request, which opens when the request is done, or when the lock is free
and the request still waits.
"""

from __future__ import annotations

from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from types import TracebackType

    from tega.database.group import Request


class CommitLock:
    """A lock, as a context; whoever lets go of it wakes the first of those that wait to commit.

    Args:
        queue: The requests that nobody has begun to commit.
    """

    __slots__ = ("_lock", "_queue")

    def __init__(self, queue: deque[Request]) -> None:
        self._lock = Lock()
        self._queue = queue

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        if self._queue:
            self._wake_first()

    def take(self, request: Request) -> bool:
        """Wait for the lock as long as the request is not done; return whether the lock was taken."""
        closed = False
        while not request.done:
            if self._lock.acquire(blocking=False):
                return True
            if closed:
                self._sleep(request)
            else:  # and try once more: whoever has the lock may not have seen the gate
                request.gate.acquire()
                closed = request.waits = True
        return False

    def _sleep(self, request: Request) -> None:
        try:
            request.gate.acquire()
        except BaseException:  # interrupted, perhaps just when it was to take over: the next one must
            request.waits = False
            with self:
                raise

    def _wake_first(self) -> None:
        for request in tuple(self._queue):
            if request.waits:
                open_gate(request.gate)
                return


def open_gate(gate: Lock) -> None:
    """Let the thread through that sleeps there, or that will; open already is as well."""
    try:
        gate.release()
    except RuntimeError:
        return
