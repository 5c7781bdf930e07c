"""Export and import: a store as canonical JSON, one object a line.

The first line says what follows, the last one carries the SHA-256 of all
bytes before it. Between them stand the leaves of one revision and, where
history was asked for, the commits that are kept, each with its hash, and
the state before the first where the beginning was forgotten. Those are as
they were stored, so that `tega.transfer.replay` can make the same store of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tega.api import Change, Op
from tega.errors import ImportRefused, InvalidPath
from tega.log.codec import HASH_SIZE, canonical, from_bytes, new_digest
from tega.paths import format_path, to_path
from tega.tree.comparing import changes_towards, unleased
from tega.tree.nodes import build, find, leaves, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from tega.api import Commit, Json, Path, Rev
    from tega.database.database import Database
    from tega.log.state import State
    from tega.tree.nodes import Node

FORMAT = 1
_STORED = re.compile(rb'\{"(commit|state)":(\{.*\}),"hash":"([0-9a-f]{64})"\}', re.DOTALL)


class Export(NamedTuple):
    """What the lines of an export hold."""

    head: dict[str, Json]
    tree: dict[str, Json]
    state: bytes | None
    """The state before the first commit, as it was stored; None for the empty one."""
    commits: list[bytes]
    """The records of its history."""


def export_lines(database: Database, *, at: Rev | None = None, history: bool = False) -> Iterator[bytes]:
    """Yield the lines of an export; nodes of leases are left out of the state.

    Args:
        database: What to export.
        at: The revision; the newest by default.
        history: Add every commit that is kept up to it.

    Raises:
        Compacted: That revision is no longer kept, or its history is
            forgotten while it is read.
        FutureRevision: It does not exist yet.
    """
    view = database.view(at)
    return _summed(_lines(database, view.rev, history))


def _lines(database: Database, rev: Rev, history: bool) -> Iterator[bytes]:
    yield from _state_lines(build(unleased(database.view(rev).tree), rev), rev, history)
    if history:
        oldest = database.oldest()
        if oldest:
            yield _stored("state", database.records.forgotten(oldest)[0])
        for _, data in database.records.whole(oldest, rev):
            yield _stored("commit", data)


def _stored(kind: str, data: bytes) -> bytes:
    """A record or state, to the letter: its hash is that of these bytes."""
    return b'{"%b":%b,"hash":"%b"}' % (kind.encode(), data[HASH_SIZE:], data[:HASH_SIZE].hex().encode())


def tree_lines(tree: dict[str, Json]) -> Iterator[bytes]:
    """Yield the lines of an export that holds this tree, of no revision.

    Raises:
        InvalidValue: It has no JSON form.
    """
    return _summed(_state_lines(build(tree, 0), 0, False))


def _state_lines(tree: Node, rev: Rev, history: bool) -> Iterator[bytes]:
    yield canonical({"tega": FORMAT, "rev": rev, "history": history})
    for path, leaf in leaves(tree) if tree.children else ():
        yield canonical({"path": list(path), "value": to_json(leaf)})


def _summed(lines: Iterator[bytes]) -> Iterator[bytes]:
    total = new_digest()
    for line in lines:
        total.update(line + b"\n")
        yield line + b"\n"
    yield canonical({"sha256": total.hexdigest()}) + b"\n"


def read_export(lines: Iterable[bytes]) -> Export:
    """Read an export.

    Raises:
        ImportRefused: It is no export, or not a whole one.
    """
    total = new_digest()
    items: list[dict[str, Json]] = []
    stored: dict[int, bytes] = {}
    for number, line in enumerate(lines, 1):
        item = _item(line, number)
        if "sha256" in item:
            if item["sha256"] != total.hexdigest():
                raise ImportRefused(f"line {number}: the checksum does not match; the export was altered")
            return _sorted_items(items, stored)
        line = line.rstrip(b"\r\n")
        total.update(line + b"\n")
        items.append(item)
        if "commit" in item or "state" in item:
            stored[number] = _restored(line, number)
    raise ImportRefused("the last line with the checksum is missing; the export is not whole")


def _item(line: bytes, number: int) -> dict[str, Json]:
    try:
        item = from_bytes(line)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"line {number}: is no JSON ({error})") from error
    if not isinstance(item, dict):
        raise ImportRefused(f"line {number}: an object is wanted")
    return item


def _restored(line: bytes, number: int) -> bytes:
    found = _STORED.fullmatch(line)
    if found is None:
        raise ImportRefused(f"line {number}: a commit or state that is not written as an export writes it")
    return bytes.fromhex(found[3].decode()) + found[2]


def _sorted_items(items: list[dict[str, Json]], stored: dict[int, bytes]) -> Export:
    if not items or items[0].get("tega") != FORMAT:
        raise ImportRefused(f"line 1: not the head of an export of format {FORMAT}")
    tree: dict[str, Json] = {}
    states, commits = [], []
    for number, item in enumerate(items[1:], 2):
        if "commit" in item:
            commits.append(stored[number])
        elif "state" in item:
            states.append(stored[number])
        elif not isinstance(item.get("path"), list) or not item["path"] or "value" not in item:
            raise ImportRefused(f"line {number}: neither a leaf nor a commit")
        else:
            _place(tree, _path(item["path"], number), item["value"], number)
    return Export(items[0], tree, states[0] if states else None, commits)


def _path(found: list[Json], number: int) -> Path:
    try:
        return to_path(tuple(found))
    except InvalidPath as error:
        raise ImportRefused(f"line {number}: {error}") from error


def _place(tree: dict[str, Json], path: Path, value: Json, number: int) -> None:
    node = tree
    for segment in path[:-1]:
        node = node.setdefault(segment, {})
        if not isinstance(node, dict):
            raise ImportRefused(f"line {number}: {format_path(path)} lies below a leaf")
    node[path[-1]] = value


def import_lines(
    database: Database,
    lines: Iterable[bytes],
    *,
    mode: Literal["replace", "merge", "history"],
    expect: Rev | None = None,
    author: str = "",
    message: str = "",
    dry_run: bool = False,
) -> Commit:
    """Commit the state of an export as one commit, or make an empty store what the exported one was.

    Args:
        database: Where to.
        lines: What `export_lines` gave.
        mode: ``replace`` makes the tree equal to it, nodes of leases
            left alone; ``merge`` adds to what is there; ``history``
            needs an empty store and takes every commit over as it was,
            see `tega.transfer.replay.import_history`.
        expect: Revision that the tree must have been changed last at.
        author: Who.
        message: Why.
        dry_run: Return the commit that would be made, and make none.

    Raises:
        ImportRefused: The lines are no whole export; nothing was written.
        Conflict: `expect` did not hold.
    """
    if mode == "history":
        from tega.transfer.replay import import_history

        return import_history(database, lines, dry_run=dry_run)
    tree = read_export(lines).tree
    expected: dict[Path, Rev] | None = None if expect is None else {(): expect}
    request = database.request((), expected, author, message)
    if mode == "merge":
        request.changes = (Change(Op.MERGE, (), tree),)
    else:
        goal = build(tree, -1)
        request.plan = lambda state: _towards(state, goal)
    return database.preview(request) if dry_run else database.submit(request)


def _towards(state: State, goal: Node) -> list[Change]:
    return list(changes_towards(find(state.root, ()), goal, ()))
