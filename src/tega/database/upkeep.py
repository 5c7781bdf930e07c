"""What keeps a log short and sound: states, compaction, proof."""

from __future__ import annotations

from tega.database.committing import is_own_id
from tega.database.leasing import Leasing
from tega.errors import Compacted, FutureRevision, StoreFull
from tega.log.records import state_name
from tega.log.state import State, empty_state
from tega.tree.nodes import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tega.api import Commit, Rev


class Upkeep(Leasing):
    """A store that is compacted and verified."""

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
