"""What a path holds after some changes, from what it held before: reading one's own writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tega.api import MISSING, Change, Op
from tega.paths import overlap
from tega.tree.nodes import apply, empty_tree, find, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tega.api import Json, Path


def overlay(path: Path, value: Json, changes: Iterable[Change]) -> Json:
    """Return the value at `path` after `changes`; MISSING stands for nothing, on both sides."""
    root = empty_tree()
    if value is not MISSING:
        root = apply(root, Change(Op.PUT, path, value), 0)
    for change in changes:
        if overlap(change.path, path):
            root = apply(root, change._replace(lease=None), 0)
    node = find(root, path)
    return MISSING if node is None else to_json(node)
