"""Subscriptions: every commit in order, to each subscriber at its own pace.

The changefeed follows the store's log once. A subscriber that keeps up gets each
commit as it comes. One that does not take what it is sent, or whose part of
a commit takes long to find, is left at the revision it has seen, and goes
on from there by itself: through the history, on another thread, and then
with the live commits again. So the log is its queue, memory is bounded, and
neither a writer nor another subscriber ever waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tega.errors import Compacted, StoreError
from tega.hub.interest import (
    Index,
    Interest,
    VisibleChange,
    costly,
    may_read_all,
    needs_tree,
    notified,
)
from tega.hub.lane import Lane
from tega.protocol.answers import change_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tega.api import Commit, Rev
    from tega.hub.access import Access
    from tega.hub.session import Session
    from tega.hub.store import HubStore
    from tega.protocol import pushes
    from tega.tree.nodes import Node

BATCH: Final = 32
BATCH_BYTES: Final = 1 << 20
"""Most commits of the history in one message, and its bytes after which no more are added."""
PATTERNS_S: Final = 0.002
"""Time after which subscribers by expression are notified of a commit by themselves."""
RETRY_S: Final = 1.0
"""Pause after the store could not be read."""
MANY: Final = 500
"""Changes of a commit that are looked through on the event loop."""
logger = logging.getLogger("tega.hub")
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True, eq=False)
class Subscription:
    """One interest of one session, and how far it has been notified."""

    number: int
    session: Session
    interest: Interest
    cursor: Rev
    live: bool = False
    task: asyncio.Task[None] | None = None


class Changefeed:
    """Follows the store and notifies the subscribers."""

    def __init__(self, store: HubStore) -> None:
        self._store = store
        self._subs: dict[int, Subscription] = {}
        self._index = Index()
        self.lane = Lane()
        """Of its own, so that what subscribers cost does not delay requests."""
        self.head: Rev = 0
        """Every commit up to here has gone to the live subscribers."""

    def start(self) -> None:
        """Follow the store from now on."""
        self.head = self._store.follow(self._take)

    def stop(self) -> None:
        self.lane.close()

    def _take(self, commit: Commit | None) -> None:
        if commit is None:
            self._skip()
        elif commit.rev > self.head:
            self._dispatch(commit)

    def _skip(self) -> None:
        """What was not sent yet is compacted: everybody is led through the history."""
        for sub in self._subs.values():
            if sub.live:
                sub.live, sub.cursor = False, max(self.head, sub.cursor)
        self.head = self._store.seen
        self.drained(list(self._subs.values()))

    # -- subscribers ---------------------------------------------------------

    def add(self, sub: Subscription) -> None:
        self._subs[sub.number] = sub
        self._index.add(sub.number, sub.interest)
        if sub.cursor >= self.head:
            sub.live = True
        else:
            self._start(sub, behind=False)

    def remove(self, sub: Subscription) -> None:
        self._subs.pop(sub.number, None)
        self._index.remove(sub.number, sub.interest)
        sub.live = False
        if sub.task is not None:
            sub.task.cancel()

    def drained(self, subs: Iterable[Subscription]) -> None:
        """The session has taken what it was sent: send it the rest."""
        for sub in subs:
            if not sub.live and sub.task is None:
                self._start(sub, behind=True)

    # -- live ----------------------------------------------------------------

    def _dispatch(self, commit: Commit) -> None:
        """Notify the live subscribers."""
        before, self.head = self.head, commit.rev
        if not self._subs:
            return
        many = len(commit.changes) > MANY
        tree: Node | None = None
        known = False
        late = perf_counter() + PATTERNS_S
        for number in sorted(self._concerned(commit, many)):
            sub = self._subs[number]
            if not sub.live or sub.cursor >= commit.rev:
                continue
            if not known and (many or _needs_tree(sub, commit)):
                tree, known = self._store.database.recent_tree(before), True
            aside = many or (sub.interest.pattern is not None and perf_counter() > late)
            self._send(sub, commit, tree, aside)

    def _concerned(self, commit: Commit, many: bool) -> set[int]:
        if many:
            return self._index.concerned({change.path[:1] for change in commit.changes})
        found: set[int] = set()
        for change in commit.changes:
            found |= self._index.candidates(change.path)
        return found

    def _send(self, sub: Subscription, commit: Commit, tree: Node | None, aside: bool) -> None:
        access, outbox = sub.session.access, sub.session.outbox
        if outbox is None or outbox.full:
            sub.live, sub.cursor = False, commit.rev - 1
        elif aside or costly(sub.interest, access, commit, tree):
            sub.live, sub.cursor = False, commit.rev - 1
            at_hand = tree is not None or not (len(commit.changes) > MANY or _needs_tree(sub, commit))
            self._start(sub, behind=False, first=(commit, tree) if at_hand else None)
        elif changes := notified(sub.interest, access, commit, tree):
            outbox.send(_push(sub, [_commit(access, commit, changes)], commit.rev))

    # -- from the history ----------------------------------------------------

    def _start(
        self, sub: Subscription, *, behind: bool, first: tuple[Commit, Node | None] | None = None
    ) -> None:
        """Have a subscriber go on by itself: first with a commit that is at hand, then from the log."""
        if behind and sub.session.outbox is not None:
            notice: pushes.Behind = {
                "push": "behind",
                "sub": sub.number,
                "after": sub.cursor,
                "head": self.head,
            }
            sub.session.outbox.send(notice)
        sub.task = asyncio.create_task(self._catch_up(sub, first))

    async def _catch_up(self, sub: Subscription, first: tuple[Commit, Node | None] | None) -> None:
        try:
            if first is not None:
                commit, tree = first
                part = await self.lane.call(lambda: _encoded(sub, commit, tree))
                self._flush(sub, [] if part is None else [part], commit.rev)
                sub.live = sub.cursor >= self.head
            while not sub.live and self._ready(sub):
                try:
                    await self._replay(sub)
                except StoreError as error:
                    logger.warning("changefeed.not_read sub=%d reason=%s", sub.number, error)
                    await asyncio.sleep(RETRY_S)
        finally:
            sub.task = None

    def _ready(self, sub: Subscription) -> bool:
        return sub.session.outbox is not None and not sub.session.outbox.full

    async def _replay(self, sub: Subscription) -> None:
        """Send the kept commits after the cursor until none is left or the client is full."""
        target = self.head
        try:
            whole = await self._replay_history(sub)
        except Compacted as gone:
            self._send_missed(sub, gone.oldest)
            return
        if whole:
            sub.cursor = max(sub.cursor, target)
            sub.live = sub.cursor >= self.head

    async def _replay_history(self, sub: Subscription) -> bool:
        batch: list[msgspec.Raw] = []
        size, last = 0, sub.cursor
        async with aclosing(self._store.history(after=sub.cursor)) as commits:  # type: ignore[type-var]
            async for commit in commits:
                part = await self._part(sub, commit)
                last = commit.rev
                if part is not None:
                    batch.append(part)
                    size += len(memoryview(part))
                if len(batch) == BATCH or size > BATCH_BYTES:
                    self._flush(sub, batch, last)
                    batch, size = [], 0
                if not batch:
                    sub.cursor = last
                if not self._ready(sub):
                    return False
        self._flush(sub, batch, last)
        return self._ready(sub)

    def _flush(self, sub: Subscription, batch: list[msgspec.Raw], last: Rev) -> None:
        sub.cursor = last
        if batch and sub.session.outbox is not None:
            sub.session.outbox.send(_push(sub, batch, last))

    def _send_missed(self, sub: Subscription, oldest: Rev) -> None:
        if sub.session.outbox is not None:
            missed: pushes.Missed = {
                "push": "missed",
                "sub": sub.number,
                "after": sub.cursor,
                "oldest": oldest,
                "head": self.head,
            }
            sub.session.outbox.send(missed)
        sub.cursor = max(oldest, sub.cursor)

    async def _part(self, sub: Subscription, commit: Commit) -> msgspec.Raw | None:
        """A subscriber's part of a commit of the past as JSON; what takes long is found on another thread."""
        if len(commit.changes) > MANY or costly(sub.interest, sub.session.access, commit, None):
            return await self.lane.call(lambda: _encoded(sub, commit, self._before(commit)))
        return _encoded(sub, commit, None)

    def _before(self, commit: Commit) -> Node | None:
        try:
            return self._store.database.view(commit.rev - 1).tree
        except Compacted:
            return None


def _needs_tree(sub: Subscription, commit: Commit) -> bool:
    return any(needs_tree(sub.interest, sub.session.access, change) for change in commit.changes)


def _push(sub: Subscription, commits: Sequence[Any], rev: Rev) -> pushes.Commits:
    return {"push": "commits", "sub": sub.number, "rev": rev, "commits": commits}


def _encoded(sub: Subscription, commit: Commit, tree: Node | None) -> msgspec.Raw | None:
    access = sub.session.access
    changes = notified(sub.interest, access, commit, tree)
    return msgspec.Raw(_encode(_commit(access, commit, changes))) if changes else None


def _commit(access: Access, commit: Commit, changes: list[VisibleChange]) -> dict[str, Any]:
    return {
        "rev": commit.rev,
        "time": commit.time,
        "author": commit.author,
        "message": commit.message if may_read_all(access, commit) else "",
        "changes": [change_to_wire(change.op, change.path, change.value) for change in changes],
    }
