"""From the wire's JSON to tega's types."""

from __future__ import annotations

from typing import Any

from tega.api import MISSING, Change, Commit, Difference, Entry, Op
from tega.paths import parse_path


def entry_of(found: dict[str, Any]) -> Entry:
    return Entry(parse_path(found["path"]), found["value"], found["rev"], found.get("lease"))


def groups_of(found: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in found)


def change_of(found: dict[str, Any]) -> Change:
    return Change(Op(found["op"]), parse_path(found["path"]), found["value"])


def commit_of(found: dict[str, Any]) -> Commit:
    return Commit(
        found["rev"],
        found["time"],
        found["author"],
        found["message"],
        found.get("request", ""),
        tuple(change_of(one) for one in found["changes"]),
        found["roots"],
        bytes.fromhex(found["prev_hash"]),
        bytes.fromhex(found["hash"]),
        found.get("reverts"),
    )


def difference_of(found: dict[str, Any]) -> Difference:
    return Difference(parse_path(found["path"]), found.get("before", MISSING), found.get("after", MISSING))
