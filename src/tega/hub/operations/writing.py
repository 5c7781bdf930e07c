"""Operations that write: one change, many, transactions that the server holds, roll-back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tega.api import Change, Op
from tega.hub.changefeed import MANY
from tega.hub.interest import is_heavy
from tega.hub.operations.base import Later, receipt, revision_of, writable, write_answer
from tega.hub.reading import Answer, write_list
from tega.log.state import mod_at
from tega.paths import parse_path
from tega.protocol import requests
from tega.protocol.answers import difference_to_wire
from tega.protocol.errors import BadRequest, Denied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tega.api import Commit, Json, Path, Rev
    from tega.hub.hub import Hub
    from tega.hub.session import Session


def put(hub: Hub, who: Session, r: requests.Put) -> Json:
    path = writable(who, r.path, r.expect)
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


def merge(hub: Hub, who: Session, r: requests.Merge) -> Json:
    change = Change(Op.MERGE, writable(who, r.path, r.expect), r.value)
    if r.txid is not None:
        return hub.transactions.add(who.access, r.txid, change, r.expect)
    return _commit_one(hub, who, change, r)


def delete(hub: Hub, who: Session, r: requests.Delete) -> Json:
    change = Change(Op.DELETE, writable(who, r.path, r.expect))
    if r.txid is not None:
        return hub.transactions.add(who.access, r.txid, change, r.expect)
    return _commit_one(hub, who, change, r)


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
    shape = partial(receipt, who.access)
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
    changes = [_change(writable(who, step.path), step, lease) for step in r.steps]
    for change in changes if r.base is not None else ():
        who.access.require("read", change.path)
    return changes


def _change(path: Path, step: requests.Step, lease: str | None) -> Change:
    if step.ephemeral and step.do != "put":
        raise BadRequest("only a put can be ephemeral")
    return Change(Op(step.do), path, step.value, lease if step.ephemeral else None)


async def begin(hub: Hub, who: Session, r: requests.Begin) -> Json:
    if not who.access.write:
        raise Denied("this token does not allow to write anything")
    held = hub.transactions.begin(who.access, who.name, r.message)
    who.txids.add(held.txid)
    return {"txid": held.txid, "base": held.txn.base}


async def cand(hub: Hub, who: Session, r: requests.Cand) -> Json:
    found = await hub.transactions.cand(who.access, r.txid)
    into = Answer()
    steps = write_list(
        into, found, lambda one: difference_to_wire(one) if who.access.allows("read", one.path) else None
    )
    return await write_answer(hub, into, steps)


async def commit(hub: Hub, who: Session, r: requests.Commit) -> Json:
    who.txids.discard(r.txid)
    done = await hub.transactions.commit(who.access, r.txid, _request_id(who, r.request))
    return receipt(who.access, done) if done else None


async def cancel(hub: Hub, who: Session, r: requests.Cancel) -> Json:
    hub.transactions.get(who.access, r.txid)
    who.txids.discard(r.txid)
    hub.transactions.drop(r.txid)


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
    return receipt(who.access, done)


async def clear(hub: Hub, who: Session, r: requests.Clear) -> Json:
    who.access.require("write", ())
    return receipt(who.access, await hub.store.delete((), author=who.name, message=r.message))
