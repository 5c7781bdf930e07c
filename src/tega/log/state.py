"""A state: the tree at one revision, and the reads that one can make of it."""

from __future__ import annotations

from typing import NamedTuple

from tega.api import Entry, Op
from tega.errors import DamagedStore
from tega.log.codec import NO_HASH
from tega.paths import to_path
from tega.tree.nodes import Node, apply, empty_tree, find, lease_of, select, to_json, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sized
    from typing import Any

    from tega.api import Change, Commit, Json, Path, PathLike, Rev
    from tega.log.stored import Stored
    from tega.tree.pattern import PathPattern


class State(NamedTuple):
    """Immutable; the next one shares with it what did not change."""

    rev: Rev
    hash: bytes
    root: Node
    leased: dict[str, frozenset[Path]]
    """Where nodes of each lease were put; some may be gone since."""


def empty_state() -> State:
    """Return the state of revision 0."""
    return State(0, NO_HASH, empty_tree(), {})


def loaded_state(stored: Stored) -> State:
    """Return the state that was stored."""
    if stored.leased is None:  # as earlier versions wrote it
        leased = _found_leases(stored.root)
    else:
        leased = {lease: frozenset(paths) for lease, paths in stored.leased.items()}
    return State(stored.rev, stored.hash, stored.root, leased)


def _found_leases(root: Node) -> dict[str, frozenset[Path]]:
    leased: dict[str, frozenset[Path]] = {}
    for path, node in walk(root) if _any_lease(root) else ():
        if node.lease is not None:
            leased[node.lease] = leased.get(node.lease, frozenset()) | {path}
    return leased


def standing(state: State) -> dict[str, list[Path]]:
    """Return where the nodes of each lease are."""
    there = {lease: sorted(_standing(lease, paths, state.root)) for lease, paths in state.leased.items()}
    return {lease: paths for lease, paths in there.items() if paths}


def _any_lease(node: Node) -> bool:
    if node.lease is not None:
        return True
    children = node.children
    return bool(children) and any(_any_lease(child) for _, child in children.items())  # type: ignore[union-attr]


def advance(state: State, commit: Commit) -> State:
    """Return the state after the next commit of the log.

    Raises:
        DamagedStore: The commit does not follow the state.
    """
    if commit.rev != state.rev + 1:
        raise DamagedStore("", f"after revision {state.rev} comes {commit.rev}")
    if commit.prev_hash != state.hash:
        raise DamagedStore("", f"revision {commit.rev} does not follow the revision {state.rev} that is here")
    root, leased = state.root, state.leased
    for change in commit.changes:
        if change.lease is not None:
            leased = with_lease(leased, change.lease, change.path, root)
        root = apply(root, change, commit.rev)
    return State(commit.rev, commit.hash, root, leased)


def with_lease(
    leased: dict[str, frozenset[Path]], lease: str, path: Path, root: Node
) -> dict[str, frozenset[Path]]:
    """Return the index of leased nodes with one more; sometimes without those that are gone from the tree."""
    if _is_due(leased):
        standing = ((one, _standing(one, paths, root)) for one, paths in leased.items())
        leased = {one: paths for one, paths in standing if paths}
    paths = leased.get(lease, frozenset())
    return {**leased, lease: (_standing(lease, paths, root) if _is_due(paths) else paths) | {path}}


def _is_due(index: Sized) -> bool:
    """At 256, 512 and so on: what is looked through stays less than what was added."""
    size = len(index)
    return size >= 256 and size & (size - 1) == 0


def _standing(lease: str, paths: frozenset[Path], root: Node) -> frozenset[Path]:
    return frozenset(path for path in paths if (node := find(root, path)) is not None and node.lease == lease)


def mod_at(root: Node, path: Path) -> Rev:
    """Return the revision an expectation at the path compares with; 0 for "nothing is there"."""
    node = find(root, path)
    return node.mod if node is not None else 0


class View:
    """The tree at one revision: any number of reads that fit together.

    Holding a view costs the memory of what has changed since.
    """

    __slots__ = ("rev", "tree")

    def __init__(self, rev: Rev, tree: Node) -> None:
        self.rev = rev
        self.tree = tree

    def get(self, path: PathLike = ()) -> Entry | None:
        """Return the subtree at the path, or None where nothing is.

        Raises:
            InvalidPath: See `tega.paths.to_path`.
        """
        where = path if type(path) is tuple else to_path(path)
        node = find(self.tree, where)
        if node is None:
            return None
        return Entry(where, to_json(node), node.mod, lease_of(self.tree, where))

    def value(self, path: PathLike = (), default: Json = None) -> Json:
        """Return the value at the path, or the default where nothing is."""
        node = find(self.tree, to_path(path))
        return default if node is None else to_json(node)

    def __contains__(self, path: PathLike) -> bool:
        return find(self.tree, to_path(path)) is not None

    def keys(self, path: PathLike = ()) -> list[str]:
        """Return the names directly below the path, in order; none for a leaf or where nothing is."""
        node = find(self.tree, to_path(path))
        if node is None or node.children is None:
            return []
        return [key for key, _ in node.children.items()]

    def select(self, pattern: str, *, regex: bool = False) -> list[tuple[Entry, tuple[Any, ...]]]:
        r"""Return each node that the pattern matches and what its wildcards or groups caught.

        Args:
            pattern: A glob over segments, or, with `regex`, an expression
                whose segments `\.` separates; what its groups caught is
                then a tuple for each segment that has any. See
                `tega.tree.pattern`.
            regex: Read it as a regular expression.

        Raises:
            InvalidPattern: It cannot be read, or is too large.
        """
        from tega.tree.pattern import path_pattern

        return [
            (Entry(path, to_json(node), node.mod, lease_of(self.tree, path)), caught)
            for path, node, caught in select(self.tree, path_pattern(pattern, regex=regex))
        ]


def touches(pattern: PathPattern, commit: Commit, before: Callable[[], State]) -> bool:
    """Whether a commit changed something that the pattern names.

    A glob is concerned at, below and above what it names; a regular
    expression at and below: what is touched above it only the values show.

    Args:
        pattern: Of a watch.
        commit: The commit.
        before: Finds the state before it, which shows what vanished below
            a path; called for regular expressions only, and if need be.
    """
    if not commit.changes:  # a roll-back to what was there already: news for whoever watches all
        return pattern.segments == (None,)
    near = [change for change in commit.changes if pattern.agrees(change.path)]
    if not near or not pattern.regex:
        return bool(near)
    if any(len(change.path) >= len(pattern.segments) or _puts(pattern, change) for change in near):
        return True
    root = before().root
    return any(_takes(pattern, change, find(root, change.path)) for change in near)


def _puts(pattern: PathPattern, change: Change) -> bool:
    from tega.tree.pattern import matching

    return any(True for _ in matching(pattern, change.path, change.value))


def _takes(pattern: PathPattern, change: Change, there: Node | None) -> bool:
    """Whether something that the pattern names stood where a change was made above it."""
    from tega.tree.pattern import matching_nodes

    if change.op is Op.MERGE and there is not None:
        return _lost(pattern, there, change.path, change.value)
    return any(True for _ in matching_nodes(pattern, change.path, there))


def _lost(pattern: PathPattern, node: Node, path: Path, merged: Json) -> bool:
    """Whether a merge takes away what the pattern names: it puts leaves where mappings were."""
    from tega.tree.pattern import matching_nodes

    if node.children is None:
        return False
    if not isinstance(merged, dict):
        return any(True for _ in matching_nodes(pattern, path, node))
    both = [
        (key, child)
        for key in pattern.names(len(path), merged)
        if (child := node.children.get(key)) is not None
    ]
    return any(_lost(pattern, child, (*path, key), merged[key]) for key, child in both)
