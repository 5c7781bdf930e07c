"""The embedded store: plain code over a log, for any number of threads and processes.

It is made of layers, each a class that adds its part: `Core` holds and
reads the state, `Committing` writes, `Leasing` has nodes that go with a
lease, `Upkeep` keeps the log short and sound. Here stand opening,
transactions, history and notification.
"""

from __future__ import annotations

import os
import time

from tega.database.upkeep import Upkeep
from tega.errors import Compacted
from tega.log.state import View, touches
from tega.paths import overlap, to_path
from tega.tree.comparing import changes_towards, diff
from tega.tree.nodes import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tega.api import Commit, Difference, Durability, Path, PathLike, Rev
    from tega.database.txn import Transaction
    from tega.tree.pattern import PathPattern


def open_database(
    directory: str | os.PathLike[str],
    *,
    durability: Durability = "full",
    busy_s: float = 10.0,
    read_only: bool = False,
) -> Database:
    """Open the database of a directory, making it if there is none.

    Args:
        directory: Where it is; several processes may have it open. Not
            on a network file system.
        durability: What an acknowledged commit survives: ``full`` the
            loss of power, ``normal`` the death of any process.
        busy_s: How long a commit may wait for other processes, seconds.
        read_only: Read the state of now from a copy, nothing else; for
            directories that cannot be written.

    Raises:
        DamagedStore: What is there is not what was written.
        ReadOnly: The directory cannot be written.
        StoreFull: There is no space.
    """
    if read_only:
        from tega.engines.frozen import FrozenLog

        return Database(FrozenLog(os.fspath(directory)))
    from tega.engines.sqlite import SqliteLog

    return Database(SqliteLog(os.fspath(directory), durability=durability, busy_s=busy_s))


class Database(Upkeep):
    """A store over a log; closing the database closes the log.

    Args:
        log: The engine.
        clock: Seconds since 1970, for the time stamps of commits.
    """

    def transaction(
        self, *, at: Rev | None = None, author: str = "", message: str = "", request_id: str | None = None
    ) -> Transaction:
        """Begin a transaction; as a context it commits at the end, unless an exception ends it.

        Args:
            at: Revision that it reads; the newest by default.
            author: Who.
            message: Why.
            request_id: See `commit`.
        """
        from tega.database.txn import Transaction

        return Transaction(self, self.view(at), author=author, message=message, request_id=request_id)

    # ------------------------------------------------------------ history

    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> Iterator[Commit]:
        """Return the commits that changed something at, below or above the path, oldest first.

        Args:
            path: The whole tree by default.
            after: Revision before the first wanted; the oldest kept by default.
            until: Last revision wanted.

        Raises:
            Compacted: The commits after `after` are no longer all kept.
            DamagedStore: Some of them are missing, or not what was committed.
        """
        self.refresh()
        where = to_path(path)
        oldest = self.oldest()
        if after is not None and after < oldest:
            raise Compacted(oldest)
        start, head = oldest if after is None else after, self._state
        until = head.rev if until is None else min(until, head.rev)
        if not where:
            end = head.hash if until == head.rev else None
            return (commit for commit, _ in self.records.whole(start, until, end))
        newest = self._versions.get(where[0], 0)
        found = self.records.of_root(where[0], start, until, newest)
        return (commit for commit in found if any(overlap(change.path, where) for change in commit.changes))

    def diff(self, before: Rev, after: Rev | None = None, path: PathLike = ()) -> list[Difference]:
        """Return what differs between two revisions, leaf by leaf; `after` is the newest by default.

        Raises:
            Compacted: One of them is no longer kept.
            FutureRevision: One of them does not exist yet.
        """
        where = to_path(path)
        old = self._state_at(before)
        new = self._state if after is None else self._state_at(after)
        return list(diff(find(old.root, where), find(new.root, where), where))

    def diff_view(self, before: View, after: View | None = None) -> list[Difference]:
        """Return what differs between two views of this database."""
        new = after or self.view()
        return list(diff(before.tree, new.tree))

    def rollback(
        self,
        root: str | None,
        to: Rev,
        *,
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Commit:
        """Make a root, or the tree if None, equal to its state at a revision, by a new commit.

        Leased nodes are left alone. The commit can be undone like any
        other: roll back to the revision before it.

        Args:
            root: Name of the root, a single segment.
            to: The revision to return to.
            expect: Revision the root (or tree) must have been changed last at.
            author: Who.
            message: Why.
            request_id: See `commit`.

        Raises:
            Compacted: That state is no longer kept.
            FutureRevision: It does not exist yet.
            Conflict: `expect` did not hold.
        """
        where: Path = () if root is None else to_path((root,))
        goal = find(self._state_at(to).root, where)
        request = self.request((), None if expect is None else {where: expect}, author, message, request_id)
        request.plan = lambda state: list(changes_towards(find(state.root, where), goal, where))
        request.reverts = to
        return self.submit(request)

    # ------------------------------------------------------- notification

    def subscribe(self, listener: Callable[[Sequence[Commit]], None]) -> Callable[[], None]:
        """Have every commit from now on handed over, in order; returns what ends it.

        The listener runs in whatever thread commits or reads, with the
        write lock held: it must neither block, nor raise, nor call the
        store. Commits of other processes come when this one refreshes.
        """
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def end() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not listener]

        return end

    def wake_fd(self) -> int:
        """Return a descriptor that turns readable when any process may have committed; -1 if none."""
        return self.log.wake_fd()

    def drain_wake(self) -> None:
        """Make it unreadable until the next commit."""
        self.log.drain_wake()

    def wait(self, after: Rev, timeout_s: float) -> Rev:
        """Block until there is a revision above `after`, of any process, or the time is over.

        Returns:
            The newest revision.
        """
        import select as polling

        deadline = time.monotonic() + timeout_s
        fd = self.log.wake_fd()
        poll = polling.poll()
        if fd >= 0:
            poll.register(fd, polling.POLLIN)
        while True:
            if fd >= 0:
                self.log.drain_wake()
            rev = self.refresh()
            left = deadline - time.monotonic()
            if rev > after or left <= 0:
                return rev
            poll.poll((left if fd >= 0 else min(left, 0.05)) * 1000)

    def touches(self, pattern: PathPattern, commit: Commit) -> bool:
        """Whether a commit of this store concerns a pattern; may read the log."""
        return touches(pattern, commit, lambda: self._state_at(commit.rev - 1))
