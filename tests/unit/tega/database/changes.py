"""Changes and reads, in short."""

from __future__ import annotations

from tega.api import MISSING, Change, Op
from tega.testing.faces import Face


def put(path: str, value: object, lease: str | None = None) -> Change:
    return Change(Op.PUT, tuple(path.split(".")), value, lease)


def delete(path: str) -> Change:
    return Change(Op.DELETE, tuple(path.split(".")))


def value(store: Face, path: str = "", at: int | None = None) -> object:
    entry = store.get(path, at=at)
    return MISSING if entry is None else entry.value
