"""A part of a running lab looked at, and brought back to what shall be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from nlan.api.environment.context import Context
from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.scope import Scope
from nlan.engine import Engine, Failure, Report
from nlan.plan import Operation, Plan, plan
from nlan.plan.foreign import harmful
from nlan.resources import Foreign, Key


class Looked(NamedTuple):
    """What a look found.

    Attributes:
        plan: What would make it as it shall be, and what somebody else put there.
        seen: Every namespace that was looked at.
    """

    plan: Plan
    seen: frozenset[str]


class Repaired(NamedTuple):
    """What a look found and did.

    Attributes:
        failed: Operations that failed, and those left out for them.
        put_off: How many operations were left for later.
        seen: Every namespace that was looked at.
        daemons: Whether a daemon was started or ended.
        foreign: What somebody else put into the namespaces that were seen, and stays.
        harmful: What of it may change where the lab's packets go.
    """

    failed: Sequence[Failure]
    put_off: int
    seen: frozenset[str]
    daemons: bool
    foreign: tuple[Foreign, ...]
    harmful: frozenset[Key]


def look(context: Context, desired: Desired, scope: Scope) -> Looked:
    """Return what would repair a part of a lab."""
    existing = context.nodes.namespaces()
    if scope.whole:
        observed = Engine(context.drivers(desired.resources)).observe(existing)
        seen = frozenset(existing) | desired.by_namespace.keys()
        return Looked(plan(desired.resources, observed), seen)
    named = scope.namespaces
    kinds_left_out = frozenset[str]() if scope.daemons else context.engines.kinds
    wanted = desired.part(sorted(named), daemons=not kinds_left_out)
    drivers = [d for d in context.drivers(wanted) if not kinds_left_out.issuperset(d.kinds)]
    observed = Engine(drivers).observe([name for name in existing if name in named])
    mine = {key: resource for key, resource in observed.items() if key.namespace in named}
    return Looked(plan(wanted, mine), frozenset(named))


def repair(
    context: Context,
    desired: Desired,
    looked: Looked,
    waits: Callable[[Operation], bool],
    report: Report,
) -> Repaired:
    """Carry out what repairs a part of a lab, but for operations that are to wait; its lock is held.

    Args:
        context: The lab's.
        desired: What shall be.
        looked: What was found.
        waits: Tells of an operation that it is to be left for later; what requires it is, too.
        report: Called with every operation as it ends.
    """
    planned = looked.plan
    ready = without(planned, waits)
    failed = Engine(context.drivers(desired.resources)).apply(ready, report)
    daemons = any(o.key.kind in context.engines.kinds for o in ready.operations)
    harms = frozenset(foreign.key for foreign in harmful(planned.foreign, desired.resources))
    return Repaired(failed, len(planned) - len(ready), looked.seen, daemons, planned.foreign, harms)


def without(planned: Plan, left_out: Callable[[Operation], bool]) -> Plan:
    """Return the plan without some operations and all that require them."""
    position: dict[int, int] = {}
    kept: list[Operation] = []
    for n, operation in enumerate(planned.operations):
        if all(m in position for m in operation.requires) and not left_out(operation):
            position[n] = len(kept)
            requires = tuple(position[m] for m in operation.requires)
            kept.append(msgspec.structs.replace(operation, requires=requires))
    return Plan(operations=tuple(kept))
