"""The heart of the embedded store: the present state, the past, and reads of both.

Reads come from an immutable state in memory and take no lock. Commits of
other processes are noticed by the log's hint, before every read.
"""

from __future__ import annotations

import os
import time
from collections import deque

from tega.api import Commit, Entry
from tega.database.commit_lock import CommitLock
from tega.database.group import Request
from tega.errors import (
    Compacted,
    DamagedStore,
    FutureRevision,
    NoVersion,
    StoreClosed,
    StoreError,
)
from tega.log.codec import canonical, digest
from tega.log.records import Records, state_name, state_rev
from tega.log.state import State, View, advance, empty_state, loaded_state
from tega.log.stored import decode_state
from tega.tree.nodes import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, Self, TypeVar

    _T = TypeVar("_T")

    from tega.api import Limits, PathLike, Rev
    from tega.log.base import Log
    from tega.tree.nodes import Node

RECENT = 64
"""States kept in memory, so that reads of the recent past cost nothing."""


class Core:
    """A store over a log; closing the database closes the log.

    Args:
        log: The engine.
        clock: Seconds since 1970, for the time stamps of commits.
    """

    def __init__(self, log: Log, *, clock: Callable[[], float] = time.time) -> None:
        self.records = Records(log)
        self._clock = clock
        self._limits = log.limits()
        self._queue: deque[Request] = deque()
        self._lock = CommitLock(self._queue)
        self._recent: deque[State] = deque(maxlen=RECENT)
        self._past: State | None = None
        self._listeners: list[Callable[[Sequence[Commit]], None]] = []
        self._writer = os.urandom(4).hex()
        self._counter = 0
        self._closed = False
        self._tail = 0
        self._state_size = 0
        self.snapshot_error: StoreError | None = None
        self.defer_states = False
        """Leave states that are due to `write_due_state`, for owners whose commits must not wait for one."""
        try:
            self._load()
        except BaseException:
            log.close()
            raise

    @property
    def log(self) -> Log:
        """The engine."""
        return self.records.log

    @property
    def directory(self) -> str:
        """Where the store lives; empty for one in memory."""
        return self.log.directory

    def limits(self) -> Limits:
        """Return what one commit may hold, and what it survives."""
        return self._limits

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; a second time does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self.log.close()

    # ------------------------------------------------------------ loading

    def _load(self) -> None:
        """Start from the newest state that was written and follow the log from there."""
        self._state, self._versions = self._again(self._newest_written)
        self._recent.clear()
        self._recent.append(self._state)
        self._follow()

    def _newest_written(self, oldest: Rev) -> tuple[State, dict[str, Rev]]:
        revs = self._state_revs()
        state, versions = self._read_state(revs[-1]) if revs else (empty_state(), {})
        if oldest > state.rev:
            raise self.records.damaged(f"the log begins at revision {oldest + 1} and no state leads there")
        return state, versions

    def _again(self, read: Callable[[Rev], _T]) -> _T:
        """Read with the oldest revision known; anew if another process compacts at the same time."""
        while True:
            oldest = self.oldest()
            try:
                return read(oldest)
            except (Compacted, DamagedStore):
                if self.oldest() == oldest:
                    raise

    def _state_revs(self) -> list[Rev]:
        """The revisions of which a state was written, in order."""
        return [rev for name in self.log.blobs() if (rev := state_rev(name)) is not None]

    def _read_state(self, wanted: Rev) -> tuple[State, dict[str, Rev]]:
        name = state_name(wanted)
        data = self.log.get_blob(name)
        if data is None:
            raise self.records.damaged(f"{name} is gone")
        try:
            stored = decode_state(data, name)
        except DamagedStore as error:
            raise self.records.damaged(error.found) from None
        if stored.rev != wanted:
            raise self.records.damaged(f"as {name} stands the state of revision {stored.rev}")
        if self.records.hash_of(wanted) not in (None, stored.hash):
            raise self.records.damaged(f"{name} is not the state of the revision {wanted} that is in the log")
        self._state_size = len(data)
        return loaded_state(stored), stored.versions

    def _advance(self, state: State, commit: Commit) -> State:
        try:
            return advance(state, commit)
        except DamagedStore as error:
            raise self.records.damaged(error.found) from None

    def _follow(self) -> None:
        """Take in what others have committed; the write lock is held, or nobody else is here yet."""
        commits: list[Commit] = []
        state = self._state
        read_before = self.records.bytes_read
        for commit, _ in self.records.plain(state.rev):
            if commit.rev > state.rev + 1 and self.log.horizon() > state.rev:
                self._load()
                self._publish(self._state, ())
                return
            state = self._advance(state, commit)
            self._recent.append(state)
            self._versions.update(commit.roots)
            commits.append(commit)
        if commits:
            self._tail += self.records.bytes_read - read_before
            self._publish(state, commits)

    def _publish(self, state: State, commits: Sequence[Commit]) -> None:
        self._state = state
        for listener in self._listeners:
            listener(commits)

    def refresh(self) -> Rev:
        """Take in what other processes have committed and return the newest revision."""
        if self.log.hint() > self._state.rev:
            with self._lock:
                self._check_open()
                if self.log.hint() > self._state.rev:
                    self._follow()
        return self._state.rev

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"{self.directory or 'the store'}: was closed")

    # -------------------------------------------------------------- reads

    def head(self) -> Rev:
        """Return the newest revision; covers every commit acknowledged before the call."""
        return self.refresh()

    def oldest(self) -> Rev:
        """Return the oldest revision that can be read, compared and watched from."""
        return self.log.horizon()

    def view(self, at: Rev | None = None) -> View:
        """Return the tree at a revision, the newest by default: reads that fit together.

        Raises:
            Compacted: The revision is no longer kept.
            FutureRevision: It does not exist yet.
        """
        self.refresh()
        state = self._state if at is None else self._state_at(at)
        return View(state.rev, state.root)

    def get(self, path: PathLike = (), *, at: Rev | None = None) -> Entry | None:
        """Return the subtree at the path, or None where nothing is.

        Raises:
            Compacted: Revision `at` is no longer kept.
            FutureRevision: It does not exist yet.
        """
        return self.view(at).get(path)

    def select(
        self, pattern: str, *, regex: bool = False, at: Rev | None = None
    ) -> list[tuple[Entry, tuple[Any, ...]]]:
        """Return what a glob or regular expression matches, see `View.select`."""
        return self.view(at).select(pattern, regex=regex)

    def versions(self) -> dict[str, Rev]:
        """Return the version that each root ever written has reached; removed roots keep counting."""
        self.refresh()
        return dict(self._versions)

    def version_rev(self, root: str, version: Rev) -> Rev:
        """Return the revision at which a root reached a version of its own.

        Args:
            root: Its name.
            version: 1 is the first; a negative one counts back from the newest, -1 is the one before it.

        Raises:
            Compacted: That is no longer known.
            NoVersion: The root has no such version.
        """
        self.refresh()
        newest = self._versions.get(root, 0)
        wanted = version if version >= 0 else newest + version
        if not 1 <= wanted <= newest:
            raise NoVersion(root, version, newest)
        return self.records.version_rev(root, wanted)

    def state_hash(self, at: Rev | None = None) -> bytes:
        """Return SHA-256 of the canonical JSON of the whole tree."""
        state = self._state_at(at) if at is not None else self._state
        return digest(canonical(to_json(state.root)))

    def recent_tree(self, rev: Rev) -> Node | None:
        """Return the tree at a revision if it is still at hand; reads nothing from the log."""
        for state in reversed(tuple(self._recent)):  # a copy, as others commit meanwhile
            if state.rev == rev:
                return state.root
        return None

    def _state_at(self, rev: Rev) -> State:
        head = self.refresh()
        if rev == self._state.rev:
            return self._state
        if rev > head or rev < 0:
            raise FutureRevision(rev, head)
        return self._again(lambda oldest: self._past_state(rev, oldest))

    def _past_state(self, rev: Rev, oldest: Rev) -> State:
        if rev < oldest:
            raise Compacted(oldest)
        for state in reversed(tuple(self._recent)):  # a copy, as others commit meanwhile
            if state.rev == rev:
                return state
        base = self._past
        if base is None or base.rev > rev or base.rev < oldest:
            base = empty_state()
        kept = max((one for one in self._state_revs() if one <= rev), default=0)
        if base.rev < kept:
            size = self._state_size
            base = self._read_state(kept)[0]
            self._state_size = size
        if base.rev < oldest:
            raise self.records.damaged(f"the log begins at revision {oldest + 1} and no state leads there")
        for commit, _ in self.records.whole(base.rev, rev):
            base = self._advance(base, commit)
        self._past = base
        return base
