"""What answers consist of: the JSON of changes, commits, entries and differences, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tega.api import MISSING, Change, Commit, Difference, Entry, Op
from tega.paths import format_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tega.api import Json, Path, Rev


def entry_of(found: dict[str, Any]) -> Entry:
    return Entry(parse_path(found["path"]), found["value"], found["rev"], found.get("lease"))


def groups_of(found: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in found)


def change_to_wire(op: Op, path: Path, value: Json) -> dict[str, Any]:
    return {"op": op.value, "path": format_path(path), "value": value}


def change_of(found: dict[str, Any]) -> Change:
    return Change(Op(found["op"]), parse_path(found["path"]), found["value"])


def receipt_to_wire(commit: Commit, roots: Mapping[str, Rev], *, hashes: bool) -> dict[str, Any]:
    """Return what a commit is known by: of its roots those that are given, and its hashes if they may be."""
    receipt: dict[str, Any] = {
        "rev": commit.rev,
        "time": commit.time,
        "roots": roots,
        "hash": commit.hash.hex() if hashes else "",
        "prev_hash": commit.prev_hash.hex() if hashes else "",
    }
    if commit.reverts is not None:
        receipt["reverts"] = commit.reverts
    return receipt


def made_of(
    receipt: dict[str, Any], changes: tuple[Change, ...], *, author: str, message: str, request_id: str
) -> Commit:
    """Return a commit from its receipt and what its author knows."""
    return Commit(
        receipt["rev"],
        receipt["time"],
        author,
        message,
        request_id,
        changes,
        receipt["roots"],
        bytes.fromhex(receipt["prev_hash"]),
        bytes.fromhex(receipt["hash"]),
        receipt.get("reverts"),
    )


def commit_of(found: dict[str, Any]) -> Commit:
    return made_of(
        found,
        tuple(change_of(one) for one in found["changes"]),
        author=found["author"],
        message=found["message"],
        request_id=found.get("request", ""),
    )


def difference_to_wire(difference: Difference) -> dict[str, Any]:
    """Return one changed leaf; a side that is missing is left out."""
    shown = {"path": format_path(difference.path)}
    if difference.before is not MISSING:
        shown["before"] = difference.before
    if difference.after is not MISSING:
        shown["after"] = difference.after
    return shown


def difference_of(found: dict[str, Any]) -> Difference:
    return Difference(parse_path(found["path"]), found.get("before", MISSING), found.get("after", MISSING))
