"""The order of operations: a topological sort with a taste.

What is used comes before its users, and goes after them. Adding comes before
removing, unless the two clash over a name, an address or a port
(`Resource.claims`, `Resource.excludes`); then the old one goes first. So does what makes its node forget
routes that have just come (`Resource.forgets_routes`). Ties are broken by the kind's rank, node (r2
before r10) and name, so that equal inputs give equal orders and like things come in runs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from nlan.errors import InternalError
from nlan.plan.operation import Operation
from nlan.plan.state import State
from nlan.resources import Key, Resource
from nlan.values import natural

Edges = dict[int, set[int]]
Taste = tuple[bool, int, int, int, str]


def ordered(
    changes: Sequence[Operation],
    deletions: Sequence[Operation],
    vanishing: Mapping[Key, Key],
    wanted: State,
    seen: State,
) -> tuple[Operation, ...]:
    """Return all operations in order, each with the positions of those it requires.

    Args:
        changes: Creations, updates, replacements.
        deletions: Removals.
        vanishing: Observed things that go without an operation, and what takes them along.
        wanted: The desired side.
        seen: The observed side.
    """
    operations = [*changes, *deletions]
    at = {operation.key: n for n, operation in enumerate(operations)}
    edges = _edges(operations, at, vanishing, wanted, seen)
    order = list(_topological(operations, edges))
    if len(order) != len(operations):
        raise InternalError("the operations of a plan require each other in a circle")
    place = {n: position for position, n in enumerate(order)}
    return tuple(
        msgspec.structs.replace(operations[n], requires=tuple(sorted(place[m] for m in edges.get(n, ()))))
        for n in order
    )


def _edges(
    operations: Sequence[Operation],
    at: Mapping[Key, int],
    vanishing: Mapping[Key, Key],
    wanted: State,
    seen: State,
) -> Edges:
    edges: Edges = {}
    ending = _ending(operations)
    for n, operation in enumerate(operations):
        if operation.action == "delete":
            for dependency in seen.dependencies(operation.key):
                if (m := at.get(dependency)) is not None and operations[m].action == "delete":
                    edges.setdefault(m, set()).add(n)
            continue
        before = {at[dependency] for dependency in wanted.dependencies(operation.key) if dependency in at}
        before |= set(_clashes(operation, at, vanishing, seen))
        if operation.desired is not None and operation.desired.brings_routes:
            before |= ending.get(operation.key.namespace, set())
        before.discard(n)
        if before:
            edges.setdefault(n, set()).update(before)
    return edges


def _ending(operations: Sequence[Operation]) -> dict[str, set[int]]:
    """Return the ends of what makes its node forget routes, by node."""
    found: dict[str, set[int]] = {}
    for n, operation in enumerate(operations):
        ending = operation.observed if operation.action == "delete" else None
        if ending is not None and ending.forgets_routes:
            found.setdefault(operation.key.namespace, set()).add(n)
    return found


def _clashes(
    operation: Operation, at: Mapping[Key, int], vanishing: Mapping[Key, Key], seen: State
) -> Iterator[int]:
    """Yield the operations that remove what holds a claim of the operation's resource, or one it excludes."""
    if operation.desired is None or not seen.claims:
        return
    for claim in (*operation.desired.claims(), *operation.desired.excludes()):
        holder = seen.claims.get(claim)
        while holder is not None and holder in vanishing:
            holder = vanishing[holder]
        if holder is not None and holder != operation.key and (n := at.get(holder)) is not None:
            yield n


def _topological(operations: Sequence[Operation], edges: Edges) -> Iterator[int]:
    users: dict[int, list[int]] = {}
    waiting = {n: len(before) for n, before in edges.items()}
    for n, before in edges.items():
        for m in before:
            users.setdefault(m, []).append(n)
    tastes = _tastes(operations)
    ready = [(*tastes[n], n) for n in range(len(operations)) if not waiting.get(n)]
    heapq.heapify(ready)
    while ready:
        n = heapq.heappop(ready)[-1]
        yield n
        for user in users.get(n, ()):
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (*tastes[user], user))


def _tastes(operations: Sequence[Operation]) -> list[Taste]:
    """Return what each operation is sorted by, where nothing that it requires decides."""
    subjects = [_subject(operation) for operation in operations]
    kinds = sorted({(resource.rank, resource.kind) for resource in subjects})
    ranks = {kind: rank for rank, (_, kind) in enumerate(kinds)}
    nodes = sorted({operation.key.namespace for operation in operations}, key=natural)
    places = {namespace: place for place, namespace in enumerate(nodes)}
    return [
        _taste(operation, resource, ranks[resource.kind], places[operation.key.namespace])
        for operation, resource in zip(operations, subjects, strict=True)
    ]


def _subject(operation: Operation) -> Resource:
    subject = operation.desired or operation.observed
    if subject is None:
        raise InternalError(f"{operation} of nothing")
    return subject


def _taste(operation: Operation, resource: Resource, rank: int, place: int) -> Taste:
    if operation.action == "delete":
        return True, -rank, -resource.precedence, place, operation.key.name
    return False, rank, resource.precedence, place, operation.key.name
