"""Long work beside the event loop, in slices: neither the loop nor other work waits for it to end.

Work is an iterator whose steps are short. What ends within a moment is done
at once, on the loop; what does not goes on on one thread, a slice at a time,
in turn with all other work that is as long. Whoever is cancelled, does not
go on.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
INLINE_S: Final = 0.001
"""How long work may take on the loop itself."""
SLICE_S: Final = 0.01
"""How long it then takes at a time."""


class Lane:
    """The threads that work goes to; made when there is some."""

    def __init__(self) -> None:
        self._slices = ThreadPoolExecutor(1, "tega-slices")
        self._calls = ThreadPoolExecutor(1, "tega-calls")

    async def call(self, work: Callable[[], T]) -> T:
        """Return what a function returns that cannot be cut into steps."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, work)

    async def run(self, steps: Iterator[object], *, inline: bool = True) -> None:
        """Take all steps; those of the first moment on the loop, unless each may be long."""
        if inline and _slice(steps, INLINE_S):
            return
        loop = asyncio.get_running_loop()
        while not await loop.run_in_executor(self._slices, _slice, steps, SLICE_S):
            pass

    def close(self) -> None:
        """Take no more work."""
        self._slices.shutdown(wait=False, cancel_futures=True)
        self._calls.shutdown(wait=False, cancel_futures=True)


def _slice(steps: Iterator[object], seconds: float) -> bool:
    """Take steps for a time; whether all are done."""
    end = perf_counter() + seconds
    return all(perf_counter() < end for _ in steps)
