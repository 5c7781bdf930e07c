"""What has to be done to resources for what the plan does beside them, see `Resource.affected`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from nlan.plan.operation import Operation
from nlan.plan.state import State
from nlan.resources import IMPACTS, Key, Resource
from nlan.resources.base import Effect


def with_effects(changes: Sequence[Operation], wanted: State, seen: State) -> list[Operation]:
    """Return the changes with what follows from them for others of the same namespaces."""
    result = {operation.key: operation for operation in changes}
    made: dict[str, list[Resource]] = defaultdict(list)
    if not seen.resources:
        return list(result.values())
    for operation in changes:
        if operation.desired is not None:
            made[operation.key.namespace].append(operation.desired)
    for key, effect in _effects(result, made, wanted, seen):
        result[key] = _operation(result.get(key), seen.resources[key], effect)
    return list(result.values())


def _effects(
    planned: Mapping[Key, Operation], made: Mapping[str, Sequence[Resource]], wanted: State, seen: State
) -> list[tuple[Key, Effect]]:
    found = []
    for key, after in wanted.resources.items():
        beside, before = made.get(key.namespace), seen.resources.get(key)
        if beside is None or before is None:
            continue
        if (operation := planned.get(key)) is not None and operation.action != "update":
            continue  # it is made again whole
        if (effect := after.affected(before, beside, seen, wanted)) is not None:
            found.append((key, effect))
    return sorted(found, key=lambda one: one[0])


def _operation(planned: Operation | None, observed: Resource, effect: Effect) -> Operation:
    desired, impact, reason = effect
    if planned is None:
        return Operation(
            action="update",
            key=desired.key,
            impact=impact,
            reason=reason,
            desired=desired,
            observed=observed,
        )
    impact = max(planned.impact, impact, key=IMPACTS.index)
    reason = f"{planned.reason}; {reason}"
    return msgspec.structs.replace(planned, impact=impact, reason=reason, desired=desired)
