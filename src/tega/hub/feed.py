"""Subscriptions: every commit in order, to each subscriber at its own pace.

The feed follows the store's log once. A subscriber that keeps up gets each
commit as it comes. One that does not is left behind at the revision it has
seen; nothing is queued for it. When it has taken what it was sent, it is
told how far behind it is and gets the rest from the history, and then the
live commits again. So memory is bounded and a writer never waits.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tega.api import MISSING
from tega.errors import Compacted, SlowConsumer
from tega.hub.interest import Index, Interest, Told, needs_before, told
from tega.hub.overlay import overlay
from tega.paths import format_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tega.api import Commit, Json, Rev
    from tega.hub.session import Session
    from tega.hub.store import HubStore

BATCH: Final = 32
WATCH_QUEUE: Final = 4096
Part = tuple["Commit", list[Told]]


@dataclass(slots=True, eq=False)
class Subscription:
    """One interest of one session, and how far it has been told."""

    number: int
    session: Session
    interest: Interest
    cursor: Rev
    live: bool = False
    task: asyncio.Task[None] | None = None


class Feed:
    """Follows the store and tells the subscribers."""

    def __init__(self, store: HubStore) -> None:
        self._store = store
        self._subs: dict[int, Subscription] = {}
        self._index = Index()
        self.head: Rev = 0
        """Every commit up to here has been told to the live subscribers."""

    async def follow(self, started: Callable[[], None]) -> None:
        """Watch the store for ever; run it once, as a task."""
        self.head = await self._store.head()
        started()
        while True:
            try:
                await self._follow()
            except SlowConsumer:
                continue
            except Compacted:
                await self._skip()
                continue
            return

    async def _follow(self) -> None:
        async with aclosing(self._store.watch("**", after=self.head, queue=WATCH_QUEUE)) as items:  # type: ignore[type-var]
            async for item in items:
                if not isinstance(item, int):
                    await self._dispatch(item)

    async def _skip(self) -> None:
        """Another process compacted what was not told yet: everybody is led through the history."""
        for sub in self._subs.values():
            if sub.live:
                sub.live, sub.cursor = False, max(self.head, sub.cursor)
        self.head = await self._store.head()
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
        """The session has taken what it was sent: tell it the rest."""
        for sub in subs:
            if not sub.live and sub.task is None:
                self._start(sub, behind=True)

    # -- live ----------------------------------------------------------------

    async def _dispatch(self, commit: Commit) -> None:
        parts: dict[int, list[Told]] = {}
        for place, change in enumerate(commit.changes):
            numbers = self._index.candidates(change.path)
            interests = [(number, self._subs[number].interest) for number in numbers]
            before = await self._before(commit, place, (interest for _, interest in interests))
            for number, interest in interests:
                parts.setdefault(number, []).extend(told(interest, change, before))
        self.head = commit.rev
        for number, changes in parts.items():
            sub = self._subs.get(number)
            if sub is not None and sub.live and sub.cursor < commit.rev:
                self._tell_live(sub, commit, changes)

    def _tell_live(self, sub: Subscription, commit: Commit, changes: list[Told]) -> None:
        outbox = sub.session.outbox
        changes = _readable(sub, changes)
        if not changes:
            return
        if outbox is None or outbox.full:
            sub.live, sub.cursor = False, commit.rev - 1
        else:
            outbox.send(_push(sub, [(commit, changes)]))

    # -- from the history ----------------------------------------------------

    def _start(self, sub: Subscription, *, behind: bool) -> None:
        if behind and sub.session.outbox is not None:
            sub.session.outbox.send(
                {"push": "behind", "sub": sub.number, "after": sub.cursor, "head": self.head}
            )
        sub.task = asyncio.create_task(self._catch_up(sub))

    async def _catch_up(self, sub: Subscription) -> None:
        try:
            while not sub.live and self._ready(sub):
                await self._replay(sub)
        finally:
            sub.task = None

    def _ready(self, sub: Subscription) -> bool:
        return sub.session.outbox is not None and not sub.session.outbox.full

    async def _replay(self, sub: Subscription) -> None:
        """Tell the kept commits after the cursor until none is left or the client is full."""
        target = self.head
        try:
            whole = await self._replay_history(sub)
        except Compacted as gone:
            self._tell_missed(sub, gone.oldest)
            return
        if whole:
            sub.cursor = max(sub.cursor, target)
            sub.live = sub.cursor >= self.head

    async def _replay_history(self, sub: Subscription) -> bool:
        batch: list[Part] = []
        async with aclosing(self._store.history(after=sub.cursor)) as commits:  # type: ignore[type-var]
            async for commit in commits:
                changes = await self._changes(sub, commit)
                if changes:
                    batch.append((commit, changes))
                if len(batch) == BATCH:
                    batch = self._flush(sub, batch)
                if not batch:
                    sub.cursor = commit.rev
                if not self._ready(sub):
                    return False
        if batch:
            sub.cursor = batch[-1][0].rev
            self._flush(sub, batch)
        return self._ready(sub)

    def _flush(self, sub: Subscription, batch: list[Part]) -> list[Part]:
        if batch and sub.session.outbox is not None:
            sub.session.outbox.send(_push(sub, batch))
        return []

    def _tell_missed(self, sub: Subscription, oldest: Rev) -> None:
        if sub.session.outbox is not None:
            sub.session.outbox.send(
                {
                    "push": "missed",
                    "sub": sub.number,
                    "after": sub.cursor,
                    "oldest": oldest,
                    "head": self.head,
                }
            )
        sub.cursor = max(oldest, sub.cursor)

    async def _changes(self, sub: Subscription, commit: Commit) -> list[Told]:
        changes: list[Told] = []
        for place, change in enumerate(commit.changes):
            before = await self._before(commit, place, [sub.interest])
            changes += told(sub.interest, change, before)
        return _readable(sub, changes)

    async def _before(self, commit: Commit, place: int, interests: Iterable[Interest]) -> Json:
        """The value just before a change, where a pattern has to know what went with it."""
        change = commit.changes[place]
        if not any(needs_before(interest, change) for interest in interests):
            return None
        try:
            entry = await self._store.get(change.path, at=commit.rev - 1)
        except Compacted:
            return None
        value = entry.value if entry else MISSING
        if place:
            value = overlay(change.path, value, commit.changes[:place])
        return None if value is MISSING else value


def _readable(sub: Subscription, changes: list[Told]) -> list[Told]:
    """Leave out what the session's token does not let it read."""
    access = sub.session.access
    if access.everywhere("read"):
        return changes
    return [change for change in changes if access.allows("read", change.path)]


def _push(sub: Subscription, parts: list[Part]) -> dict[str, Any]:
    return {"push": "commits", "sub": sub.number, "commits": [_commit(*part) for part in parts]}


def _commit(commit: Commit, changes: list[Told]) -> dict[str, Any]:
    return {
        "rev": commit.rev,
        "time": commit.time,
        "author": commit.author,
        "message": commit.message,
        "changes": [
            {"op": change.op.value, "path": format_path(change.path), "value": change.value}
            for change in changes
        ],
    }
