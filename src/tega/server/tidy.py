"""Gives memory back to the system after a crowd of connections has left."""

from __future__ import annotations

import asyncio
import gc
from typing import Final

CROWD: Final = 1000
"""Connections that have to end before it is worth the trouble."""
PAUSE_S: Final = 0.5


class Tidy:
    """Counts connections that end; after many, collects what they left and returns free pages."""

    def __init__(self) -> None:
        self._left = 0
        self._timer: asyncio.TimerHandle | None = None

    def note(self) -> None:
        """A connection has ended."""
        self._left += 1
        if self._left >= CROWD and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._tidy)

    def _tidy(self) -> None:
        self._left, self._timer = 0, None
        gc.collect()
        _trim()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _trim() -> None:
    """Return the allocator's free pages, where the C library can (glibc)."""
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
