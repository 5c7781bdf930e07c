"""Export and import: a store as canonical JSON, one object a line.

The first line says what follows, the last one carries the SHA-256 of all
bytes before it. Between them stand the leaves of one revision and, where
history was asked for, the commits that are kept.
"""

from __future__ import annotations

from tega.api import Change, Op
from tega.codec import HASH_SIZE, canonical, from_bytes, new_digest
from tega.errors import ImportRefused, InvalidPath
from tega.paths import format_path, to_path
from tega.tree import build, changes_towards, find, leaves, to_json, unleased

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from tega.api import Commit, Json, Path, Rev
    from tega.database import Database
    from tega.state import State
    from tega.tree import Node

FORMAT = 1


def export_lines(database: Database, *, at: Rev | None = None, history: bool = False) -> Iterator[bytes]:
    """Yield the lines of an export; nodes of leases are left out of the state.

    Args:
        database: What to export.
        at: The revision; the newest unless told.
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
        for commit, data in database.records.whole(database.oldest(), rev):
            yield b'{"commit":%b,"hash":"%b"}' % (data[HASH_SIZE:], commit.hash.hex().encode())


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


def read_export(lines: Iterable[bytes]) -> tuple[dict[str, Json], dict[str, Json], list[dict[str, Json]]]:
    """Return header, tree and commits of an export.

    Raises:
        ImportRefused: It is no export, or not a whole one.
    """
    total = new_digest()
    items: list[dict[str, Json]] = []
    for number, line in enumerate(lines, 1):
        item = _item(line, number)
        if "sha256" in item:
            if item["sha256"] != total.hexdigest():
                raise ImportRefused(f"line {number}: the checksum does not match; the export was altered")
            return _sorted_items(items)
        total.update(line.rstrip(b"\r\n") + b"\n")
        items.append(item)
    raise ImportRefused("the last line with the checksum is missing; the export is not whole")


def _item(line: bytes, number: int) -> dict[str, Json]:
    try:
        item = from_bytes(line)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"line {number}: is no JSON ({error})") from error
    if not isinstance(item, dict):
        raise ImportRefused(f"line {number}: an object is wanted")
    return item


def _sorted_items(
    items: list[dict[str, Json]],
) -> tuple[dict[str, Json], dict[str, Json], list[dict[str, Json]]]:
    if not items or items[0].get("tega") != FORMAT:
        raise ImportRefused(f"line 1: not the head of an export of format {FORMAT}")
    tree: dict[str, Json] = {}
    commits = []
    for number, item in enumerate(items[1:], 2):
        if "commit" in item:
            commits.append(item)
        elif not isinstance(item.get("path"), list) or not item["path"] or "value" not in item:
            raise ImportRefused(f"line {number}: neither a leaf nor a commit")
        else:
            _place(tree, _path(item["path"], number), item["value"], number)
    return items[0], tree, commits


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
    mode: Literal["replace", "merge"],
    expect: Rev | None = None,
    author: str = "",
    message: str = "",
    dry_run: bool = False,
) -> Commit:
    """Commit the state of an export as one commit.

    Args:
        database: Where to.
        lines: What `export_lines` gave; commits in it are not replayed.
        mode: ``replace`` makes the tree equal to it, nodes of leases
            left alone; ``merge`` adds to what is there.
        expect: Revision that the tree must have been changed last at.
        author: Who.
        message: Why.
        dry_run: Return the commit that would be made, and make none.

    Raises:
        ImportRefused: The lines are no whole export; nothing was written.
        Conflict: `expect` did not hold.
    """
    _, tree, _ = read_export(lines)
    guard: dict[Path, Rev] | None = None if expect is None else {(): expect}
    request = database.request((), guard, author, message)
    if mode == "merge":
        request.changes = (Change(Op.MERGE, (), tree),)
    else:
        goal = build(tree, -1)
        request.plan = lambda state: _towards(state, goal)
    return database.preview(request) if dry_run else database.submit(request)


def _towards(state: State, goal: Node) -> list[Change]:
    return list(changes_towards(find(state.root, ()), goal, ()))
