"""What a run tells while it goes on: a front shows of it what it likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlan.errors import NlanError, Problem
    from nlan.plan import Operation, Plan


class Listener:
    """Called with how far a run is; the methods do nothing, a caller overrides what it shows.

    They are called in the thread that runs, while the lab's lock is held: what they raise ends the run
    where it stands, as a kill would.

    Attributes:
        one_by_one: Whether operations are carried out one after the other, with `before` called for each.
        trace: Called with every message to the kernel, in words; None asks for none.
    """

    one_by_one = False
    trace: Callable[[str], None] | None = None

    def say(self, text: str) -> None:
        """Take a sentence for the person in front: a note, or what is waited for."""

    def warning(self, problem: Problem) -> None:
        """Take a warning: what it says of a file harms nothing."""
        self.say(str(problem))

    def planned(self, plan: Plan) -> None:
        """Take the plan before it is carried out."""

    def before(self, operation: Operation) -> None:
        """Take an operation before it is carried out; only called where `one_by_one` is true."""

    def done(self, operation: Operation, error: NlanError | None) -> None:
        """Take an operation after it was carried out."""

    def waiting(self, text: str) -> None:
        """Take how far waiting is."""

    def ended(self) -> None:
        """Take that a run is over, however it ended."""
