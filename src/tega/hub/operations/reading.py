"""Operations that read: the tree, its past, and what differs."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tega.errors import Compacted
from tega.hub.interest import is_heavy, may_read_all, visible
from tega.hub.operations.base import receipt, revision_of, write_answer
from tega.hub.reading import Answer, entry_head, unordered, write_found, write_list, write_value
from tega.paths import format_path, overlap, parse_path
from tega.protocol import requests
from tega.protocol.answers import change_to_wire, difference_to_wire
from tega.protocol.errors import BadRequest
from tega.tree.comparing import diff as compare
from tega.tree.nodes import find, to_json, walk
from tega.tree.pattern import path_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tega.api import Commit, Json, Path, Rev
    from tega.hub.access import Access
    from tega.hub.hub import Hub
    from tega.hub.session import Session
    from tega.tree.nodes import Node


MAX_LOG: Final = 10_000
OLD_ROOTS: Final = 10
"""Versions of each root before the present one that `edges` shows."""


def get(hub: Hub, who: Session, r: requests.Get) -> Json:
    path = parse_path(r.path)
    who.access.require("read", path)
    if r.at is None and r.root_version is None and r.txid is None:
        return _read(hub, hub.store.database.view().tree, path)
    return _get_elsewhere(hub, who, path, r)


async def _get_elsewhere(hub: Hub, who: Session, path: Path, r: requests.Get) -> Json:
    """From a transaction, or from the past."""
    if r.txid is not None:
        tree = await hub.transactions.read(who.access, r.txid, path)
    else:
        tree = (await hub.store.view(await _at(hub, path, r))).tree
    found = _read(hub, tree, path)
    return await found if inspect.isawaitable(found) else found


def _read(hub: Hub, tree: Node, path: Path) -> Any:
    """What is at a path; what is large is written down on another thread."""
    node = find(tree, path)
    if node is None:
        return None
    if is_heavy(node):
        return _read_large(hub, tree, path, node)
    return {**entry_head(tree, path, node), "value": to_json(node)}


async def _read_large(hub: Hub, tree: Node, path: Path, node: Node) -> Json:
    into = Answer()
    return {**entry_head(tree, path, node), "value": await write_answer(hub, into, write_value(into, node))}


async def _at(hub: Hub, path: Path, r: requests.Get) -> Rev | None:
    if r.root_version is None:
        return r.at
    if not path:
        raise BadRequest("a root's version is asked for below that root, not of the whole tree")
    return await revision_of(hub, path[0], r.root_version)


async def select(hub: Hub, who: Session, r: requests.Select) -> Json:
    pattern = path_pattern(r.pattern, regex=r.regex)
    if not who.access.read:
        return []
    tree = (await hub.store.view(r.at)).tree
    into = Answer()
    return await write_answer(hub, into, write_found(into, tree, pattern, who.access))


async def children(hub: Hub, who: Session, r: requests.Children) -> Json:
    path = parse_path(r.path)
    names = hub.store.database.view().keys(path)
    all_of_them = who.access.allows("read", path)
    into = Answer()
    steps = write_list(
        into,
        names,
        lambda name: name if all_of_them or who.access.allows("read", (*path, name)) else None,
    )
    return await write_answer(hub, into, steps)


async def head(hub: Hub, who: Session, r: requests.Head) -> Json:
    return await hub.store.head()


async def roots(hub: Hub, who: Session, r: requests.Roots) -> Json:
    return await hub.store.lane.call(lambda: _roots(hub, who, present=True))


async def old(hub: Hub, who: Session, r: requests.Old) -> Json:
    return await hub.store.lane.call(lambda: _roots(hub, who, present=False))


def _roots(hub: Hub, who: Session, *, present: bool) -> dict[str, Rev]:
    tree = hub.store.database.view().tree
    return {
        root: version
        for root, version in sorted(hub.store.database.versions().items())
        if (find(tree, (root,)) is not None) is present and who.access.allows("read", (root,))
    }


async def edges(hub: Hub, who: Session, r: requests.Edges) -> Json:
    if r.root:
        who.access.require("read", parse_path(r.root)[:1])
    trees = [hub.store.database.view().tree]
    if r.old_roots:
        trees += await hub.store.lane.call(lambda: _old_trees(hub, who.access, r.root))
    into = Answer()
    steps = write_list(into, (edge for tree in trees for edge in _edges(tree, who.access, r.root)), list)
    return await write_answer(hub, into, steps)


def _old_trees(hub: Hub, access: Access, root: str) -> list[Node]:
    """The last states that the roots were in before the present one."""
    database = hub.store.database
    names = [root] if root else [name for name in database.versions() if access.allows("read", (name,))]
    revs: set[Rev] = set()
    for name in names:
        present = database.versions().get(name, 0)
        for version in range(max(present - OLD_ROOTS, 1), present):
            try:
                revs.add(database.version_rev(name, version))
            except Compacted:
                continue
    return [database.view(rev).tree for rev in sorted(revs)]


def _edges(tree: Node, access: Access, root: str) -> Iterator[tuple[str, str]]:
    """Yield each edge of a tree, down and up, as `path(revision)`."""
    names = [root] if root else [name for name, _ in unordered(tree)]
    for name in names:
        node = find(tree, (name,))
        if node is not None and access.allows("read", (name,)):
            for path, child in walk(node, (name,)):
                for key, below in unordered(child):
                    ends = f"{format_path(path)}({child.mod})", f"{format_path((*path, key))}({below.mod})"
                    yield ends
                    yield ends[1], ends[0]


async def log(hub: Hub, who: Session, r: requests.Log) -> Json:
    path = parse_path(r.path)
    limit = min(max(r.limit, 0), MAX_LOG)
    kept: list[Commit] = []
    async with aclosing(hub.store.history(path, after=r.after, until=r.until)) as commits:  # type: ignore[type-var]
        async for commit in commits:
            if _concerns(who.access, commit, path):
                kept.append(commit)
                del kept[: -limit or len(kept)]
    into = Answer()
    return await write_answer(hub, into, write_list(into, kept, partial(_commit, who.access)), inline=False)


def _concerns(access: Access, commit: Commit, path: Path) -> bool:
    """Whether a commit changed something at, below or above a path that the token may read."""
    if access.everywhere("read"):
        return True
    return any(overlap(part.path, path) for change in commit.changes for part in visible(access, change))


def _commit(access: Access, commit: Commit) -> dict[str, Any]:
    """A commit as far as it may be read."""
    whole = may_read_all(access, commit)
    parts = [part for change in commit.changes for part in visible(access, change)]
    return {
        **receipt(access, commit),
        "author": commit.author,
        "message": commit.message if whole else "",
        "changes": [change_to_wire(part.op, part.path, part.value) for part in parts],
    }


async def diff(hub: Hub, who: Session, r: requests.Diff) -> Json:
    path = parse_path(r.path)
    who.access.require("read", path)
    before, after = [find((await hub.store.view(rev)).tree, path) for rev in (r.since, r.until)]
    into = Answer()
    steps = write_list(into, compare(before, after, path), difference_to_wire)
    return await write_answer(hub, into, steps, inline=False)
