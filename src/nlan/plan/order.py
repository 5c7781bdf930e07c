"""The order of operations: a topological sort with a taste.

What is used comes before its users, and goes after them. Adding comes before
removing, unless the two clash over a name, an address or a port
(`Resource.claims`, `Resource.excludes`); then the old one goes first. So does a routing daemon that
ends: zebra then forgets all routes that it has just been told (`nlan.engines.frr.run.workqueue`). Ties are
broken by kind, node (r2 before r10) and name, so that equal inputs give equal orders and like things
come in runs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from nlan.errors import InternalError
from nlan.plan.operation import Operation
from nlan.plan.state import State
from nlan.resources import Key
from nlan.values import natural

KINDS = (
    "namespace",
    "stack",
    "foreign",
    "hosts",
    "cgroup",
    "sysctl",
    "bridge",
    "veth",
    "vxlan",
    "fdb",
    "address",
    "route",
    "frr",
    "gobgp",
)
"""Every kind, those that others stand on first."""
RANK = {kind: rank for rank, kind in enumerate(KINDS)}

ROUTED = RANK["address"]
"""From this kind on, what is made brings routes to zebra."""

EARLY = {"mgmtd": 0, "zebra": 1}
"""Daemons that the others of their node need. They start in one run, side by side, so nothing requires
them; but a plan that is carried out one by one must have them first."""
LATE = len(EARLY)

Edges = dict[int, set[int]]


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
            for ground in seen.grounds(operation.key):
                if (m := at.get(ground)) is not None and operations[m].action == "delete":
                    edges.setdefault(m, set()).add(n)
            continue
        before = {at[ground] for ground in wanted.grounds(operation.key) if ground in at}
        before |= set(_clashes(operation, at, vanishing, seen))
        if RANK[operation.key.kind] >= ROUTED:
            before |= ending.get(operation.key.namespace, set())
        before.discard(n)
        if before:
            edges.setdefault(n, set()).update(before)
    return edges


def _ending(operations: Sequence[Operation]) -> dict[str, set[int]]:
    """Return the ends of routing daemons, by node."""
    found: dict[str, set[int]] = {}
    for n, operation in enumerate(operations):
        key = operation.key
        if operation.action == "delete" and key.kind == "frr" and key.name not in EARLY:
            found.setdefault(key.namespace, set()).add(n)
    return found


def _clashes(
    operation: Operation, at: Mapping[Key, int], vanishing: Mapping[Key, Key], seen: State
) -> Iterator[int]:
    """Yield the operations that remove what holds a claim of the operation's resource, or one it excludes."""
    if operation.desired is None:
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
    nodes = sorted({operation.key.namespace for operation in operations}, key=natural)
    places = {namespace: place for place, namespace in enumerate(nodes)}
    ready = [(*_taste(o, places), n) for n, o in enumerate(operations) if not waiting.get(n)]
    heapq.heapify(ready)
    while ready:
        n = heapq.heappop(ready)[-1]
        yield n
        for user in users.get(n, ()):
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (*_taste(operations[user], places), user))


def _taste(operation: Operation, places: Mapping[str, int]) -> tuple[bool, int, int, int, str]:
    rank = RANK[operation.key.kind]
    early = EARLY.get(operation.key.name, LATE) if operation.key.kind == "frr" else 0
    if operation.action == "delete":
        return True, -rank, -early, places[operation.key.namespace], operation.key.name
    return False, rank, early, places[operation.key.namespace], operation.key.name
