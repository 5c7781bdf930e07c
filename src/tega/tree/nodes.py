"""The tree as a persistent value: a change gives a new tree that shares what stayed.

A reader who holds a `Node` has a snapshot that nobody can change. All
functions here are pure. Wide mappings are split into buckets, so that
one change among a hundred thousand keys copies a few hundred pointers.

The order of keys is that of insertion, as in a dict; a replaced key
keeps its place.
"""

from __future__ import annotations

from itertools import count
from operator import itemgetter

from tega.api import Change, Op
from tega.errors import InvalidPath, InvalidValue
from tega.paths import MAX_DEPTH, format_path
from tega.values import plain_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, TypeAlias

    from tega.api import Json, Path, Rev
    from tega.tree.pattern import PathPattern

WIDE = 64
"""More children than this are kept in buckets."""

next_order = count().__next__


class Node:
    """A leaf (`children` is None) or a mapping (`value` is None).

    `mod` is the last revision that wrote or removed anything at the node
    or below; two nodes of one log at one path with one `mod` are equal.
    """

    __slots__ = ("children", "lease", "mod", "order", "value")

    def __init__(
        self,
        mod: Rev,
        value: Json,
        children: Children | None = None,
        lease: str | None = None,
        order: int = -1,
    ) -> None:
        self.mod = mod
        self.value = value
        self.children = children
        self.lease = lease
        self.order = next_order() if order < 0 else order


class Wide:
    """An immutable mapping of many children in buckets of few."""

    __slots__ = ("buckets", "count", "mask")

    def __init__(self, buckets: list[dict[str, Node]], count: int) -> None:
        self.buckets = buckets
        self.count = count
        self.mask = len(buckets) - 1

    @classmethod
    def of(cls, items: Iterable[tuple[str, Node]], count: int) -> Wide:
        size = 1
        while size * size * 2 < count:
            size *= 2
        buckets: list[dict[str, Node]] = [{} for _ in range(size)]
        for key, node in items:
            buckets[hash(key) & (size - 1)][key] = node
        return cls(buckets, count)

    def get(self, key: str) -> Node | None:
        return self.buckets[hash(key) & self.mask].get(key)

    def __len__(self) -> int:
        return self.count

    def __contains__(self, key: str) -> bool:
        return key in self.buckets[hash(key) & self.mask]

    def items(self) -> Iterable[tuple[str, Node]]:
        """In order of insertion."""
        everything = [(node.order, key, node) for bucket in self.buckets for key, node in bucket.items()]
        everything.sort(key=itemgetter(0))
        return [(key, node) for _, key, node in everything]

    def updated(self, updates: Mapping[str, Node]) -> Wide:
        buckets = self.buckets.copy()
        total = self.count
        copied: set[int] = set()
        for key, node in updates.items():
            slot = hash(key) & self.mask
            if slot not in copied:
                buckets[slot] = buckets[slot].copy()
                copied.add(slot)
            total += key not in buckets[slot]
            buckets[slot][key] = node
        if total > 8 * len(buckets) * len(buckets):
            return Wide.of(((k, n) for bucket in buckets for k, n in bucket.items()), total)
        return Wide(buckets, total)

    def with_one(self, key: str, node: Node) -> Wide:
        slot = hash(key) & self.mask
        old = self.buckets[slot]
        if key not in old:
            return self.updated({key: node})
        buckets = self.buckets.copy()
        bucket = buckets[slot] = old.copy()
        bucket[key] = node
        return Wide(buckets, self.count)

    def without(self, key: str) -> Wide:
        buckets = self.buckets.copy()
        slot = hash(key) & self.mask
        buckets[slot] = {k: n for k, n in buckets[slot].items() if k != key}
        return Wide(buckets, self.count - 1)


if TYPE_CHECKING:
    Children: TypeAlias = dict[str, Node] | Wide


def empty_tree() -> Node:
    """Return the tree of revision 0."""
    return Node(0, None, {})


def _with(children: Children | None, updates: dict[str, Node]) -> Children:
    """Return the children with some replaced or added; replaced ones keep their place."""
    if children is None:
        return pack(updates)
    for key, node in updates.items():
        old = children.get(key)
        if old is not None:
            node.order = old.order
    if isinstance(children, Wide):
        return children.updated(updates)
    return pack({**children, **updates})


def _with_one(children: Children, key: str, node: Node) -> Children:
    """As `_with`, for one child: the way of nearly every change."""
    old = children.get(key)
    if old is not None:
        node.order = old.order
    if type(children) is Wide:
        return children.with_one(key, node)
    assert type(children) is dict
    copied = children.copy()
    copied[key] = node
    return copied if old is not None else pack(copied)


def pack(children: dict[str, Node]) -> Children:
    if len(children) > WIDE:
        return Wide.of(children.items(), len(children))
    return children


def _without(children: Children, key: str) -> Children:
    if isinstance(children, Wide):
        return children.without(key)
    return {k: n for k, n in children.items() if k != key}


# ---------------------------------------------------------------- values


def build(value: Json, mod: Rev, lease: str | None = None, depth: int = 0) -> Node:
    """Turn a JSON value into nodes; lists are copied, so the caller keeps the value.

    Raises:
        InvalidValue: Something in it has no JSON form, or it nests too deep.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return Node(mod, value, None, lease)
    if depth > MAX_DEPTH:
        raise InvalidValue(f"the value nests deeper than {MAX_DEPTH} levels")
    if kind is dict:
        children = {_key(key): build(item, mod, None, depth + 1) for key, item in value.items()}
        return Node(mod, None, pack(children), lease)
    plain = plain_json(value, depth)
    if type(plain) is dict:
        return build(plain, mod, lease, depth)
    return Node(mod, plain, None, lease)


def _key(key: object) -> str:
    if type(key) is str and key:
        return key
    if isinstance(key, str) and key:
        return str.__str__(key)
    raise InvalidValue(f"key {key!r} of a mapping: must be text and not empty")


def to_json(node: Node) -> Json:
    """Return the subtree as a JSON value of the caller's own."""
    children = node.children
    if children is None:
        value = node.value
        return plain_json(value) if type(value) is list else value
    return {
        key: (child.value if child.children is None and type(child.value) is not list else to_json(child))
        for key, child in children.items()
    }


# ----------------------------------------------------------------- reads


def find(root: Node, path: Path) -> Node | None:
    """Return the node at the path, or None."""
    node = root
    for segment in path:
        children = node.children
        if children is None:
            return None
        child = children.get(segment)
        if child is None:
            return None
        node = child
    return node


def lease_of(root: Node, path: Path) -> str | None:
    """Return the lease that the node at an existing path goes with: its own or that of a node above."""
    lease, node = root.lease, root
    for segment in path:
        assert node.children is not None
        child = node.children.get(segment)
        assert child is not None
        node = child
        lease = node.lease or lease
    return lease


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield the node and all below it, parents first."""
    yield path, node
    if node.children is not None:
        for key, child in node.children.items():
            yield from walk(child, (*path, key))


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield the leaves and the empty mappings."""
    if not node.children:
        yield path, node
        return
    for key, child in node.children.items():
        yield from leaves(child, (*path, key))


def select(root: Node, pattern: PathPattern) -> Iterator[tuple[Path, Node, tuple[Any, ...]]]:
    """Yield what the pattern matches, with what its wildcards or groups caught, in tree order."""
    yield from _select(root, (), pattern, 0, (), set())


def _select(
    node: Node,
    path: Path,
    pattern: PathPattern,
    index: int,
    caught: tuple[Any, ...],
    seen: set[tuple[Path, int]],
) -> Iterator[tuple[Path, Node, tuple[Any, ...]]]:
    """Match the pattern from its `index`th segment below a node; once for each node and index."""
    if (path, index) in seen:
        return
    seen.add((path, index))
    if index == len(pattern.segments):
        yield path, node, caught
        return
    own = pattern.segments[index]
    if own is None:
        following = index + 1
        while pattern.segments[following : following + 1] == (None,):  # the last of a row takes it all
            caught, following = (*caught, ""), following + 1
        for below, child in walk(node, path):
            skipped = format_path(below[len(path) :])
            yield from _select(child, below, pattern, following, (*caught, skipped), seen)
    elif isinstance(own, str):
        single = node.children.get(own) if node.children is not None else None
        if single is not None:
            yield from _select(single, (*path, own), pattern, index + 1, caught, seen)
    else:
        for key, child in node.children.items() if node.children is not None else ():
            groups = own.fullmatch(key)
            if groups is not None:
                more = caught + pattern.caught(groups)
                yield from _select(child, (*path, key), pattern, index + 1, more, seen)


# --------------------------------------------------------------- changes


def apply(root: Node, change: Change, rev: Rev) -> Node:
    """Return the tree after the change; the same object if the change does nothing.

    Raises:
        InvalidValue: See `build`.
        InvalidPath: A value other than a mapping was put at the root of the tree.
    """
    op, path = change.op, change.path
    if op is Op.PUT:
        if not path and not isinstance(change.value, dict):
            raise InvalidPath("the whole tree can only be replaced by a mapping")
        return _graft(root, path, build(change.value, rev, change.lease, len(path)), rev)
    if op is Op.MERGE:
        if not isinstance(change.value, dict):
            raise InvalidValue(f"{format_path(path)}: only a mapping can be merged")
        merged = _merge(find(root, path), change.value, rev, len(path))
        return root if merged is None else _graft(root, path, merged, rev)
    return _prune(root, path, rev)


def _graft(root: Node, path: Path, new: Node, rev: Rev) -> Node:
    spine: list[Node | None] = [root]
    node: Node | None = root
    for segment in path[:-1]:
        node = node.children.get(segment) if node is not None and node.children is not None else None
        spine.append(node)
    for index in range(len(path) - 1, -1, -1):
        parent = spine[index]
        if parent is None or parent.children is None:
            new = Node(rev, None, {path[index]: new})
        else:
            children = _with_one(parent.children, path[index], new)
            new = Node(rev, None, children, parent.lease, parent.order)
    return new


def _prune(root: Node, path: Path, rev: Rev) -> Node:
    if not path:
        return Node(rev, None, {}) if root.children else root
    spine = [root]
    for segment in path:
        children = spine[-1].children
        child = children.get(segment) if children is not None else None
        if child is None:
            return root
        spine.append(child)
    parent = spine[-2]
    assert parent.children is not None
    cut = Node(rev, None, _without(parent.children, path[-1]), parent.lease, parent.order)
    return _graft(root, path[:-1], cut, rev)


def _merge(node: Node | None, value: dict[str, Json], rev: Rev, depth: int) -> Node | None:
    """Return the merged node, or None if nothing has to change."""
    if node is None or node.children is None:
        return build(value, rev, None, depth)
    updates: dict[str, Node] = {}
    for key, item in value.items():
        old = node.children.get(_key(key))
        new = (
            _merge(old, item, rev, depth + 1) if isinstance(item, dict) else build(item, rev, None, depth + 1)
        )
        if new is not None:
            updates[key] = new
    if not updates:
        return None
    return Node(rev, None, _with(node.children, updates), node.lease, node.order)


# ----------------------------------------------------------- differences
