"""A store as simple as can be, to compare others with."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tega.api import Change, Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tega.api import Json, Path, Rev


class Model:
    """The least code that says what a store holds: plain dicts, copied whole at each revision."""

    def __init__(self) -> None:
        self.trees: list[dict[str, Json]] = [{}]
        self.mods: list[dict[Path, Rev]] = [{(): 0}]

    @property
    def rev(self) -> Rev:
        return len(self.trees) - 1

    def commit(self, changes: Sequence[Change]) -> None:
        tree, mods = copy.deepcopy(self.trees[-1]), dict(self.mods[-1])
        for change in changes:
            self._apply(tree, mods, change, self.rev + 1)
        self.trees.append(tree)
        self.mods.append(mods)

    def _apply(self, tree: dict[str, Json], mods: dict[Path, Rev], change: Change, rev: Rev) -> None:
        path, value = change.path, copy.deepcopy(change.value)
        there = value_at(tree, path)
        if change.op is Op.DELETE:
            if there is not GONE and not (path == () and not tree):
                self._remove(tree, mods, path, rev)
        elif change.op is Op.PUT or not isinstance(there, dict):
            self._place(tree, mods, path, value, rev)
        else:
            for key, item in value.items():
                below = value_at(tree, (*path, key))
                if isinstance(item, dict) and isinstance(below, dict):
                    self._apply(tree, mods, Change(Op.MERGE, (*path, key), item), rev)
                else:
                    self._place(tree, mods, (*path, key), item, rev)

    def _place(self, tree: dict[str, Json], mods: dict[Path, Rev], path: Path, value: Json, rev: Rev) -> None:
        _forget(mods, path)
        if not path:
            tree.clear()
            tree.update(value)
        node = tree
        for segment in path[:-1]:
            if not isinstance(node.get(segment), dict):
                node[segment] = {}
            node = node[segment]
        if path:
            node[path[-1]] = value
        for length in range(len(path) + 1):
            mods[path[:length]] = rev
        for below in _paths(value, path):
            mods[below] = rev

    def _remove(self, tree: dict[str, Json], mods: dict[Path, Rev], path: Path, rev: Rev) -> None:
        _forget(mods, path)
        if path:
            del value_at(tree, path[:-1])[path[-1]]
        else:
            tree.clear()
        for length in range(len(path) or 1):
            mods[path[:length]] = rev

    def get(self, path: Path, at: Rev | None = None) -> tuple[Json, Rev] | None:
        """Return value and mod_rev."""
        rev = self.rev if at is None else at
        found = value_at(self.trees[rev], path)
        return None if found is GONE else (found, self.mods[rev][path])


GONE: Any = object()
"""What `value_at` returns where nothing is."""


def value_at(tree: Json, path: Path) -> Json:
    """Return the value at a path of plain dicts, or `GONE`."""
    for segment in path:
        if not isinstance(tree, dict) or segment not in tree:
            return GONE
        tree = tree[segment]
    return tree


def _paths(value: Json, path: Path) -> list[Path]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(below for key, item in value.items() for below in _paths(item, (*path, key)))]


def _forget(mods: dict[Path, Rev], path: Path) -> None:
    for known in [known for known in mods if known[: len(path)] == path]:
        del mods[known]
