"""When an operation may be tried again: what fails, or must be repaired again and again, waits longer."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

FIRST_S = 0.5
"""The wait after a first failure; it doubles each time."""
LONGEST_S = 60.0
FREE = 5
"""So many successful repairs of one thing in a row are made at once."""
FORGET_S = 30.0
"""What was quiet for so long beyond its wait begins anew."""


class _Record(NamedTuple):
    failures: int
    repairs: int
    until: float


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
        record = self._records.get(what, _Record(0, 0, now))
        if now > record.until + FORGET_S:
            record = _Record(0, 0, now)
        failures = record.failures + 1 if failed else 0
        repairs = 0 if failed else record.repairs + 1
        excess = failures if failed else max(0, repairs - FREE)
        wait = min(LONGEST_S, FIRST_S * 2.0 ** (excess - 1)) if excess else 0.0
        self._records[what] = _Record(failures, repairs, now + wait)
        return wait

    def next(self, now: float) -> float:
        """Return when the next wait is over, infinity where none is."""
        return min((r.until for r in self._records.values() if r.until > now), default=float("inf"))

    def tidy(self, now: float) -> None:
        """Forget what was quiet for long."""
        self._records = {k: r for k, r in self._records.items() if now <= r.until + FORGET_S}
