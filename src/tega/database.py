"""The embedded store: plain code over a log, for any number of threads and processes.

`Core` holds the state and commits; here stand opening, transactions,
history, leases, notification and maintenance.
"""

from __future__ import annotations

import os
import time

from tega.api import Change, Op
from tega.core import Core, is_own_id
from tega.errors import Compacted, FutureRevision, InvalidValue, LeaseLost, StoreFull
from tega.group import Request
from tega.paths import overlap, to_path
from tega.records import state_name
from tega.signs import check_signs
from tega.state import State, View, empty_state, touches
from tega.tree import changes_towards, diff, find, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tega.api import Commit, Difference, Durability, LeaseInfo, Path, PathLike, Rev
    from tega.pattern import PathPattern
    from tega.txn import Transaction


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


class Database(Core):
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
            at: Revision that it reads; the newest unless told.
            author: Who.
            message: Why.
            request_id: See `commit`.
        """
        from tega.txn import Transaction

        return Transaction(self, self.view(at), author=author, message=message, request_id=request_id)

    # ------------------------------------------------------------ history

    def history(
        self, path: PathLike = (), *, after: Rev | None = None, until: Rev | None = None
    ) -> Iterator[Commit]:
        """Return the commits that changed something at, below or above the path, oldest first.

        Args:
            path: The whole tree unless told.
            after: Revision before the first wanted; the oldest kept unless told.
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
        """Return what differs between two revisions, leaf by leaf; `after` is the newest unless told.

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

    # ------------------------------------------------------------- leases

    def grant(self, ttl: float, *, owner: str = "", lease_id: str | None = None) -> str:
        """Make a lease and return its id; nodes put with it go when it ends.

        Args:
            ttl: Seconds it lives without `keep_alive`.
            owner: Whose it is, for people.
            lease_id: A name of the caller's; generated unless told.

        Raises:
            InvalidValue: `ttl` is below `limits().min_ttl`, or a control
                character stands in a text.
        """
        check_signs("an owner", owner)
        check_signs("a lease", lease_id or "")
        if not ttl >= self._limits.min_ttl:
            raise InvalidValue(f"a lease of {ttl} s: at least {self._limits.min_ttl} s are needed")
        name = lease_id or f"{self._writer}{os.urandom(4).hex()}"
        with self._lock:
            self._check_open()
            self.log.put_lease(name, float(ttl), owner)
        return name

    def keep_alive(self, lease: str) -> None:
        """Give a lease its whole time again.

        Raises:
            LeaseLost: It is gone; its nodes are, too.
        """
        with self._lock:
            self._check_open()
            if not self.log.keep_lease(lease):
                raise LeaseLost(f"lease {lease} is gone; make a new one and put its nodes again")

    def leases(self) -> list[LeaseInfo]:
        """Return all leases, also those that ran out and were not reaped yet."""
        with self._lock:
            self._check_open()
            return self.log.leases()

    def revoke(self, lease: str) -> Commit | None:
        """End a lease now; returns the commit that removed its nodes, None if it had none."""
        return self._reap(lease)

    def expire(self) -> float | None:
        """End the leases that ran out; returns seconds until the next one may, None without any.

        Whoever has the store open may call it; each lease is reaped once.
        Nodes whose lease is lost (a damage, an import) go as well.
        """
        waits = []
        there = self.leases()
        for lost in self._state.leased.keys() - {lease.id for lease in there}:
            if self._leased_nodes(self._state, lost):
                self._reap(lost, only_expired=True)
        for lease in there:
            if lease.remaining > 0:
                waits.append(lease.remaining)
            else:
                self._reap(lease.id, only_expired=True)
        return min(waits, default=None)

    def reaping(self, lease: str, *, only_expired: bool = False) -> Request:
        """Return what ends a lease when it is submitted; without a result if the lease had no nodes."""
        request = Request((), None, f"lease:{lease}", "", None)
        request.reaps = lease
        request.plan = lambda state: self._plan_reap(state, lease, only_expired)
        return request

    def _reap(self, lease: str, *, only_expired: bool = False) -> Commit | None:
        request = self.reaping(lease, only_expired=only_expired)
        self._queue.append(request)
        self._carry_out(request)
        if request.error is not None:
            raise request.error
        return request.result

    def _plan_reap(self, state: State, lease: str, only_expired: bool) -> Sequence[Change]:
        if only_expired:
            found = self.log.lease(lease)
            if found is not None and found.remaining > 0:
                return ()
        self.log.drop_lease(lease)
        return [Change(Op.DELETE, path) for path in self._leased_nodes(state, lease)]

    def _leased_nodes(self, state: State, lease: str) -> list[Path]:
        nodes = [(path, find(state.root, path)) for path in sorted(state.leased.get(lease, ()))]
        return [path for path, node in nodes if node is not None and node.lease == lease]

    # -------------------------------------------------------- maintenance

    def snapshot(self) -> Rev:
        """Write the whole state, so that opening need not follow the log from further back."""
        self.refresh()
        with self._lock:
            self._check_open()
            self._write_state(self._state, self._versions)
            return self._state.rev

    def compact(self, before: Rev) -> None:
        """Forget the commits before a revision; the state just before it is kept and readable.

        Their space goes back to the file system, in short steps between
        which others commit. On a full disk what can go without writing
        that state goes first.

        Raises:
            FutureRevision: There is no such revision yet.
            StoreFull: There is not even the space to begin with; nothing
                is wrong, and the next call goes on.
        """
        head = self.refresh()
        if before > head + 1:
            raise FutureRevision(before, head)
        base = min(before, head) - 1
        try:
            self._forget(base)
        except StoreFull:
            self._squeeze(base)
            self._forget(base)

    def _forget(self, base: Rev) -> None:
        """Keep the state at a revision, forget what leads up to it, and give its space back."""
        while base > self.oldest():
            try:
                self._keep_state(base)
            except Compacted:  # another process is forgetting, too, and has got as far
                continue
            with self._lock:
                self._check_open()
                self.log.truncate(base + 1, state_name(base))
        with self._lock:
            self._check_open()
            for name in self._states_before(self.log.horizon()):
                self.log.drop_blob(name)
        for _ in self.log.reclaim():
            self._check_open()

    def _squeeze(self, base: Rev) -> None:
        """Forget what can go without a new state: what leads up to the newest one that is there."""
        kept = max([self.oldest(), *(rev for rev in self._state_revs() if rev <= base)])
        with self._lock:
            self._check_open()
            self.log.squeeze(kept + 1, state_name(kept), self._states_before(kept))

    def _keep_state(self, rev: Rev) -> None:
        """See that the state at a revision stands in the log."""
        if rev in self._state_revs():
            return
        state = self._state_at(rev)
        versions = self._versions_at(rev)
        with self._lock:
            self._check_open()
            size, tail = self._state_size, self._tail
            self._write_state(state, versions)
            self._state_size, self._tail = size, tail

    def _states_before(self, rev: Rev) -> list[str]:
        return [state_name(one) for one in self._state_revs() if one < rev]

    def _versions_at(self, rev: Rev) -> dict[str, Rev]:
        """The versions of the roots at a revision: today's, less what came after."""
        with self._lock:
            versions, head = dict(self._versions), self._state.rev
        first_after: dict[str, Rev] = {}
        for commit, _ in self.records.whole(rev, head):
            for root, version in commit.roots.items():
                first_after.setdefault(root, version)
        for root, version in first_after.items():
            if version > 1:
                versions[root] = version - 1
            else:
                versions.pop(root, None)
        return versions

    def verify(self) -> bytes:
        """Read everything again: engine, records, chain, indexes and states; return the last hash.

        Raises:
            DamagedStore: Something is not what was written.
        """
        self.refresh()
        self.log.check()
        return self._again(self._replayed).hash

    def _replayed(self, oldest: Rev) -> State:
        kept = set(self._state_revs())
        head = self._state
        state = self._read_state(oldest)[0] if oldest else empty_state()
        for commit, _ in self.records.whole(state.rev, head.rev, head.hash):
            state = self._advance(state, commit)
            self._check_indexes(commit)
            if state.rev in kept:
                self._compare(state, self._read_state(state.rev)[0])
        return state

    def _check_indexes(self, commit: Commit) -> None:
        """See that the commit is found by its id, if that is one of a caller, and by each root."""
        rev = commit.rev
        found = self.log.find_request(commit.request_id)
        if found != rev and not (found is None and is_own_id(commit.request_id)):
            raise self.records.damaged(f"revision {rev} is missing in the index of request ids")
        for root in commit.roots:
            if self.log.touched_last(root, rev) != rev:
                raise self.records.damaged(f"revision {rev} is missing in the index of root {root}")

    def _compare(self, replayed: State, kept: State) -> None:
        if replayed.hash != kept.hash or to_json(replayed.root) != to_json(kept.root):
            raise self.records.damaged(f"the state kept for revision {kept.rev} is not that of the log")
