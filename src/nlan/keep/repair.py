"""One look at what may differ, and its repair; the lab's lock is held."""

from __future__ import annotations

from typing import NamedTuple

from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.lab import Daemon, KeptLab, Key, Operation
from nlan.api.upkeep.repairing import Repaired
from nlan.api.upkeep.scope import Scope
from nlan.errors import NlanError
from nlan.keep.backoff import Backoff
from nlan.keep.vigil import Vigil

What = tuple[str, Key]


class Outcome(NamedTuple):
    """What a look found and did.

    Attributes:
        repaired: What was seen, what failed, what somebody else put there.
        done: Operations that were carried out.
        waits: Seconds until a failed operation is tried again.
        silent: Daemons that have to be waited for before they are started again.
    """

    repaired: Repaired
    done: list[Operation]
    waits: dict[What, float]
    silent: frozenset[Daemon]


def repair(lab: KeptLab, desired: Desired, scope: Scope, backoff: Backoff, vigil: Vigil) -> Outcome:
    """Look at a part of the lab, plan for that alone, and carry out what need not wait."""
    looked, clock = lab.look(desired, scope), lab.clock
    planned = looked.plan.operations
    silent = {o.key: (o.key.namespace, o.key.name) for o in planned if vigil.waits(o, clock())}
    done: list[Operation] = []
    waits: dict[What, float] = {}

    def has_to_wait(operation: Operation) -> bool:
        return operation.key in silent or backoff.blocked((operation.action, operation.key), clock())

    def report(operation: Operation, error: NlanError | None) -> None:
        what = operation.action, operation.key
        waits[what] = backoff.note(what, clock(), failed=error is not None)
        if error is None:
            done.append(operation)

    repaired = lab.repair(desired, looked, has_to_wait, report)
    return Outcome(repaired, done, waits, frozenset(silent.values()))
