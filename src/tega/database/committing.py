"""How commits come about: handed in, committed in groups, followed by the states that are due.

Requests are put in a queue; whichever thread gets the commit lock commits
all that wait as one group, each still a commit of its own with its own
revision and its own chance of a conflict.
"""

from __future__ import annotations

import re

from tega.api import Change, Commit, Op
from tega.database.core import Core
from tega.database.group import Attempt, Request
from tega.database.signs import check_signs
from tega.database.writes import Writes
from tega.errors import (
    CommitUnknown,
    Conflict,
    InvalidValue,
    KnownRequest,
    StoreError,
    TooLarge,
    WrongLast,
)
from tega.log.records import state_name
from tega.log.state import State, standing
from tega.log.stored import encode_state
from tega.paths import overlap, to_path
from tega.values import plain_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tega.api import Path, Record, Rev

GROUP = 1024
"""Most commits in one group."""
STATES = 16
"""Most states that are kept in the log, close to each other near its end and farther before."""
TAIL = 64 << 10
"""Bytes of records after which a state is written, unless the state is larger than that."""
MOST_TAIL = 4 << 20
"""From so many bytes a quarter of a state's size is enough: opening has to follow them."""


class Committing(Writes[Commit], Core):
    """A core that commits."""

    def _commit(self, *what: Any) -> Commit:
        return self.submit(self.request(*what))

    def request(
        self,
        changes: Sequence[Change],
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> Request:
        """Check a commit and return it ready for `submit`."""
        check_signs("an author", author)
        check_signs("a message", message, lines=True)
        if request_id is not None:
            check_signs("a request id", request_id)
        if len(changes) > self._limits.commit_changes:
            raise TooLarge(f"{len(changes)} changes: a commit takes at most {self._limits.commit_changes}")
        expected = {to_path(path): rev for path, rev in expect.items()} if expect else None
        return Request([_checked(change) for change in changes], expected, author, message, request_id)

    def submit(self, *requests: Request) -> Commit:
        """Commit requests as one group; returns the last one's commit or raises its error.

        The others carry their outcome in `result` and `error`.
        """
        self._queue.extend(requests)
        request = requests[-1]
        self._carry_out(request)
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def _carry_out(self, request: Request) -> None:
        """See a queued request done; whoever comes first commits for all, in the order of the queue."""
        while self._lock.take(request):
            try:
                while not request.done:
                    self._commit_group()
            finally:
                self._lock.__exit__(None, None, None)

    def _take_group(self) -> list[Request]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), GROUP))]

    def _commit_group(self) -> None:
        """Take what waits and commit it; every request taken is done afterwards."""
        group: list[Request] = []
        try:
            self._check_open()
            careful = False
            while not self._try_group(group, careful):
                careful = True
        except BaseException as error:
            group = group or self._take_group()
            for request in group:
                if request.result is None and request.error is None:
                    request.error = error
                    if isinstance(error, CommitUnknown):
                        request.error = CommitUnknown(request.request_id, error.reason)
            if not isinstance(error, StoreError):
                raise
        finally:
            for request in group:
                request.end()
        if not self.defer_states:
            self._write_state_if_due()

    def _try_group(self, group: list[Request], careful: bool) -> bool:
        """Whether it could be appended; False if somebody else appended first, or one of them before.

        An empty group is filled as late as possible, as more requests
        come while the log is taken hold of.
        """
        with self.log.hold():
            last = self.log.last()
            if last != self._state.rev:
                self._follow()
                self._check_end(last)
            if not group:
                group += self._take_group()
                careful = any(request.reaps is not None for request in group)  # ending a lease is done once
            attempt = Attempt(self, group, careful=careful)
            attempt.evaluate(self._state)
            try:
                if attempt.records or attempt.reaped:
                    self.log.append(attempt.records, expect_last=last)
            except WrongLast:
                return False
            except KnownRequest:
                if careful:  # looked for, and not found
                    raise self.records.damaged("the index of request ids contradicts itself") from None
                return False
        self._versions.update(attempt.versions)
        self._recent.extend(attempt.states)
        self._tail += attempt.size
        attempt.settle()
        if attempt.commits:
            self._publish(attempt.states[-1], attempt.commits)
        return True

    def _check_end(self, last: Rev) -> None:
        if last < self._state.rev:
            found = f"the log ends at revision {last}, yet revision {self._state.rev} was committed"
            raise self.records.damaged(found)

    def _write_state(self, state: State, versions: Mapping[str, Rev]) -> None:
        data = encode_state(state.rev, state.hash, versions, standing(state), state.root)
        self.log.put_blob(state_name(state.rev), data)
        self._state_size = len(data)
        self._tail = 0

    def _write_state_if_due(self) -> None:
        """A state that cannot be written costs only time at the next opening: kept for `snapshot_error`."""
        if not self.state_due or self._closed:
            return
        try:
            self._write_state(self._state, self._versions)
            self._thin_states()
            self.snapshot_error = None
        except StoreError as error:
            self.snapshot_error = error
            self._tail = 0

    def _thin_states(self) -> None:
        """Let one of too many states go: that whose absence costs least when the past is read."""
        revs = self._state_revs()
        if len(revs) <= STATES:
            return
        newest = revs[-1]
        gaps = zip(revs, revs[1:], revs[2:], strict=False)
        _, rev = min(((after - before) / (newest - before), rev) for before, rev, after in gaps)
        with self.log.hold():
            if rev > self.log.horizon():  # another process may have just compacted up to it
                self.log.drop_blob(state_name(rev))
                self.log.append((), expect_last=self.log.last())

    @property
    def state_due(self) -> bool:
        """Whether so much was committed since the last written state that another one pays."""
        size = self._state_size
        return self._tail > max(TAIL, min(size, MOST_TAIL), size // 4)

    def write_due_state(self) -> None:
        """Write the state if one is due; called by whoever has set `defer_states`, where it may block."""
        if self.state_due:
            with self._lock:
                self._write_state_if_due()

    def adopt(self, records: Sequence[Record], horizon: Rev, state: tuple[str, bytes] | None) -> None:
        """Fill an empty store with the records of another one, see `tega.transfer.replay`.

        Raises:
            WrongLast: It is not empty.
            KnownRequest: Two of them have one request id.
        """
        with self._lock:
            self._check_open()
            self.log.adopt(records, horizon, state)
            self._load()
            self._publish(self._state, ())

    def preview(self, request: Request) -> Commit:
        """Return the commit that a request would become now; nothing is written."""
        self.refresh()
        attempt = Attempt(self, [request], careful=True)
        attempt.evaluate(self._state)
        attempt.settle()
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def now(self) -> float:
        """Return the time for a commit's stamp."""
        return self._clock()

    def version_of(self, root: str) -> Rev:
        """Return the version that a root has reached in the state that was published last."""
        return self._versions.get(root, 0)

    def logged(self, request_id: str) -> Commit | None:
        """Return the commit with a caller's request id, without looking for news first."""
        rev = self.log.find_request(request_id)
        if rev is None:
            return None
        found = self.records.find(rev)
        if found is None or found.request_id != request_id:
            if self.oldest() >= rev:  # forgotten meanwhile
                return None
            raise self.records.damaged(f"revision {rev} should be that of request {request_id!r}, and is not")
        return found

    def next_id(self) -> str:
        """Return a request id that no other writer uses."""
        self._counter += 1
        return f"{self._writer}-{self._counter}"

    def blame(self, path: Path, expected: Rev, actual: Rev) -> Conflict:
        """Return the conflict with who caused it; reads the log."""
        found: Commit | None = None
        if actual:
            found = self.records.find(actual)
        else:
            after = max(expected, self.oldest())
            for commit, _ in self.records.plain(after, root=path[0] if path else None):
                if any(overlap(change.path, path) for change in commit.changes):
                    found = commit
        if found is None:
            return Conflict(path, expected, actual)
        return Conflict(path, expected, actual, rev=found.rev, author=found.author, message=found.message)

    def find_request(self, request_id: str) -> Commit | None:
        """Return the commit that carries a caller's request id: resolves an unknown outcome."""
        self.refresh()
        return self.logged(request_id)


_OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9]+")


def is_own_id(request_id: str) -> bool:
    """Whether a request id looks like those of `Core.next_id`, which no index holds."""
    return _OWN_ID.fullmatch(request_id) is not None


def _checked(change: Change) -> Change:
    """Return the change with a path that is one and a value that nobody else holds.

    Raises:
        InvalidPath: See `to_path`.
        InvalidValue: The value has no JSON form, or a lease comes with anything but a put.
    """
    op, path, value, lease = change
    if lease is not None and op is not Op.PUT:
        raise InvalidValue("only a put can name a lease")
    where = to_path(path)
    if op is Op.DELETE:
        return Change(op, where)
    if isinstance(value, dict | list | tuple):
        value = plain_json(value)
    elif where is path:
        return change
    return Change(op, where, value, lease)
