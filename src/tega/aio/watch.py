"""Watching an asynchronous store: every commit, of whatever process, in order, to who waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from tega.aio.writer import AsyncWriter
from tega.api import Commit
from tega.database.database import Database
from tega.errors import Compacted, FutureRevision, SlowConsumer, StoreClosed, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tega.api import Rev
    from tega.tree.pattern import PathPattern

logger = logging.getLogger("tega.store")

CHUNK = 256
"""Commits that are looked through at a time for who watches from the past on."""
IDLE_S = 1.0
"""Seconds between bookmarks, and between looks for leases and commits that nobody announced."""


class Watcher:
    """What waits for one watch: commits of interest, and how far the log was looked through."""

    def __init__(self, pattern: PathPattern, position: Rev, limit: int) -> None:
        self.pattern = pattern
        self.position = position
        self.queue: deque[Commit] = deque()
        self.limit = limit
        self.error: StoreError | None = None
        self.wake = asyncio.Event()

    def offer(self, commit: Commit, wanted: bool, last: Rev) -> None:
        self.position = commit.rev
        if not wanted or self.error is not None:
            return
        if len(self.queue) >= self.limit:
            self.fail(SlowConsumer(last))
            return
        self.queue.append(commit)
        self.wake.set()

    def fail(self, error: StoreError) -> None:
        self.error = self.error or error
        self.queue.clear()
        self.wake.set()


class AsyncWatch(AsyncWriter):
    """A store that is watched.

    Args:
        database: What it stands on.
    """

    def __init__(self, database: Database) -> None:
        self._fresh: deque[Sequence[Commit]] = deque()
        self._seen = database.refresh()
        self._dispatching = False
        self._watchers: set[Watcher] = set()
        super().__init__(database)
        self._end_subscription = database.subscribe(self._published)
        self._wake_fd = database.wake_fd()
        if self._wake_fd >= 0:
            self._loop.add_reader(self._wake_fd, self._woken)

    def _stop_listening(self) -> None:
        if self._wake_fd >= 0:
            self._loop.remove_reader(self._wake_fd)

    def _end_watches(self) -> None:
        self._end_subscription()
        for watcher in self._watchers:
            watcher.fail(StoreClosed("the store was closed"))

    def _published(self, commits: Sequence[Commit]) -> None:
        """From whatever thread has them; the loop passes them on."""
        self._fresh.append(commits)
        self._to_loop(self._dispatch)

    def _dispatch(self) -> None:
        if self._dispatching:  # whoever does it already sees the new ones, too, and in order
            return
        self._dispatching = True
        try:
            while self._fresh:
                commits = self._fresh.popleft()
                if not commits or commits[0].rev > self._seen + 1:
                    self._lost_history()
                for commit in commits:
                    self._pass_on(commit)
        finally:
            self._dispatching = False

    def _pass_on(self, commit: Commit) -> None:
        self._seen = commit.rev
        for watcher in self._watchers:
            if commit.rev > watcher.position:
                try:
                    wanted = self.database.touches(watcher.pattern, commit)
                except StoreError as error:  # what stood there before cannot be read
                    watcher.fail(error)
                    continue
                watcher.offer(commit, wanted, watcher.position)

    def _lost_history(self) -> None:
        """Another process compacted what this one had not read yet."""
        oldest = self.database.oldest()
        self._seen = self.database.refresh()
        for watcher in self._watchers:
            watcher.fail(Compacted(oldest))

    def _woken(self) -> None:
        self.database.drain_wake()
        self.database.refresh()

    async def _tick(self) -> None:
        """Bookmarks where nothing changed, and commits whose author died before announcing them."""
        while True:
            await asyncio.sleep(IDLE_S)
            try:
                self.database.refresh()
            except StoreError as error:
                logger.warning("store.not_refreshed reason=%s", error)
            for watcher in self._watchers:
                watcher.wake.set()

    async def watch(
        self, pattern: str = "**", *, after: Rev, regex: bool = False, queue: int = 1024
    ) -> AsyncIterator[Commit | Rev]:
        """Yield every commit after a revision that touches the pattern, whole, in order, each once.

        A bare revision is a bookmark: the watch has looked through the
        log up to there. One comes when the past has been yielded, later
        ones at most once a second while nothing of interest happens.

        Args:
            pattern: Path, glob or, with `regex`, regular expression, see
                `tega.tree.pattern`; it means what is above and below it, too.
            after: Revision that is known already.
            regex: Read it as a regular expression.
            queue: Commits that may wait for this watcher.

        Raises:
            Compacted: The history after `after` is no longer whole.
            SlowConsumer: More than `queue` commits wait; nothing is lost
                when one watches again from its `last`.
            FutureRevision: `after` does not exist yet.
        """
        from tega.tree.pattern import path_pattern

        matcher = path_pattern(pattern, regex=regex)
        head = self.database.refresh()
        if after > head:
            raise FutureRevision(after, head)
        if after < self.database.oldest():
            raise Compacted(self.database.oldest())
        position = after
        while position < self._seen:
            for commit in await asyncio.to_thread(self._read_past, matcher, position):
                if commit.rev > 0:
                    yield commit
                position = abs(commit.rev)
        watcher = Watcher(matcher, position, queue)
        self._watchers.add(watcher)
        try:
            yield position
            async for item in self._follow(watcher, position):
                yield item
        finally:
            self._watchers.discard(watcher)

    def _read_past(self, pattern: PathPattern, after: Rev) -> list[Commit]:
        """The next commits of interest; one with a negative revision marks how far was looked."""
        until = min(after + CHUNK, self._seen)
        found = list(self.database.history(after=after, until=until))
        wanted = [commit for commit in found if self.database.touches(pattern, commit)]
        if found and (not wanted or wanted[-1].rev != found[-1].rev):
            wanted.append(found[-1]._replace(rev=-found[-1].rev))
        return wanted

    async def _follow(self, watcher: Watcher, reached: Rev) -> AsyncIterator[Commit | Rev]:
        while True:
            await watcher.wake.wait()
            watcher.wake.clear()
            while watcher.queue:
                commit = watcher.queue.popleft()
                reached = commit.rev
                yield commit
            if isinstance(watcher.error, SlowConsumer):
                raise SlowConsumer(reached)
            if watcher.error is not None:
                raise watcher.error
            if watcher.position > reached and not watcher.queue:
                reached = watcher.position
                yield reached
