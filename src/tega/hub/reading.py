"""Reading what may be large: found and written down step by step, see `tega.hub.lane`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tega.errors import TooLarge
from tega.hub.interest import is_heavy
from tega.paths import format_path
from tega.tree.nodes import Node, Wide, lease_of, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tega.api import Json, Path
    from tega.hub.access import Access
    from tega.tree.pattern import PathPattern, Segment

MAX_ANSWER: Final = 64 << 20
"""Bytes of an answer's JSON; whoever does not take as much is cut off anyway."""
TICK: Final = 64
_encode = msgspec.json.Encoder().encode
Found = tuple["Path", Node, tuple[Any, ...]]


# -- what matches -----------------------------------------------------------


def select(tree: Node, pattern: PathPattern, access: Access) -> Iterator[Found | None]:
    """Yield the nodes that match and may be read, with what was caught, in tree order; None in between.

    What may not be read is not matched, either: a token without rights
    costs nothing and learns nothing from the time that it takes.
    """
    if access.read:
        yield from _select(_Search(tree, pattern, access), tree, (), 0, (), access.everywhere("read"))


class _Search:
    """What stays the same at every step of a select."""

    __slots__ = ("access", "pattern", "seen", "tree")

    def __init__(self, tree: Node, pattern: PathPattern, access: Access) -> None:
        self.tree = tree
        self.pattern = pattern
        self.access = access
        self.seen: set[tuple[Path, int]] | None = set() if None in pattern.segments else None


def _select(
    search: _Search, node: Node, path: Path, index: int, caught: tuple[Any, ...], allowed: bool
) -> Iterator[Found | None]:
    """Match the pattern from its `index`th segment below a node; once for each node and index."""
    if search.seen is not None:
        if (path, index) in search.seen:
            return
        search.seen.add((path, index))
    segments = search.pattern.segments
    if index == len(segments):
        if allowed:
            yield path, node, caught
        return
    own = segments[index]
    if own is None:
        yield from _select_any(search, node, path, index, caught, allowed)
        return
    for found in _children(search.access, node, path, own, allowed):
        if found is None:
            yield None
        else:
            child, below, groups, may = found
            more = caught + search.pattern.caught(groups)
            yield from _select(search, child, below, index + 1, more, may)


def _select_any(
    search: _Search, node: Node, path: Path, index: int, caught: tuple[Any, ...], allowed: bool
) -> Iterator[Found | None]:
    """Match what follows a `**` at and below a node."""
    following = index + 1
    while search.pattern.segments[following : following + 1] == (None,):  # the last of a row takes it all
        caught, following = (*caught, ""), following + 1
    for found in _walk(search.access, node, path, allowed):
        if found is None:
            yield None
            continue
        child, below, _, may = found
        skipped = format_path(below[len(path) :])
        yield from _select(search, child, below, following, (*caught, skipped), may)


Child = tuple[Node, "Path", tuple[str, ...], bool]


def _walk(access: Access, node: Node, path: Path, allowed: bool) -> Iterator[Child | None]:
    yield node, path, (), allowed
    for found in _children(access, node, path, None, allowed):
        if found is None:
            yield None
        else:
            yield from _walk(access, found[0], found[1], found[3])


def _children(access: Access, node: Node, path: Path, own: Segment, allowed: bool) -> Iterator[Child | None]:
    """Yield the children that match and may be read, or lead to what may."""
    if node.children is None:
        return
    if isinstance(own, str):
        child = node.children.get(own)
        items: Iterable[tuple[str, Node]] = [] if child is None else [(own, child)]
    else:
        items = unordered(node)
    found: list[Child] = []
    for place, (key, child) in enumerate(items):
        if place % TICK == TICK - 1:
            yield None
        below = (*path, key)
        may = allowed or access.allows("read", below)
        if not may and not access.leads(below):
            continue
        groups = () if own is None or isinstance(own, str) else own.fullmatch(key)
        if groups is not None:
            found.append((child, below, groups, may))
    if isinstance(node.children, Wide):
        found.sort(key=lambda one: one[0].order)
    yield from found


def unordered(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the children as they are kept; to put a million in order takes long, and is one step."""
    if isinstance(node.children, Wide):
        for bucket in node.children.buckets:
            yield from bucket.items()
    elif node.children is not None:
        yield from node.children.items()


# -- as JSON ----------------------------------------------------------------


class Answer:
    """JSON that grows piece by piece."""

    def __init__(self) -> None:
        self._text = bytearray()

    def add(self, part: bytes) -> None:
        """Append a piece.

        Raises:
            TooLarge: There are too many.
        """
        self._text += part
        if len(self._text) > MAX_ANSWER:
            raise TooLarge(f"the answer has more than {MAX_ANSWER} bytes; ask for less at a time")

    def whole(self) -> msgspec.Raw:
        return msgspec.Raw(self._text)


def pieces(node: Node) -> Iterator[bytes]:
    """Yield the JSON of a subtree in pieces that are quickly made."""
    if node.children is None or not is_heavy(node):
        yield _encode(node.value if node.children is None else to_json(node))
        return
    sign = b"{"
    batch: dict[str, Json] = {}
    for key, child in node.children.items():
        heavy = is_heavy(child)
        if not heavy:
            batch[key] = to_json(child)
        if batch and (heavy or len(batch) == TICK):
            yield sign + _encode(batch)[1:-1]
            sign, batch = b",", {}
        if heavy:
            yield sign + _encode(key) + b":"
            yield from pieces(child)
            sign = b","
    if batch:
        yield sign + _encode(batch)[1:-1]
    yield b"}"


def entry_head(tree: Node, path: Path, node: Node) -> dict[str, Any]:
    """What `get` and `select` say of a node besides its value."""
    head: dict[str, Any] = {"path": format_path(path), "rev": node.mod}
    lease = lease_of(tree, path)
    return head if lease is None else {**head, "lease": lease}


def write_value(into: Answer, node: Node) -> Iterator[None]:
    """Write a subtree."""
    for piece in pieces(node):
        into.add(piece)
        yield


def write_list(into: Answer, items: Iterable[Any], shape: Callable[[Any], Any]) -> Iterator[None]:
    """Write a list of what `shape` makes of each item; it leaves out those of which it makes None."""
    sign = b"["
    for item in items:
        shaped = shape(item)
        if shaped is not None:
            into.add(sign + _encode(shaped))
            sign = b","
        yield
    into.add(b"[]" if sign == b"[" else b"]")


def write_found(into: Answer, tree: Node, pattern: PathPattern, access: Access) -> Iterator[None]:
    """Write a list of what matches."""
    sign = b"["
    for found in select(tree, pattern, access):
        if found is None:
            yield
            continue
        path, node, groups = found
        head = {**entry_head(tree, path, node), "groups": groups}
        into.add(sign + _encode(head)[:-1] + b',"value":')
        yield from write_value(into, node)
        into.add(b"}")
        sign = b","
    into.add(b"[]" if sign == b"[" else b"]")
