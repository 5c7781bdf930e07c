"""What a run is asked for, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypedDict

from nlan.api.runs.convergence import Missing
from nlan.confirmation import Confirmation
from nlan.errors import Problem
from nlan.model import Lab
from nlan.plan import Plan
from nlan.schema import Allocations

Wait = Literal["up", "converged", "no"]


class Options(TypedDict, total=False):
    """How a change is made, and what is waited for.

    Attributes:
        wait: For what: ``converged`` (routing has, the default), ``up`` (daemons are), or ``no``.
        timeout_s: How many seconds at most (60).
        message: Kept with the revision.
        confirm_s: Seconds until the change undoes itself unless `Lab.confirm` comes; None (the default)
            where it counts at once.
    """

    wait: Wait
    timeout_s: float
    message: str
    confirm_s: float | None


class Request(NamedTuple):
    """What shall be: a lab, and where it comes from.

    Attributes:
        lab: As it shall be.
        allocations: What the lab's names were given.
        source: The file's path and text.
        message: Kept with the revision.
        wait: For what to wait.
        timeout_s: How long.
        confirm_s: Seconds until the change undoes itself, or None.
        base: The revision that the lab was made from, where it was made from one.
        known: What the lab's names had before, where the lab was made from that.
        lines: The line of each node in the file.
        raw: Where the lines of each node's raw configuration stand: the file, and its line of each.
        strict: Whether a raw line that a daemon refuses is an error.
        exclusive: Whether what somebody else put there is taken away, this once.
    """

    lab: Lab
    allocations: Allocations
    source: tuple[str, str] = ("", "")
    message: str = ""
    wait: Wait = "converged"
    timeout_s: float = 60.0
    confirm_s: float | None = None
    base: int | None = None
    known: Allocations | None = None
    lines: dict[str, int] = {}  # noqa: RUF012 - a tuple's default, never changed
    raw: dict[str, tuple[str, tuple[int, ...]]] = {}  # noqa: RUF012 - likewise
    strict: bool = False
    exclusive: bool = False


class Applied(NamedTuple):
    """What a run did.

    Attributes:
        plan: What was done.
        revision: The revision that the network is at now.
        missing: What has not converged in time; false where all has, or where nobody waited.
        seconds: How long it took, by part.
        waiting: What is to be confirmed; None where the change counts at once.
        lab: As it is now, with every derived address, VNI and default.
        waited: For what was waited.
        warnings: Raw lines that daemons refused; all else is as asked.
    """

    plan: Plan
    revision: int
    missing: Missing
    seconds: Mapping[str, float]
    waiting: Confirmation | None
    lab: Lab
    waited: Wait
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is known to be missing, or not to come up."""
        return not (self.missing or self.missing.hindrances)

    @property
    def converged(self) -> bool:
        """Whether it was waited for routing, and all is known to have come."""
        return self.waited == "converged" and self.missing.is_certain
