"""When an operation may be tried again.

What fails waits twice as long each time. What succeeds and is needed again and again (somebody else
undoes it) is done at once a few times, then at a steady rate: never a busy loop.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

FIRST_S = 0.5
"""The wait after a first failure."""
LONGEST_S = 60.0
FREE = 10
"""So many repairs of one thing are made at once."""
STEADY_S = 1.0
"""After that, one per so many seconds."""
FORGET_S = 30.0
"""What was quiet for so long beyond its wait begins anew."""


class _Record(NamedTuple):
    failures: int
    free: float
    noted: float
    until: float
    waits: bool


class Backoff:
    """Remembers per operation when it may be tried again; seconds on the caller's clock."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._records: dict[Hashable, _Record] = {}

    def blocked(self, what: Hashable, now: float) -> bool:
        """Tell whether it has to wait still."""
        record = self._records.get(what)
        return record is not None and now < record.until

    def note(self, what: Hashable, now: float, *, failed: bool) -> float:
        """Take how a try ended; return the seconds until it may be tried again."""
        record = self._records.get(what)
        if record is None or now > record.until + FORGET_S:
            record = _Record(0, float(FREE), now, now, waits=False)
        free = min(float(FREE), record.free + (now - record.noted) / STEADY_S)
        failures = record.failures + 1 if failed else 0
        if failed:
            wait = min(LONGEST_S, FIRST_S * 2.0 ** (failures - 1))
        else:
            free -= 1.0
            wait = max(0.0, -free) * STEADY_S
        self._records[what] = _Record(failures, free, now, now + wait, waits=wait > 0)
        return wait

    @property
    def next(self) -> float:
        """When the first wait is over that `is_over` has not reported; infinity where there is none."""
        return min((r.until for r in self._records.values() if r.waits), default=float("inf"))

    def is_over(self, now: float) -> bool:
        """Tell, once for each wait, that it is over."""
        over = {what: r for what, r in self._records.items() if r.waits and r.until <= now}
        for what, record in over.items():
            self._records[what] = record._replace(waits=False)
        return bool(over)

    def tidy(self, now: float) -> None:
        """Forget what was quiet for long."""
        self._records = {k: r for k, r in self._records.items() if now <= r.until + FORGET_S}
