"""How far back a lab's database remembers: what `nlan keep` forgets, and when.

What flaps is written down again and again, so a database that is kept for
long grows. Nothing is forgotten below `Limits.large`; above it the older half of
what is there goes, but for the newest revisions of the lab. Above
`Limits.huge` it goes in any case. What the lab shall be, what it runs and what an
unconfirmed change returns to stay whatever happens.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

from nlan.api.upkeep.lab import LabState
from tega.engines.files import DATABASE
from tega.errors import StoreError


class Limits(NamedTuple):
    """How much is kept.

    Attributes:
        large: Bytes of the database file below which nothing is forgotten.
        huge: Bytes above which even the newest revisions may go.
        revisions: So many of them stay until then.
    """

    large: int = 16 << 20
    huge: int = 32 << 20
    revisions: int = 50


LIMITS = Limits()
LEAST_SHARE = 10
"""Less than one commit in so many is not worth the work."""
LOOK_EVERY_S = 3600.0


def forgettable(state: LabState, size: int, limits: Limits = LIMITS) -> int:
    """Return the revision before which a lab's history can be forgotten; 0 where all stays.

    Args:
        state: The lab's database.
        size: Bytes of its database file.
        limits: How much is kept.
    """
    if size < limits.large:
        return 0
    oldest, head = state.database.oldest(), state.database.head()
    before = oldest + (head - oldest) // 2
    waiting, desired = state.confirmation(), state.head()
    needed = [state.applied(), waiting.back_to if waiting is not None else 0]
    before = min([before, *(revision for revision in needed if 0 < revision != desired)])
    if size < limits.huge:
        newest = state.revisions(limits.revisions)
        before = min([before, *(revision.revision for revision in newest[-1:])])
    return before if (before - oldest) * LEAST_SHARE > head - oldest else 0


class Forgetting:
    """Looks at the size of a database now and then, and has a thread forget what is too much.

    That takes seconds for a large one; commits come in between.
    """

    def __init__(self, directory: Path, limits: Limits = LIMITS) -> None:
        """Take the directory of the database, and how much of it is kept."""
        self._directory, self._limits = directory, limits
        self._thread: threading.Thread | None = None
        self._at = 0.0
        self._outcome: int | StoreError = 0

    @property
    def is_at_work(self) -> bool:
        """Tell whether the files are being changed."""
        return self._thread is not None and self._thread.is_alive()

    def tick(self, state: LabState, now: float) -> int | StoreError:
        """Begin where it is time; return how many commits went since the last call, or what failed."""
        if self.is_at_work:
            return 0
        outcome, self._outcome = self._outcome, 0
        if now >= self._at:
            self._at = now + LOOK_EVERY_S
            self.begin(state)
        return outcome

    def begin(self, state: LabState) -> None:
        """Forget what is too much, if anything is."""
        size = (self._directory / DATABASE).stat().st_size
        if size >= self._limits.large:
            self._thread = threading.Thread(target=self._forget, args=(state, size), daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Wait until the thread has ended; the database stays as whole as it was."""
        if self._thread is not None:
            self._thread.join()

    def _forget(self, state: LabState, size: int) -> None:
        try:
            before = forgettable(state, size, self._limits)
            if before:
                self._outcome = before - 1 - state.database.oldest()
                state.forget(before)
        except StoreError as error:
            self._outcome = error
