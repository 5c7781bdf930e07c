"""What each request does: a function an operation; whatever the transport, requests come through here."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from tega.api import Change, Op
from tega.errors import Compacted
from tega.hub.access import channel_path
from tega.hub.changefeed import MANY
from tega.hub.channels import check_channel
from tega.hub.interest import is_heavy, may_read_all, visible
from tega.hub.reading import Answer, entry_head, unordered, write_found, write_list, write_value
from tega.paths import format_path, overlap, parse_path
from tega.pattern import path_pattern
from tega.protocol import requests
from tega.protocol.answers import change_to_wire, difference_to_wire, receipt_to_wire
from tega.protocol.errors import BadRequest, Denied
from tega.state import mod_at
from tega.tree import diff as compare
from tega.tree import find, to_json, walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from tega.api import Commit, Json, Path, Rev
    from tega.hub.access import Access
    from tega.hub.hub import Hub
    from tega.hub.session import Session
    from tega.hub.store import Outcome
    from tega.tree import Node

R = TypeVar("R", bound=requests.Request)
Verb = Any


class Later(NamedTuple):
    """An answer that is still to come, without a task to wait for it."""

    outcome: Outcome
    shape: Callable[[Commit], Json]
    """Makes the answer from the outcome."""


OPERATIONS: Final[dict[type[requests.Request], Verb]] = {}
MAX_LOG: Final = 10_000
OLD_ROOTS: Final = 10
"""Versions of each root before the present one that `edges` shows."""


def operation(request: type[R]) -> Callable[[Verb], Verb]:
    """Register the function that serves a request."""

    def register(function: Verb) -> Verb:
        OPERATIONS[request] = function
        return function

    return register


# -- reading ----------------------------------------------------------------


@operation(requests.Get)
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
    return {**entry_head(tree, path, node), "value": await _answer(hub, into, write_value(into, node))}


async def _answer(hub: Hub, into: Answer, steps: Iterator[None], *, inline: bool = True) -> Json:
    """Take the steps that write an answer, and return it."""
    await hub.store.lane.run(steps, inline=inline)
    return into.whole()


async def _at(hub: Hub, path: Path, r: requests.Get) -> Rev | None:
    if r.root_version is None:
        return r.at
    if not path:
        raise BadRequest("a root's version is asked for below that root, not of the whole tree")
    return await revision_of(hub, path[0], r.root_version)


@operation(requests.Select)
async def select(hub: Hub, who: Session, r: requests.Select) -> Json:
    pattern = path_pattern(r.pattern, regex=r.regex)
    if not who.access.read:
        return []
    tree = (await hub.store.view(r.at)).tree
    into = Answer()
    return await _answer(hub, into, write_found(into, tree, pattern, who.access))


@operation(requests.Children)
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
    return await _answer(hub, into, steps)


@operation(requests.Head)
async def head(hub: Hub, who: Session, r: requests.Head) -> Json:
    return await hub.store.head()


@operation(requests.Roots)
async def roots(hub: Hub, who: Session, r: requests.Roots) -> Json:
    return await hub.store.lane.call(lambda: _roots(hub, who, present=True))


@operation(requests.Old)
async def old(hub: Hub, who: Session, r: requests.Old) -> Json:
    return await hub.store.lane.call(lambda: _roots(hub, who, present=False))


def _roots(hub: Hub, who: Session, *, present: bool) -> dict[str, Rev]:
    tree = hub.store.database.view().tree
    return {
        root: version
        for root, version in sorted(hub.store.database.versions().items())
        if (find(tree, (root,)) is not None) is present and who.access.allows("read", (root,))
    }


@operation(requests.Edges)
async def edges(hub: Hub, who: Session, r: requests.Edges) -> Json:
    if r.root:
        who.access.require("read", parse_path(r.root)[:1])
    trees = [hub.store.database.view().tree]
    if r.old_roots:
        trees += await hub.store.lane.call(lambda: _old_trees(hub, who.access, r.root))
    into = Answer()
    steps = write_list(into, (edge for tree in trees for edge in _edges(tree, who.access, r.root)), list)
    return await _answer(hub, into, steps)


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


@operation(requests.Log)
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
    return await _answer(hub, into, write_list(into, kept, partial(_commit, who.access)), inline=False)


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
        **_receipt(access, commit),
        "author": commit.author,
        "message": commit.message if whole else "",
        "changes": [change_to_wire(part.op, part.path, part.value) for part in parts],
    }


def _receipt(access: Access, commit: Commit) -> dict[str, Any]:
    """What a commit is known by. Its hash is one of all that it changed."""
    everything = access.everywhere("read")
    roots = {
        root: version
        for root, version in commit.roots.items()
        if everything or access.allows("read", (root,))
    }
    return receipt_to_wire(commit, roots, hashes=everything)


@operation(requests.Diff)
async def diff(hub: Hub, who: Session, r: requests.Diff) -> Json:
    path = parse_path(r.path)
    who.access.require("read", path)
    before, after = [find((await hub.store.view(rev)).tree, path) for rev in (r.since, r.until)]
    into = Answer()
    steps = write_list(into, compare(before, after, path), difference_to_wire)
    return await _answer(hub, into, steps, inline=False)


# -- writing ----------------------------------------------------------------


@operation(requests.Put)
def put(hub: Hub, who: Session, r: requests.Put) -> Json:
    path = _write(who, r.path, r.expect)
    if r.ephemeral or r.txid is not None:
        return _put_elsewhere(hub, who, path, r)
    return _commit_one(hub, who, Change(Op.PUT, path, r.value), r)


async def _put_elsewhere(hub: Hub, who: Session, path: Path, r: requests.Put) -> Json:
    """Into a transaction, or with the session's lease."""
    lease = await hub.lease_of(who) if r.ephemeral else None
    change = Change(Op.PUT, path, r.value, lease)
    if r.txid is not None:
        return await hub.transactions.add(who.access, r.txid, change, r.expect)
    return await _ended(_commit_one(hub, who, change, r))


@operation(requests.Merge)
def merge(hub: Hub, who: Session, r: requests.Merge) -> Json:
    change = Change(Op.MERGE, _write(who, r.path, r.expect), r.value)
    if r.txid is not None:
        return hub.transactions.add(who.access, r.txid, change, r.expect)
    return _commit_one(hub, who, change, r)


@operation(requests.Delete)
def delete(hub: Hub, who: Session, r: requests.Delete) -> Json:
    change = Change(Op.DELETE, _write(who, r.path, r.expect))
    if r.txid is not None:
        return hub.transactions.add(who.access, r.txid, change, r.expect)
    return _commit_one(hub, who, change, r)


def _write(who: Session, text: str, expect: Rev | None = None) -> Path:
    """A path that may be written; whether what is expected there holds, tells what is there."""
    path = parse_path(text)
    who.access.require("write", path)
    if expect is not None:
        who.access.require("read", path)
    return path


def _commit_one(
    hub: Hub, who: Session, change: Change, r: requests.Put | requests.Merge | requests.Delete
) -> Any:
    expect = None if r.expect is None else {change.path: r.expect}
    return _commit_all(hub, who, (change,), expect, r.message, r.request)


def _commit_all(
    hub: Hub,
    who: Session,
    changes: Sequence[Change],
    expect: dict[Path, Rev] | None,
    message: str,
    request: str | None,
) -> Any:
    """Hand in a commit; what is large is looked through on another thread first."""
    shape = partial(_receipt, who.access)
    make = partial(hub.store.database.request, changes, expect, who.name, message, _request_id(who, request))
    if len(changes) > MANY or any(is_heavy(change.value) for change in changes):
        return _shaped(hub.store.commit_large(make), shape)
    return Later(hub.store.submit_later(make()), shape)


async def _shaped(outcome: Awaitable[Commit], shape: Callable[[Commit], Json]) -> Json:
    return shape(await outcome)


def _request_id(who: Session, request: str | None) -> str | None:
    """A request's id as the log has it: each token has its own, and meets nobody else's."""
    return request if request is None or not who.access.name else f"{who.access.name}/{request}"


async def _ended(later: Any) -> Json:
    """The answer, where somebody waits for it."""
    return await (_shaped(*later) if isinstance(later, Later) else later)


@operation(requests.Apply)
def apply(hub: Hub, who: Session, r: requests.Apply) -> Json:
    if not r.steps:
        raise BadRequest("there is nothing to do: a transaction that is sent whole has a step or more")
    if len(r.steps) > MANY or r.base is not None or any(step.ephemeral for step in r.steps):
        return _apply_elsewhere(hub, who, r)
    return _commit_all(hub, who, _changes(who, r, None), _expected(who, r), r.message, r.request)


async def _apply_elsewhere(hub: Hub, who: Session, r: requests.Apply) -> Json:
    """Looked through on another thread, with the session's lease, or after a look at the past."""
    changes = await hub.store.lane.call(lambda: _changes(who, r, None))
    expect = _expected(who, r)
    if any(step.ephemeral for step in r.steps):
        changes = _changes(who, r, await hub.lease_of(who))
    if r.base is not None:
        tree = (await hub.store.view(r.base)).tree
        expect = {change.path: mod_at(tree, change.path) for change in changes} | expect
    return await _ended(_commit_all(hub, who, changes, expect, r.message, r.request))


def _expected(who: Session, r: requests.Apply) -> dict[Path, Rev]:
    expect = {parse_path(text): rev for text, rev in r.expect.items()}
    for path in expect:
        who.access.require("read", path)
    return expect


def _changes(who: Session, r: requests.Apply, lease: str | None) -> list[Change]:
    changes = [_change(_write(who, step.path), step, lease) for step in r.steps]
    for change in changes if r.base is not None else ():
        who.access.require("read", change.path)
    return changes


def _change(path: Path, step: requests.Step, lease: str | None) -> Change:
    if step.ephemeral and step.do != "put":
        raise BadRequest("only a put can be ephemeral")
    return Change(Op(step.do), path, step.value, lease if step.ephemeral else None)


@operation(requests.Begin)
async def begin(hub: Hub, who: Session, r: requests.Begin) -> Json:
    if not who.access.write:
        raise Denied("this token does not allow to write anything")
    held = hub.transactions.begin(who.access, who.name, r.message)
    who.txids.add(held.txid)
    return {"txid": held.txid, "base": held.txn.base}


@operation(requests.Cand)
async def cand(hub: Hub, who: Session, r: requests.Cand) -> Json:
    found = await hub.transactions.cand(who.access, r.txid)
    into = Answer()
    steps = write_list(
        into, found, lambda one: difference_to_wire(one) if who.access.allows("read", one.path) else None
    )
    return await _answer(hub, into, steps)


@operation(requests.Commit)
async def commit(hub: Hub, who: Session, r: requests.Commit) -> Json:
    who.txids.discard(r.txid)
    done = await hub.transactions.commit(who.access, r.txid, _request_id(who, r.request))
    return _receipt(who.access, done) if done else None


@operation(requests.Cancel)
async def cancel(hub: Hub, who: Session, r: requests.Cancel) -> Json:
    hub.transactions.get(who.access, r.txid)
    who.txids.discard(r.txid)
    hub.transactions.drop(r.txid)


@operation(requests.Rollback)
async def rollback(hub: Hub, who: Session, r: requests.Rollback) -> Json:
    path = parse_path(r.root)
    if len(path) > 1:
        raise BadRequest(f"a roll-back takes a root or the whole tree, and {r.root} is below one")
    if r.by_version and not path:
        raise BadRequest("versions are counted by root; the whole tree goes back to a revision")
    if r.to < 0 and not r.by_version:
        raise BadRequest("a revision is 0 or more; versions of a root may count back: by_version=true")
    who.access.require("write", path)
    if r.expect is not None or r.by_version:
        who.access.require("read", path)
    to = await revision_of(hub, path[0], r.to) if r.by_version else r.to
    root = path[0] if path else None
    done = await hub.store.rollback(root, to, expect=r.expect, author=who.name, message=r.message)
    return _receipt(who.access, done)


@operation(requests.Clear)
async def clear(hub: Hub, who: Session, r: requests.Clear) -> Json:
    who.access.require("write", ())
    return _receipt(who.access, await hub.store.delete((), author=who.name, message=r.message))


async def revision_of(hub: Hub, root: str, version: Rev) -> Rev:
    """Return the revision at which a root reached a version of its own; a negative one counts back."""
    return await asyncio.to_thread(hub.store.database.version_rev, root, version)


# -- keeping ----------------------------------------------------------------


@operation(requests.Snapshot)
async def snapshot(hub: Hub, who: Session, r: requests.Snapshot) -> Json:
    who.access.require("write", ())
    return await hub.store.snapshot()


@operation(requests.Compact)
async def compact(hub: Hub, who: Session, r: requests.Compact) -> Json:
    who.access.require("write", ())
    await hub.store.compact(r.before)


@operation(requests.Export)
async def export(hub: Hub, who: Session, r: requests.Export) -> Json:
    who.access.require("read", ())
    into = Answer()
    async with aclosing(hub.store.export(at=r.at, history=r.history)) as lines:  # type: ignore[type-var]
        found = [line.decode() async for line in lines]
    return await _answer(hub, into, write_list(into, found, str))


@operation(requests.Import)
async def import_(hub: Hub, who: Session, r: requests.Import) -> Json:
    who.access.require("write", ())
    if r.expect is not None:
        who.access.require("read", ())

    async def lines() -> AsyncIterator[bytes]:
        for line in r.lines:
            yield line.encode()

    done = await hub.store.import_(lines(), mode=r.mode, expect=r.expect, author=who.name, dry_run=r.dry_run)
    return {**_receipt(who.access, done), "changes": len(done.changes)}


@operation(requests.Verify)
async def verify(hub: Hub, who: Session, r: requests.Verify) -> Json:
    who.access.require("read", ())
    return (await hub.store.verify()).hex()


# -- watching ---------------------------------------------------------------


@operation(requests.Subscribe)
def subscribe(hub: Hub, who: Session, r: requests.Subscribe) -> Json:
    sub = hub.subscribe(who, r.path, regex=r.regex, after=r.after)
    return {"sub": sub.number, "rev": sub.cursor}


@operation(requests.Unsubscribe)
def unsubscribe(hub: Hub, who: Session, r: requests.Unsubscribe) -> Json:
    return hub.unsubscribe(who, r.sub)


@operation(requests.Listen)
def listen(hub: Hub, who: Session, r: requests.Listen) -> Json:
    return {"sub": hub.listen(who, r.channel, regex=r.regex)}


@operation(requests.Publish)
def publish(hub: Hub, who: Session, r: requests.Publish) -> Json:
    check_channel(r.channel)
    who.access.require("write", channel_path(r.channel))
    reached = hub.channels.publish(who.name, r.channel, r.body)
    return reached if who.access.hears(r.channel) else None


def _seen(hub: Hub, who: Session) -> list[Session]:
    """The sessions that a token may know of: its own, and all if it reads all."""
    return [one for name, one in sorted(hub.sessions.items()) if one is who or who.access.sees(name)]


@operation(requests.Channels)
def channels(hub: Hub, who: Session, r: requests.Channels) -> Json:
    return hub.channels.names({session.name for session in _seen(hub, who)})


@operation(requests.Ids)
def ids(hub: Hub, who: Session, r: requests.Ids) -> Json:
    now = hub.clock()
    return {session.name: session.describe(now) for session in _seen(hub, who)}


@operation(requests.Subscribers)
def subscribers(hub: Hub, who: Session, r: requests.Subscribers) -> Json:
    table = {
        session.name: sorted(
            [sub.interest.text for sub in session.subs.values()]
            + [one.channel for one in session.listenings.values()]
        )
        for session in _seen(hub, who)
    }
    return {name: wishes for name, wishes in table.items() if wishes}


# -- calls ------------------------------------------------------------------


@operation(requests.Offer)
async def offer(hub: Hub, who: Session, r: requests.Offer) -> Json:
    await hub.offer(who, _write(who, r.path), r.doc)


@operation(requests.Withdraw)
async def withdraw(hub: Hub, who: Session, r: requests.Withdraw) -> Json:
    await hub.withdraw(who, parse_path(r.path))


@operation(requests.Call)
def call(hub: Hub, who: Session, r: requests.Call) -> asyncio.Future[Json]:
    path = parse_path(r.path)
    who.access.require("call", path)
    if not 0 < r.timeout <= 86_400:
        raise BadRequest(f"a call's time-out is above 0 and at most 86400 s, got {r.timeout:g}")
    return hub.calls.call(who.name, r, path, _progress(who, r.id)).done


def _progress(who: Session, number: int) -> Callable[[Json], None] | None:
    if not number:
        return None

    def tell(value: Json) -> None:
        who.tell({"push": "progress", "id": number, "value": value})

    return tell


@operation(requests.Answer)
def answer(hub: Hub, who: Session, r: requests.Answer) -> Json:
    hub.calls.answer(who, r.call, r.value)


@operation(requests.Fail)
def fail(hub: Hub, who: Session, r: requests.Fail) -> Json:
    hub.calls.fail(who, r.call, r.kind, r.message)


@operation(requests.Progress)
def progress(hub: Hub, who: Session, r: requests.Progress) -> Json:
    hub.calls.progress(who, r.call, r.value)


# -- the server -------------------------------------------------------------


@operation(requests.Ping)
def ping(hub: Hub, who: Session, r: requests.Ping) -> Json:
    """Answer with the revision up to which the session was told everything, if it was."""
    return hub.changefeed.head if all(sub.live for sub in who.subs.values()) else None


@operation(requests.Bye)
async def bye(hub: Hub, who: Session, r: requests.Bye) -> Json:
    await hub.end(who, "")


@operation(requests.Info)
async def info(hub: Hub, who: Session, r: requests.Info) -> Json:
    limits = hub.store.limits()
    return {
        "head": await hub.store.head(),
        "oldest": hub.store.database.oldest(),
        "sessions": len(_seen(hub, who)),
        **({"functions": len(hub.calls.offered())} if who.access.everywhere("read") else {}),
        "durable": limits.durable,
        "commit_bytes": limits.commit_bytes,
    }


@operation(requests.Plugins)
def plugins(hub: Hub, who: Session, r: requests.Plugins) -> Json:
    return hub.plugins.describe() if hub.plugins and who.access.everywhere("read") else {}


@operation(requests.Reload)
async def reload(hub: Hub, who: Session, r: requests.Reload) -> Json:
    who.access.require("write", ())
    if hub.plugins:
        await hub.plugins.reload()
