"""What differs between two trees, and the changes that lead from one to the other."""

from __future__ import annotations

from tega.api import MISSING, Change, Difference, Op
from tega.tree.nodes import leaves, to_json, walk
from tega.values import same_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tega.api import Json, Path
    from tega.tree.nodes import Children, Node


def diff(before: Node | None, after: Node | None, path: Path = ()) -> Iterator[Difference]:
    """Yield what differs between two states of one log, by leaves.

    Subtrees with equal `mod` are skipped, so the cost goes with what
    changed and not with the size of the tree.
    """
    if before is after or (before is not None and after is not None and before.mod == after.mod):
        return
    if (
        before is not None
        and after is not None
        and before.children is not None
        and after.children is not None
    ):
        for key, child in before.children.items():
            yield from diff(child, after.children.get(key), (*path, key))
        for key, child in after.children.items():
            if before.children.get(key) is None:
                yield from diff(None, child, (*path, key))
        return
    if before is not None and after is not None and not before.children and not after.children:
        if not _alike(before, after):
            yield Difference(path, to_json(before), to_json(after))
        return
    for where, leaf in leaves(before, path) if before is not None else ():
        yield Difference(where, to_json(leaf), MISSING)
    for where, leaf in leaves(after, path) if after is not None else ():
        yield Difference(where, MISSING, to_json(leaf))


def _alike(one: Node, other: Node) -> bool:
    """Whether two leaves or empty mappings hold the same, by JSON's types: 1, 1.0 and true differ."""
    if (one.children is None) is not (other.children is None) or one.children or other.children:
        return False
    return same_json(one.value, other.value)


def changes_towards(now: Node | None, goal: Node | None, path: Path) -> Iterator[Change]:
    """Yield the least changes that make the subtree equal to the goal, leased nodes left alone.

    A leased node that is there stays whatever the goal says; one that
    the goal holds is not brought back, as its session is gone.
    """
    if goal is not None and goal.lease is not None:
        goal = None
    if now is not None and now.lease is not None:
        return
    if now is None:
        if goal is not None:
            yield Change(Op.PUT, path, unleased(goal))
        return
    if goal is not None and now.mod == goal.mod:
        return
    if goal is None and not _holds_lease(now):
        yield Change(Op.DELETE, path)
    elif now.children is not None and (goal is None or goal.children is not None or _holds_lease(now)):
        yield from _inside(now.children, goal, path)
    elif goal is not None and not _alike(now, goal):
        yield Change(Op.PUT, path, unleased(goal))


def _inside(children: Children, goal: Node | None, path: Path) -> Iterator[Change]:
    wanted: Children = goal.children if goal is not None and goal.children is not None else {}
    for key, child in children.items():
        yield from changes_towards(child, wanted.get(key), (*path, key))
    for key, child in wanted.items():
        if children.get(key) is None:
            yield from changes_towards(None, child, (*path, key))


def _holds_lease(node: Node) -> bool:
    return any(below.lease is not None for _, below in walk(node))


def unleased(node: Node) -> Json:
    """Return the subtree as a JSON value, without the nodes of leases below it."""
    if node.children is None:
        return to_json(node)
    return {key: unleased(child) for key, child in node.children.items() if child.lease is None}
