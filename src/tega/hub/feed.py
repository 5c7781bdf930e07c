"""Subscriptions: every commit in order, to each subscriber at its own pace.

The feed follows the store's log once. A subscriber that keeps up gets each
commit as it comes. One that does not is left behind at the revision it has
seen; nothing is queued for it. When it has taken what it was sent, it is
told how far behind it is and gets the rest from the history, and then the
live commits again. So memory is bounded and a writer never waits.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tega.api import MISSING
from tega.errors import Compacted, StoreError
from tega.hub.interest import Index, Interest, Told, needs_before, told
from tega.hub.overlay import overlay
from tega.paths import format_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tega.api import Commit, Json, Rev
    from tega.hub.session import Session
    from tega.hub.store import HubStore

BATCH: Final = 32
BATCH_OCTETS: Final = 1 << 20
"""Most commits of the history in one message, and its octets after which no more are added."""
RETRY_S: Final = 1.0
"""Pause after the store could not be read."""
LATE: Final = 4096
"""Commits that may wait for a look at the past."""
Part = tuple["Commit", list[Told]]
logger = logging.getLogger("tega.hub")
_encode = msgspec.json.Encoder().encode


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
        self._late: list[Commit | None] = []
        self._wake = asyncio.Event()
        self.head: Rev = 0
        """Every commit up to here has been told to the live subscribers."""

    async def follow(self, started: Callable[[], None]) -> None:
        """Follow the store for ever; run it once, as a task."""
        self.head = self._store.follow(self._take)
        started()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._late:
                try:
                    await self._work_off(self._late[0])
                except StoreError as error:  # nobody is told anything until it can be read
                    logger.warning("feed.not_read reason=%s", error)
                    await asyncio.sleep(RETRY_S)
                else:
                    del self._late[0]

    def _take(self, commit: Commit | None) -> None:
        """Tell a commit at once, unless it or one before it needs a look at the past."""
        if not self._late and commit is not None and not self._needs_past(commit):
            self._dispatch(commit, ())
            return
        if len(self._late) >= LATE:  # led through the history, everybody can wait
            del self._late[1:]
            commit = None
        self._late.append(commit)
        self._wake.set()

    def _needs_past(self, commit: Commit) -> bool:
        return any(
            needs_before(self._subs[number].interest, change)
            for number in self._index.patterns
            for change in commit.changes
        )

    async def _work_off(self, commit: Commit | None) -> None:
        if commit is None:
            await self._skip()
            return
        asked: set[int] | None = None
        befores: list[Json] = []
        while asked != self._index.patterns:  # somebody may subscribe meanwhile
            asked = set(self._index.patterns)
            interests = [self._subs[number].interest for number in asked]
            befores = [await self._before(commit, place, interests) for place in range(len(commit.changes))]
        self._dispatch(commit, befores)

    async def _skip(self) -> None:
        """What was not told yet is compacted or too much: everybody is led through the history."""
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

    def _dispatch(self, commit: Commit, befores: Sequence[Json]) -> None:
        """Tell the live subscribers; `befores` is what stood at each change's path, where that matters."""
        if commit.rev <= self.head:
            return
        parts: dict[int, list[Told]] = {}
        for place, change in enumerate(commit.changes if self._subs else ()):
            before = befores[place] if befores else None
            for number in self._index.candidates(change.path):
                parts.setdefault(number, []).extend(told(self._subs[number].interest, change, before))
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
                try:
                    await self._replay(sub)
                except StoreError as error:
                    logger.warning("feed.not_read sub=%d reason=%s", sub.number, error)
                    await asyncio.sleep(RETRY_S)
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
        size = 0
        async with aclosing(self._store.history(after=sub.cursor)) as commits:  # type: ignore[type-var]
            async for commit in commits:
                changes = await self._changes(sub, commit)
                if changes:
                    batch.append((commit, changes))
                    size += len(_encode(_commit(commit, changes)))
                if len(batch) == BATCH or size > BATCH_OCTETS:
                    batch, size = self._flush(sub, batch), 0
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
