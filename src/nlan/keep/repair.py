"""One look at what may differ, and its repair; the lab's lock is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from nlan.api.environment.context import Context
from nlan.api.upkeep.desired import Desired
from nlan.engine import Engine, Failure
from nlan.errors import NlanError
from nlan.keep.backoff import Backoff
from nlan.keep.vigil import Daemon, Vigil
from nlan.keep.work_queue import WorkQueue
from nlan.plan import Operation, Plan, plan
from nlan.resources import Foreign, Key

Clock = Callable[[], float]
What = tuple[str, Key]


class Outcome(NamedTuple):
    """What a look found and did.

    Attributes:
        done: Operations that were carried out.
        failed: Operations that failed, and those left out for them.
        put_off: Operations that have to wait, as they failed or were needed too often.
        seen: Every namespace that was looked at.
        waits: Seconds until a failed operation is tried again.
        daemons: Whether a daemon was started or ended.
        foreign: What somebody else put into the namespaces that were seen, and stays.
        silent: Daemons that have to be waited for before they are started again.
    """

    done: list[Operation]
    failed: list[Failure]
    put_off: int
    seen: frozenset[str]
    waits: dict[What, float]
    daemons: bool
    foreign: tuple[Foreign, ...]
    silent: frozenset[Daemon]


def repair(
    context: Context, desired: Desired, queue: WorkQueue, backoff: Backoff, vigil: Vigil, clock: Clock
) -> Outcome:
    """Look at what is marked, plan for that alone, and carry the plan out."""
    existing = context.place.namespaces()
    planned, seen = look(context, desired, queue, existing)
    silent = {o.key: (o.key.namespace, o.key.name) for o in planned.operations if vigil.waits(o, clock())}
    ready = without(planned, lambda o: o.key in silent or backoff.blocked((o.action, o.key), clock()))
    engine = Engine(context.drivers(desired.resources))
    done: list[Operation] = []
    waits: dict[What, float] = {}

    def report(operation: Operation, error: NlanError | None) -> None:
        what = operation.action, operation.key
        waits[what] = backoff.note(what, clock(), failed=error is not None)
        if error is None:
            done.append(operation)

    failed = engine.apply(ready, report)
    daemons = any(o.key.kind in context.engines.kinds for o in ready.operations)
    put_off = len(planned) - len(ready)
    waiting = frozenset(silent.values())
    return Outcome(done, failed, put_off, seen, waits, daemons, planned.foreign, waiting)


def look(
    context: Context, desired: Desired, queue: WorkQueue, existing: list[str]
) -> tuple[Plan, frozenset[str]]:
    """Return what would repair the marked namespaces, and which those are."""
    if queue.whole:
        observed = Engine(context.drivers(desired.resources)).observe(existing)
        return plan(desired.resources, observed), frozenset(existing) | desired.by_namespace.keys()
    marked = queue.namespaces
    kinds_left_out = frozenset[str]() if queue.daemons else context.engines.kinds
    wanted = desired.part(sorted(marked), daemons=not kinds_left_out)
    drivers = [d for d in context.drivers(wanted) if not kinds_left_out.issuperset(d.kinds)]
    observed = Engine(drivers).observe([name for name in existing if name in marked])
    mine = {key: resource for key, resource in observed.items() if key.namespace in marked}
    return plan(wanted, mine), frozenset(marked)


def without(planned: Plan, blocked: Callable[[Operation], bool]) -> Plan:
    """Return the plan without some operations and all that require them."""
    place: dict[int, int] = {}
    kept: list[Operation] = []
    for n, operation in enumerate(planned.operations):
        if all(m in place for m in operation.requires) and not blocked(operation):
            place[n] = len(kept)
            requires = tuple(place[m] for m in operation.requires)
            kept.append(msgspec.structs.replace(operation, requires=requires))
    return Plan(operations=tuple(kept))
