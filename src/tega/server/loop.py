"""The server's event loop: one that waits a moment before it sleeps.

A processor that sleeps takes some 30 µs to wake, as long as the server takes to read a request. A client
that asks again right after an answer is back within that time. So the loop looks for `SPIN_S` before it
sleeps, where there is a second processor for the client; an idle server does so a few times a second.
"""

from __future__ import annotations

import asyncio
import os
from selectors import EpollSelector
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from selectors import SelectorKey

SPIN_S: Final = 60e-6
"""How long it looks, in seconds."""


class SpinningSelector(EpollSelector):
    """An epoll selector that looks for a while before it blocks."""

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return what is ready, as soon as something is or the timeout is over."""
        look = super().select
        ready = look(0)
        if ready or (timeout is not None and timeout <= SPIN_S):
            return ready
        end = perf_counter() + SPIN_S
        while not ready and perf_counter() < end:
            ready = look(0)
        return ready or look(timeout)


def new_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop for a server."""
    spare = len(os.sched_getaffinity(0)) > 1
    return asyncio.SelectorEventLoop(SpinningSelector() if spare else None)
