"""What a subscriber is notified of by a commit: what it asked for, as far as it may read. Pure functions.

A subscriber of `a.b.c` is notified of a change at `a.b.c` (pattern A), below it
(B) and above it (C); of a change above it gets only its own part, as a
change at `a.b.c`. A regular expression makes a subscriber of every node
whose path matches. Of a change above what its token may read, a subscriber
gets the parts below that it may.

A deletion carries what it took away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tega.api import Change, Op
from tega.paths import format_path
from tega.tree.nodes import Node, Wide, apply, find, to_json
from tega.tree.pattern import PathPattern, matching, matching_nodes, regex_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tega.api import Commit, Json, Path
    from tega.hub.access import Access, Prefix

LIGHT: Final = 500
"""Nodes of a value that may be looked through at once, see `costly`."""
STEPS: Final = 200_000
"""Steps of matching that may be taken at once, some nanoseconds each."""
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_MISSING: Final = object()
_BLOCKED: Final = object()


@dataclass(frozen=True, slots=True)
class VisibleChange:
    """One change as a subscriber sees it; a deletion has what it took away as value, where that is known."""

    op: Op
    path: Path
    value: Json = None


@dataclass(frozen=True, slots=True)
class Interest:
    """A path, or a regular expression over paths."""

    path: Path = ()
    pattern: PathPattern | None = None

    @property
    def text(self) -> str:
        return self.pattern.text if self.pattern else format_path(self.path)


def regex_interest(text: str) -> Interest:
    """Return the interest in what a regular expression matches; in a path, if it is none."""
    pattern = regex_pattern(text)
    literal = tuple(own for own in pattern.segments if isinstance(own, str))
    return Interest(literal) if len(literal) == len(pattern.segments) else Interest(pattern=pattern)


# -- what a commit does -----------------------------------------------------


def notified(interest: Interest, access: Access, commit: Commit, tree: Node | None) -> list[VisibleChange]:
    """Return what a subscriber is notified of by a commit, in order.

    Args:
        interest: What it asked for.
        access: What it may read.
        commit: The commit.
        tree: The tree just before it; None where it is no longer known.
    """
    found: list[VisibleChange] = []
    applied = 0
    for place, change in enumerate(commit.changes):
        if tree is not None and needs_tree(interest, access, change):
            for earlier in commit.changes[applied:place]:
                tree = apply(tree, earlier, 0)
            applied = place
        for part in visible(access, change, tree):
            found += visible_part(interest, part, tree)
    return found


def needs_tree(interest: Interest, access: Access, change: Change) -> bool:
    """Whether it matters what stood there: something may have gone that the change does not show."""
    return change.op is Op.DELETE or _is_wide(interest, access, change)


def _is_wide(interest: Interest, access: Access, change: Change) -> bool:
    """Whether the change is above what is asked for or allowed, so that its parts are to be found."""
    wanted = len(interest.path) if interest.pattern is None else len(interest.pattern.segments)
    return len(change.path) < wanted or not access.allows("read", change.path)


def costly(interest: Interest, access: Access, commit: Commit, tree: Node | None) -> bool:
    """Whether `notified`, or to write down what it gives, could take long or needs what is not at hand."""
    steps = 0
    for change in commit.changes:
        if interest.pattern is not None:
            steps += interest.pattern.steps(change.path)
        place = _place(interest, access, change)
        if steps > STEPS or is_heavy(_dig(change.value, place[len(change.path) :])):
            return True
        if not needs_tree(interest, access, change):
            continue
        if tree is None or len(commit.changes) > 1 or is_heavy(find(tree, place)):
            return True
    return False


def _place(interest: Interest, access: Access, change: Change) -> Path:
    """Where the part is that a subscriber is notified of: at the change, or below it where that is known."""
    wanted = interest.path
    if wanted[: len(change.path)] == change.path and access.allows("read", change.path):
        return wanted
    return change.path


def is_heavy(value: Node | Json, most: int = LIGHT) -> bool:
    """Whether there are more than so many nodes or items in it; looks at no more than that."""
    if type(value) in _PLAIN:  # by far most are
        return False
    left = most
    todo = [value]
    while todo:
        one = todo.pop()
        inside: Any = one
        if isinstance(one, Node):
            inside = one.value if one.children is None else one.children
        if isinstance(inside, list | tuple):
            left -= len(inside)
            if left < 0:
                return True
            todo += [item for item in inside if isinstance(item, list | dict)]
        elif isinstance(inside, dict | Wide):
            left -= len(inside)
            if left < 0:
                return True
            todo += [
                item
                for _, item in inside.items()
                if isinstance(item, list | dict) or (isinstance(item, Node) and not _is_small(item))
            ]
    return False


def _is_small(node: Node) -> bool:
    return node.children is None and not isinstance(node.value, list)


# -- what may be read -------------------------------------------------------


def visible(access: Access, change: Change, tree: Node | None = None) -> Iterator[Change]:
    """Yield the change, or where the token may not read all of it, the parts that it may."""
    if access.allows("read", change.path):
        yield change
        return
    for prefix in access.read:
        if prefix.lies_below(change.path):
            for path in _places(prefix, change, tree):
                yield from (Change(one.op, one.path, one.value) for one in _at_path(path, change, tree))


def _places(prefix: Prefix, change: Change, tree: Node | None) -> Iterable[Path]:
    """The paths that a prefix below a change stands for, of what is put and of what was there."""
    if not prefix.open_end:
        return [prefix.path]
    above, beginning = prefix.path[:-1], prefix.path[-1]
    names: dict[str, None] = {}
    there = find(tree, above) if tree is not None else None
    if there is not None and there.children is not None:
        names |= {name: None for name, _ in there.children.items() if name.startswith(beginning)}
    put = _dig(change.value, above[len(change.path) :])
    if isinstance(put, dict):
        names |= {name: None for name in put if name.startswith(beginning)}
    return [(*above, name) for name in names]


def may_read_all(access: Access, commit: Commit) -> bool:
    """Whether a token may read all that a commit changed, and so its message."""
    if access.everywhere("read"):
        return True
    return bool(commit.changes) and all(access.allows("read", change.path) for change in commit.changes)


# -- what is asked for ------------------------------------------------------


def visible_part(interest: Interest, change: Change, tree: Node | None) -> list[VisibleChange]:
    """Return what `interest` is notified of by a change that may be read, in order."""
    if interest.pattern is None:
        return list(_at_path(interest.path, change, tree))
    return list(_by_pattern(interest.pattern, change, tree))


def _at_path(path: Path, change: Change, tree: Node | None) -> Iterator[VisibleChange]:
    at = change.path
    if at[: len(path)] == path:
        yield _whole(change, tree)
    elif path[: len(at)] == at:
        yield from _own_part(path, change, tree)


def _whole(change: Change, tree: Node | None) -> VisibleChange:
    if change.op is not Op.DELETE or change.value is not None or tree is None:
        return VisibleChange(change.op, change.path, change.value)
    node = find(tree, change.path)
    return VisibleChange(Op.DELETE, change.path, None if node is None else to_json(node))


def _own_part(path: Path, change: Change, tree: Node | None) -> Iterator[VisibleChange]:
    """What a change above a path does to it."""
    part = _BLOCKED if change.op is Op.DELETE else _dig(change.value, path[len(change.path) :])
    if part is _MISSING and change.op is Op.MERGE:
        return
    if part is _MISSING or part is _BLOCKED:
        yield from _gone(path, tree)
    else:
        merged = change.op is Op.MERGE and isinstance(part, dict)
        yield VisibleChange(Op.MERGE if merged else Op.PUT, path, part)


def _gone(path: Path, tree: Node | None) -> Iterator[VisibleChange]:
    """What was at a path and is not any more; where that is not known, that nothing is."""
    if tree is None:
        yield VisibleChange(Op.DELETE, path)
    elif (node := find(tree, path)) is not None:
        yield VisibleChange(Op.DELETE, path, to_json(node))


def _dig(value: Any, path: Path) -> Any:
    for segment in path:
        if not isinstance(value, dict):
            return _BLOCKED
        if segment not in value:
            return _MISSING
        value = value[segment]
    return value


def _by_pattern(pattern: PathPattern, change: Change, tree: Node | None) -> Iterator[VisibleChange]:
    at = change.path
    if not pattern.agrees(at):
        return
    if len(at) >= len(pattern.segments):
        yield _whole(change, tree)
        return
    found = {} if change.op is Op.DELETE else dict(matching(pattern, at, change.value))
    there = find(tree, at) if tree is not None else None
    for path in matching_nodes(pattern, at, there):
        if path not in found:
            yield from _own_part(path, change, tree)
    for path, value in found.items():
        merged = change.op is Op.MERGE and isinstance(value, dict)
        yield VisibleChange(Op.MERGE if merged else Op.PUT, path, value)


# -- whom a change concerns -------------------------------------------------


class Index:
    """Finds the interests that a change can touch without asking each of them."""

    def __init__(self) -> None:
        self._at: dict[Path, set[int]] = {}
        self._under: dict[Path, set[int]] = {}
        self._roots: dict[str, set[int]] = {}
        self._beginnings: dict[str, set[int]] = {}
        self._patterns: set[int] = set()

    def _table(self, interest: Interest) -> tuple[dict[str, set[int]], str]:
        """Where an expression stands, by what the first segment of a match is or begins with."""
        assert interest.pattern is not None
        text, whole = interest.pattern.first
        return (self._roots if whole else self._beginnings), text

    def add(self, key: int, interest: Interest) -> None:
        if interest.pattern is not None:
            table, text = self._table(interest)
            table.setdefault(text, set()).add(key)
            self._patterns.add(key)
            return
        self._at.setdefault(interest.path, set()).add(key)
        for size in range(len(interest.path)):
            self._under.setdefault(interest.path[:size], set()).add(key)

    def remove(self, key: int, interest: Interest) -> None:
        if interest.pattern is not None:
            table, text = self._table(interest)
            _drop(table, text, key)
            self._patterns.discard(key)
            return
        _drop(self._at, interest.path, key)
        for size in range(len(interest.path)):
            _drop(self._under, interest.path[:size], key)

    def candidates(self, path: Path) -> set[int]:
        """Return the keys of every interest at, above or below `path`, and of the patterns that may be."""
        found: set[int] = set()
        for size in range(len(path) + 1):
            found |= self._at.get(path[:size], set())
        found |= self._under.get(path, set())
        if not path:
            return found | self._patterns
        found |= self._roots.get(path[0], set())
        for beginning, keys in self._beginnings.items():
            if path[0].startswith(beginning):
                found |= keys
        return found

    def concerned(self, roots: set[Path]) -> set[int]:
        """Return the keys of every interest that a change at or below these roots can touch."""
        found: set[int] = set()
        for root in roots:
            found |= self.candidates(root)
        return found


def _drop(table: dict[Any, set[int]], place: Any, key: int) -> None:
    keys = table.get(place)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del table[place]
