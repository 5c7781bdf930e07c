"""From desired and observed resources to a plan.

Rules that shape it:

- What vanishes with its namespace or its link is not removed one by one; what
  stands on a link that is made again is made again too.
- What is used comes before its users, and goes after them (`nlan.plan.order`).
- What comes with its namespace is not made one by one either.
- What is in a namespace that is made anew is as gone.
- What is foreign is shown, and removed only where its namespace is exclusive, or where it stands in the
  place of something that is missing.
- Everything is sorted, so equal inputs give equal plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlan.plan.effects import with_effects
from nlan.plan.foreign import accounted_for, harmful, is_taken_away
from nlan.plan.operation import Operation, Plan
from nlan.plan.order import ordered
from nlan.plan.state import State
from nlan.resources import NAMESPACE, Foreign, Key, Resource
from nlan.resources.base import Claim


def plan(desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]) -> Plan:
    """Return the operations that turn `observed` into `desired`.

    Planning again over the result of a plan that was applied gives an empty plan.
    """
    changes, observed = _without_remade(_changes(desired, observed), desired, observed)
    wanted, seen = State(desired), State(observed)
    changes += _on_remade(changes, wanted)
    changes += _lost(changes, wanted, seen)
    changes = with_effects(changes, wanted, seen)
    removals = {key for key in observed if key not in desired and not observed[key].comes_with_namespace}
    if any(key.kind == Foreign.kind for key in removals):
        removals -= accounted_for(desired)
    vanishing = {key: carrier for key in removals if (carrier := _carrier(key, removals, seen)) is not None}
    foreign = sorted(key for key in removals - vanishing.keys() if key.kind == Foreign.kind)
    created = (o for o in changes if o.action == "create") if foreign else ()
    places = {claim: o.key for o in created for claim in _claims(o.desired)}
    left = [
        f
        for key in foreign
        if not is_taken_away(f := _foreign(observed[key]), desired) and places.keys().isdisjoint(f.claims())
    ]
    removals = removals - vanishing.keys() - {f.key for f in left}
    deletions = [_deletion(observed[key], places) for key in sorted(removals)]
    operations = ordered(changes, deletions, vanishing, wanted, seen)
    return Plan(operations=operations, foreign=tuple(left), harmful=harmful(left, desired))


def _changes(desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]) -> list[Operation]:
    return [o for key in sorted(desired) if (o := _change(key, desired, observed)) is not None]


def _without_remade(
    changes: list[Operation], desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]
) -> tuple[list[Operation], Mapping[Key, Resource]]:
    """Return the changes, and what is observed, without all that goes with namespaces that are made anew."""
    remade = {o.key: o for o in changes if o.action == "replace" and o.key.kind == NAMESPACE}
    if not remade:
        return changes, observed
    names = {key.namespace for key in remade}
    kept = {
        key: seen
        for key, seen in observed.items()
        if key not in remade and names.isdisjoint(seen.namespaces())
    }
    return [remade.get(o.key, o) for o in _changes(desired, kept)], kept


def _change(key: Key, desired: Mapping[Key, Resource], observed: Mapping[Key, Resource]) -> Operation | None:
    wanted, seen = desired[key], observed.get(key)
    if seen is None:
        is_new = Key(NAMESPACE, key.namespace, "") not in observed  # nothing runs there that could suffer
        if is_new and wanted.comes_with_namespace:
            return None
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
) -> frozenset[Claim]:
    """Return the claims of what `wanted` requires and the plan makes anew."""
    made = [desired[key] for key in wanted.requires() if key in desired and key not in observed]
    return frozenset(claim for resource in made for claim in resource.claims())


def _on_remade(changes: list[Operation], wanted: State) -> Iterator[Operation]:
    """Yield the creation of what vanishes with a link that is made again, or gives way to another one."""
    planned = {operation.key for operation in changes}
    made = [o.desired for o in changes if o.action in ("create", "replace") and o.desired is not None]
    remade = {resource.key for resource in made if resource.is_link}
    places = {claim[1] for key in remade for claim in wanted.resources[key].claims()}
    for key in sorted(wanted.carried_in(places) - planned):
        dependency = next((one for one in wanted.dependencies(key) if one in remade), None)
        if dependency is not None:
            reason = f"its {dependency.kind} {dependency.name} is made again"
            desired = wanted.resources[key]
            yield Operation(action="create", key=key, impact="outage", reason=reason, desired=desired)


def _lost(changes: list[Operation], wanted: State, seen: State) -> list[Operation]:
    """Return the creation of what the kernel drops on the way, see `Resource.lost_between`."""
    planned = {operation.key for operation in changes}
    found = []
    for key, desired in wanted.resources.items():
        if key in planned or (observed := seen.resources.get(key)) is None:
            continue
        if reason := observed.lost_between(seen, wanted):
            found.append(Operation(action="create", key=key, impact="outage", reason=reason, desired=desired))
    return sorted(found, key=lambda operation: operation.key)


def _carrier(key: Key, removals: set[Key], seen: State) -> Key | None:
    """Return the removed thing that takes the removed `key` along, if there is one."""
    return next((carrier for carrier in seen.carriers(key) if carrier in removals), None)


def _foreign(resource: Resource) -> Foreign:
    assert isinstance(resource, Foreign)
    return resource


def _claims(resource: Resource | None) -> tuple[Claim, ...]:
    return resource.claims() if resource is not None else ()


def _deletion(seen: Resource, places: Mapping[Claim, Key]) -> Operation:
    """Remove it; a foreign thing because none shall be there, or because it stands where another shall."""
    reason = "not wanted"
    if isinstance(seen, Foreign):
        instead = next((places[claim] for claim in seen.claims() if claim in places), None)
        reason = "foreign" if instead is None else f"it is in the place of {instead.kind} {instead.name}"
    return Operation(action="delete", key=seen.key, impact=seen.delete_impact, reason=reason, observed=seen)
