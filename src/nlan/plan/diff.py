"""From desired and observed resources to a plan.

Rules that shape it:

- What vanishes with its namespace or its link is not removed one by one; what
  stands on a link that is made again is made again too.
- What is used comes before its users, and goes after them (`nlan.plan.order`).
- Everything is sorted, so equal inputs give equal plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlan.plan.operation import Operation, Plan
from nlan.plan.order import ordered
from nlan.plan.state import State
from nlan.resources import Key, Resource


def plan(desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]) -> Plan:
    """Return the operations that turn `observed` into `desired`.

    Planning again over the result of a plan that was applied gives an empty plan.
    """
    wanted, seen = State(desired), State(observed)
    changes = [o for key in sorted(desired) if (o := _change(key, desired, observed)) is not None]
    changes += _on_remade(changes, wanted)
    removals = {key for key in observed if key not in desired}
    vanishing = {key: carrier for key in removals if (carrier := _carrier(key, removals, seen)) is not None}
    deletions = [_deletion(observed[key]) for key in sorted(removals - vanishing.keys())]
    return Plan(operations=ordered(changes, deletions, vanishing, wanted, seen))


def _change(key: Key, desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]) -> Operation | None:
    wanted, seen = desired[key], observed.get(key)
    if seen is None:
        is_new = Key("namespace", key.namespace, "") not in observed  # nothing runs there that could suffer
        impact = "hitless" if is_new else wanted.create_impact
        return Operation(action="create", key=key, impact=impact, reason="missing", desired=wanted)
    difference = wanted.difference(seen)
    if difference is not None:
        difference = wanted.difference_beside(seen, _made_for(wanted, desired, observed))
    if difference is None:
        return None
    return Operation(
        action="update" if difference.in_place else "replace",
        key=key,
        impact=difference.impact,
        reason=difference.reason,
        details=difference.details,
        desired=wanted,
        observed=seen,
    )


def _made_for(
    wanted: Resource, desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]
) -> frozenset[tuple[str, ...]]:
    """Return the claims of what `wanted` requires and the plan makes anew."""
    made = [desired[key] for key in wanted.requires() if key in desired and key not in observed]
    return frozenset(claim for resource in made for claim in resource.claims())


def _on_remade(changes: list[Operation], wanted: State) -> Iterator[Operation]:
    """Yield the creation of what vanishes with a link that is made again."""
    planned = {operation.key for operation in changes}
    for remade in sorted(operation.key for operation in changes if operation.action == "replace"):
        reason = f"its {remade.kind} {remade.name} is made again"
        for key in sorted(wanted.carried_by(remade)):
            if key not in planned:
                planned.add(key)
                resource = wanted.resources[key]
                yield Operation(action="create", key=key, impact="outage", reason=reason, desired=resource)


def _carrier(key: Key, removals: set[Key], seen: State) -> Key | None:
    """Return the removed thing that takes the removed `key` along, if there is one."""
    return next((carrier for carrier in seen.carriers(key) if carrier in removals), None)


def _deletion(seen: Resource) -> Operation:
    return Operation(
        action="delete", key=seen.key, impact=seen.delete_impact, reason="not wanted", observed=seen
    )
