"""What each request does. One function a verb; every door of the server and the shell come through here."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from tega.api import ABSENT, MISSING, Change, Op
from tega.hub import messages as m
from tega.hub.errors import BadRequest
from tega.hub.interest import MAX_PATTERN, compile_pattern
from tega.paths import format_path, parse_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tega.api import Commit, Difference, Entry, Json, Path, Rev
    from tega.hub.hub import Hub
    from tega.hub.session import Session
    from tega.hub.store import Outcome

R = TypeVar("R", bound=m.Request)
Verb = Any


class Later(NamedTuple):
    """An answer that is still to come, without a task to wait for it."""

    outcome: Outcome
    shape: Callable[[Any], Json]
    """Makes the answer from the outcome."""


VERBS: Final[dict[type[m.Request], Verb]] = {}
MAX_LOG: Final = 10_000


def verb(request: type[R]) -> Callable[[Verb], Verb]:
    """Register the function that serves a request."""

    def register(function: Verb) -> Verb:
        VERBS[request] = function
        return function

    return register


# -- reading ----------------------------------------------------------------


@verb(m.Get)
def get(hub: Hub, who: Session, r: m.Get) -> Json:
    path = parse_path(r.path)
    who.access.require("read", path)
    if r.at is None and r.root_version is None and r.txid is None:
        found = hub.store.database.get(path)
        return _entry(found) if found else None
    return _get_elsewhere(hub, path, r)


async def _get_elsewhere(hub: Hub, path: Path, r: m.Get) -> Json:
    """From a transaction, or from the past."""
    if r.txid is not None:
        found = await hub.transactions.read(r.txid, path)
    else:
        found = await hub.store.get(path, at=await _at(hub, path, r))
    return _entry(found) if found else None


async def _at(hub: Hub, path: Path, r: m.Get) -> Rev | None:
    if r.root_version is None:
        return r.at
    if not path:
        raise BadRequest("a root's version is asked for below that root, not of the whole tree")
    return await revision_of(hub, path[0], r.root_version)


def _entry(entry: Entry) -> dict[str, Any]:
    found = {"path": format_path(entry.path), "value": entry.value, "rev": entry.mod_rev}
    if entry.lease is not None:
        found["lease"] = entry.lease
    return found


@verb(m.Select)
async def select(hub: Hub, who: Session, r: m.Select) -> Json:
    if len(r.pattern) > MAX_PATTERN:
        raise BadRequest(f"the pattern has {len(r.pattern)} characters; {MAX_PATTERN} are allowed")
    if r.regex:
        compile_pattern(r.pattern)
    found = await hub.store.select(r.pattern, regex=r.regex, at=r.at)
    return [
        {**_entry(entry), "groups": list(groups)}
        for entry, groups in found
        if who.access.allows("read", entry.path)
    ]


@verb(m.Children)
def children(hub: Hub, who: Session, r: m.Children) -> Json:
    path = parse_path(r.path)
    names = hub.store.database.view().keys(path)
    return [name for name in names if who.access.allows("read", (*path, name))]


@verb(m.Head)
async def head(hub: Hub, who: Session, r: m.Head) -> Json:
    return await hub.store.head()


@verb(m.Roots)
def roots(hub: Hub, who: Session, r: m.Roots) -> Json:
    return _roots(hub, who, present=True)


@verb(m.Old)
def old(hub: Hub, who: Session, r: m.Old) -> Json:
    return _roots(hub, who, present=False)


def _roots(hub: Hub, who: Session, *, present: bool) -> dict[str, Rev]:
    standing = set(hub.store.database.view().keys())
    return {
        root: version
        for root, version in sorted(hub.store.database.versions().items())
        if (root in standing) is present and who.access.allows("read", (root,))
    }


@verb(m.Log)
async def log(hub: Hub, who: Session, r: m.Log) -> Json:
    path = parse_path(r.path)
    limit = min(max(r.limit, 0), MAX_LOG)
    kept: list[Commit] = []
    async with aclosing(hub.store.history(path, after=r.after, until=r.until)) as commits:  # type: ignore[type-var]
        async for commit in commits:
            kept.append(commit)
            del kept[: -limit or len(kept)]
    return [shown for shown in (_commit(who, commit) for commit in kept) if shown]


def _commit(who: Session, commit: Commit) -> dict[str, Any] | None:
    changes = [
        {"op": change.op.value, "path": format_path(change.path), "value": change.value}
        for change in commit.changes
        if who.access.allows("read", change.path)
    ]
    if not changes and commit.changes:
        return None
    return {**_receipt(commit), "author": commit.author, "message": commit.message, "changes": changes}


def _receipt(commit: Commit) -> dict[str, Any]:
    receipt: dict[str, Any] = {
        "rev": commit.rev,
        "time": commit.time,
        "roots": dict(commit.roots),
        "hash": commit.hash.hex(),
        "prev_hash": commit.prev_hash.hex(),
    }
    if commit.reverts is not None:
        receipt["reverts"] = commit.reverts
    return receipt


@verb(m.Diff)
async def diff(hub: Hub, who: Session, r: m.Diff) -> Json:
    path = parse_path(r.path)
    who.access.require("read", path)
    return [_difference(one) for one in await hub.store.diff(r.since, r.until, path)]


def _difference(difference: Difference) -> dict[str, Any]:
    """One changed leaf; a side that is missing is left out."""
    shown = {"path": format_path(difference.path)}
    if difference.before is not MISSING:
        shown["before"] = difference.before
    if difference.after is not MISSING:
        shown["after"] = difference.after
    return shown


# -- writing ----------------------------------------------------------------


@verb(m.Put)
def put(hub: Hub, who: Session, r: m.Put) -> Json:
    path = _write(who, r.path)
    if r.ephemeral or r.txid is not None:
        return _put_elsewhere(hub, who, path, r)
    return _commit_one(hub, who, Change(Op.PUT, path, r.value), r)


async def _put_elsewhere(hub: Hub, who: Session, path: Path, r: m.Put) -> Json:
    """Into a transaction, or with the session's lease."""
    lease = await hub.lease_of(who) if r.ephemeral else None
    if r.txid is not None:
        return await hub.transactions.put(r.txid, path, r.value, r.expect, lease)
    later = _commit_one(hub, who, Change(Op.PUT, path, r.value, lease), r)
    return later.shape(await later.outcome)


@verb(m.Merge)
def merge(hub: Hub, who: Session, r: m.Merge) -> Json:
    path = _write(who, r.path)
    if r.txid is not None:
        return hub.transactions.merge(r.txid, path, r.value, r.expect)
    return _commit_one(hub, who, Change(Op.MERGE, path, r.value), r)


@verb(m.Delete)
def delete(hub: Hub, who: Session, r: m.Delete) -> Json:
    path = _write(who, r.path)
    if r.txid is not None:
        return hub.transactions.delete(r.txid, path, r.expect)
    return _commit_one(hub, who, Change(Op.DELETE, path), r)


def _write(who: Session, text: str) -> Path:
    path = parse_path(text)
    who.access.require("write", path)
    return path


def _commit_one(hub: Hub, who: Session, change: Change, r: m.Put | m.Merge | m.Delete) -> Later:
    expect = None if r.expect is None else {change.path: r.expect}
    commit = hub.store.commit_later(
        (change,), expect=expect, author=who.name, message=r.message, request_id=r.request
    )
    return Later(commit, _receipt)


@verb(m.Apply)
def apply(hub: Hub, who: Session, r: m.Apply) -> Json:
    if r.base is not None or any(step.ephemeral for step in r.steps):
        return _apply_elsewhere(hub, who, r)
    return _apply(hub, who, r, {}, None)


async def _apply_elsewhere(hub: Hub, who: Session, r: m.Apply) -> Json:
    """With the session's lease, or after a look at the past."""
    lease = await hub.lease_of(who) if any(step.ephemeral for step in r.steps) else None
    paths = {_write(who, step.path) for step in r.steps}
    expect = {} if r.base is None else await _standing(hub, r.base, paths)
    later = _apply(hub, who, r, expect, lease)
    return later.shape(await later.outcome)


def _apply(hub: Hub, who: Session, r: m.Apply, expect: dict[Path, Rev], lease: str | None) -> Later:
    changes = [_change(who, step, lease) for step in r.steps]
    expect |= {parse_path(text): rev for text, rev in r.expect.items()}
    commit = hub.store.commit_later(
        changes, expect=expect, author=who.name, message=r.message, request_id=r.request
    )
    return Later(commit, _receipt)


def _change(who: Session, step: m.Step, lease: str | None) -> Change:
    if step.ephemeral and step.do != "put":
        raise BadRequest("only a put can be ephemeral")
    return Change(Op(step.do), _write(who, step.path), step.value, lease if step.ephemeral else None)


async def _standing(hub: Hub, base: Rev, paths: set[Path]) -> dict[Path, Rev]:
    """Return the revision that each path was changed last at, as of `base`."""
    view = await hub.store.view(base)
    entries = {path: view.get(path) for path in paths}
    return {path: entry.mod_rev if entry else ABSENT for path, entry in entries.items()}


@verb(m.Begin)
async def begin(hub: Hub, who: Session, r: m.Begin) -> Json:
    held = await hub.transactions.begin(who.name, r.message)
    who.txids.add(held.txid)
    return {"txid": held.txid, "base": held.txn.base}


@verb(m.Cand)
async def cand(hub: Hub, who: Session, r: m.Cand) -> Json:
    differences = hub.transactions.get(r.txid).txn.cand()
    return [_difference(one) for one in differences if who.access.allows("read", one.path)]


@verb(m.Commit)
async def commit(hub: Hub, who: Session, r: m.Commit) -> Json:
    who.txids.discard(r.txid)
    done = await hub.transactions.commit(r.txid, r.request)
    return _receipt(done) if done else None


@verb(m.Cancel)
async def cancel(hub: Hub, who: Session, r: m.Cancel) -> Json:
    hub.transactions.get(r.txid)
    who.txids.discard(r.txid)
    await hub.transactions.drop(r.txid)


@verb(m.Rollback)
async def rollback(hub: Hub, who: Session, r: m.Rollback) -> Json:
    path = parse_path(r.root)
    if len(path) > 1:
        raise BadRequest(f"a roll-back takes a root or the whole tree, and {r.root} is below one")
    if r.by_version and not path:
        raise BadRequest("versions are counted by root; the whole tree goes back to a revision")
    who.access.require("write", path)
    to = await revision_of(hub, path[0], r.to) if r.by_version else r.to
    root = path[0] if path else None
    return _receipt(await hub.store.rollback(root, to, expect=r.expect, author=who.name, message=r.message))


@verb(m.Clear)
async def clear(hub: Hub, who: Session, r: m.Clear) -> Json:
    who.access.require("write", ())
    return _receipt(await hub.store.delete((), author=who.name, message=r.message))


async def revision_of(hub: Hub, root: str, version: Rev) -> Rev:
    """Return the revision at which a root reached a version of its own."""
    return await asyncio.to_thread(hub.store.database.version_rev, root, version)


# -- keeping ----------------------------------------------------------------


@verb(m.Snapshot)
async def snapshot(hub: Hub, who: Session, r: m.Snapshot) -> Json:
    who.access.require("write", ())
    return await hub.store.snapshot()


@verb(m.Compact)
async def compact(hub: Hub, who: Session, r: m.Compact) -> Json:
    who.access.require("write", ())
    await hub.store.compact(r.before)


@verb(m.Export)
async def export(hub: Hub, who: Session, r: m.Export) -> Json:
    who.access.require("read", ())
    async with aclosing(hub.store.export(at=r.at, history=r.history)) as lines:  # type: ignore[type-var]
        return [line.decode() async for line in lines]


@verb(m.Import)
async def import_(hub: Hub, who: Session, r: m.Import) -> Json:
    who.access.require("write", ())

    async def lines() -> AsyncIterator[bytes]:
        for line in r.lines:
            yield line.encode()

    done = await hub.store.import_(lines(), mode=r.mode, expect=r.expect, author=who.name, dry_run=r.dry_run)
    return {**_receipt(done), "changes": len(done.changes)}


@verb(m.Verify)
async def verify(hub: Hub, who: Session, r: m.Verify) -> Json:
    who.access.require("read", ())
    return (await hub.store.verify()).hex()


# -- watching ---------------------------------------------------------------


@verb(m.Subscribe)
def subscribe(hub: Hub, who: Session, r: m.Subscribe) -> Json:
    sub = hub.subscribe(who, r.path, regex=r.regex, after=r.after)
    return {"sub": sub.number, "rev": sub.cursor}


@verb(m.Unsubscribe)
def unsubscribe(hub: Hub, who: Session, r: m.Unsubscribe) -> Json:
    return hub.unsubscribe(who, r.sub)


@verb(m.Listen)
def listen(hub: Hub, who: Session, r: m.Listen) -> Json:
    return {"sub": hub.listen(who, r.channel, regex=r.regex)}


@verb(m.Publish)
def publish(hub: Hub, who: Session, r: m.Publish) -> Json:
    return hub.channels.publish(who.name, r.channel, r.body)


@verb(m.Channels)
def channels(hub: Hub, who: Session, r: m.Channels) -> Json:
    return hub.channels.names()


@verb(m.Ids)
def ids(hub: Hub, who: Session, r: m.Ids) -> Json:
    now = hub.clock()
    return {name: session.describe(now) for name, session in sorted(hub.sessions.items())}


@verb(m.Subscribers)
def subscribers(hub: Hub, who: Session, r: m.Subscribers) -> Json:
    table = {
        name: sorted(
            [sub.interest.text for sub in session.subs.values()]
            + [one.channel for one in session.listenings.values()]
        )
        for name, session in sorted(hub.sessions.items())
    }
    return {name: wishes for name, wishes in table.items() if wishes}


# -- calls ------------------------------------------------------------------


@verb(m.Offer)
async def offer(hub: Hub, who: Session, r: m.Offer) -> Json:
    await hub.offer(who, _write(who, r.path), r.doc)


@verb(m.Withdraw)
async def withdraw(hub: Hub, who: Session, r: m.Withdraw) -> Json:
    await hub.withdraw(who, parse_path(r.path))


@verb(m.Call)
def call(hub: Hub, who: Session, r: m.Call) -> asyncio.Future[Json]:
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


@verb(m.Answer)
def answer(hub: Hub, who: Session, r: m.Answer) -> Json:
    hub.calls.answer(who, r.call, r.value)


@verb(m.Fail)
def fail(hub: Hub, who: Session, r: m.Fail) -> Json:
    hub.calls.fail(who, r.call, r.kind, r.message)


@verb(m.Progress)
def progress(hub: Hub, who: Session, r: m.Progress) -> Json:
    hub.calls.progress(who, r.call, r.value)


# -- the server -------------------------------------------------------------


@verb(m.Ping)
def ping(hub: Hub, who: Session, r: m.Ping) -> Json:
    """Answer with the revision up to which the session was told everything, if it was."""
    return hub.feed.head if all(sub.live for sub in who.subs.values()) else None


@verb(m.Bye)
async def bye(hub: Hub, who: Session, r: m.Bye) -> Json:
    await hub.end(who, "")


@verb(m.Info)
async def info(hub: Hub, who: Session, r: m.Info) -> Json:
    limits = hub.store.limits()
    return {
        "head": await hub.store.head(),
        "oldest": hub.store.database.oldest(),
        "sessions": len(hub.sessions),
        "functions": len(hub.calls.offered()),
        "durable": limits.durable,
        "commit_bytes": limits.commit_bytes,
    }


@verb(m.Plugins)
def plugins(hub: Hub, who: Session, r: m.Plugins) -> Json:
    return hub.plugins.describe() if hub.plugins else {}


@verb(m.Reload)
async def reload(hub: Hub, who: Session, r: m.Reload) -> Json:
    who.access.require("write", ())
    if hub.plugins:
        await hub.plugins.reload()
