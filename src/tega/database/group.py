"""Group commit: requests that wait, evaluated one after the other and appended at once.

Each request meets the state that those before it in the group leave, and
becomes a commit with a revision of its own or fails alone.
"""

from __future__ import annotations

from threading import Lock

from tega.api import Change, Commit, Record
from tega.database.commit_lock import open_gate
from tega.errors import Conflict, LeaseLost, RequestReused, StoreError, TooLarge
from tega.log.codec import HASH_SIZE, encode_commit
from tega.log.state import State, mod_at, with_lease
from tega.paths import format_path, overlap
from tega.tree.nodes import apply
from tega.values import same_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tega.api import Path, Rev
    from tega.database.committing import Committing
    from tega.tree.nodes import Node


class Request:
    """A commit that waits for its turn; `plan` makes the changes from the state that it meets."""

    __slots__ = (
        "author", "changes", "done", "error", "expect", "explicit", "gate", "message", "plan", "reaps",
        "request_id", "result", "reverts", "waits",
    )  # fmt: skip

    def __init__(
        self,
        changes: Sequence[Change],
        expect: Mapping[Path, Rev] | None,
        author: str,
        message: str,
        request_id: str | None,
    ) -> None:
        self.changes = changes
        self.expect = expect
        self.author = author
        self.message = message
        self.explicit = request_id is not None
        self.request_id = request_id or ""
        self.plan: Callable[[State], Sequence[Change]] | None = None
        self.reverts: Rev | None = None
        self.reaps: str | None = None
        self.result: Commit | None = None
        self.error: BaseException | None = None
        self.done = False
        self.gate = Lock()
        self.waits = False

    def end(self) -> None:
        """It has its outcome; whoever waits for it goes on."""
        self.done = True
        if self.waits:
            open_gate(self.gate)


class Attempt:
    """One try at a group: evaluates each request against the state that those before it leave.

    A request that repeats one of the log is rare, and the engine refuses
    its id. So ids are looked up beforehand only by a `careful` attempt,
    the one that follows such a refusal, and for requests that fail: what
    they expected may be gone because they have happened already.
    """

    def __init__(self, database: Committing, group: Iterable[Request], *, careful: bool) -> None:
        self._database = database
        self._group = group
        self._careful = careful
        self._outcomes: list[tuple[Request, Commit | None, BaseException | None]] = []
        self._ids: dict[str, Commit] = {}
        self.records: list[Record] = []
        self.commits: list[Commit] = []
        self.states: list[State] = []
        self.versions: dict[str, Rev] = {}
        self.reaped = False
        self.size = 0

    def evaluate(self, state: State) -> None:
        for request in self._group:
            try:
                commit, state = self._evaluate(request, state)
                self._outcomes.append((request, commit, None))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one is not the others' fault
                self._outcomes.append((request, None, error))

    def _evaluate(self, request: Request, state: State) -> tuple[Commit | None, State]:
        """Return the commit, if any, and the state after it."""
        commit = self._known(request, look=self._careful) if request.explicit else None
        if commit is not None:
            return commit, state
        try:
            return self._step(request, state)
        except StoreError:
            if not request.explicit or self._careful:
                raise
            commit = self._known(request, look=True)
            if commit is None:
                raise
            return commit, state

    def settle(self) -> None:
        """Hand the requests their outcomes; only after the records are safe."""
        for request, commit, error in self._outcomes:
            request.result, request.error = commit, error

    def _known(self, request: Request, *, look: bool) -> Commit | None:
        """The commit of the request's id, of this group or, if one is to look there, of the log."""
        commit = self._ids.get(request.request_id)
        if commit is None and look:
            commit = self._database.logged(request.request_id)
        if commit is not None and request.plan is None and not _same_changes(commit.changes, request.changes):
            raise RequestReused(
                f"request id {request.request_id!r} is that of revision {commit.rev}, which is another change"
            )
        return commit

    def _step(self, request: Request, state: State) -> tuple[Commit | None, State]:
        if request.expect:
            self._check_expectations(request.expect, state)
        changes = request.changes
        if request.plan is not None:
            changes = request.plan(state)
            if request.reaps is not None:
                self.reaped = True
                if not changes:
                    return None, state
        rev = state.rev + 1
        root, leased, touched = self._apply(changes, state, rev)
        if request.reaps is not None:
            leased = {key: paths for key, paths in leased.items() if key != request.reaps}
        request_id = request.request_id or self._database.next_id()
        now = self._database.now()
        who, why, reverts = request.author, request.message, request.reverts
        data = encode_commit(rev, now, who, why, request_id, changes, touched, state.hash, reverts)
        limit = self._database.limits().commit_bytes
        if len(data) > limit:
            raise TooLarge(f"a commit of {len(data)} bytes: at most {limit} are taken")
        found = data[:HASH_SIZE]
        commit = Commit(rev, now, who, why, request_id, tuple(changes), touched, state.hash, found, reverts)
        self._keep(request, commit, data)
        following = State(rev, found, root, leased)
        self.states.append(following)
        return commit, following

    def _check_expectations(self, expect: Mapping[Path, Rev], state: State) -> None:
        for path, expected in expect.items():
            actual = mod_at(state.root, path)
            if actual != expected:
                raise self._conflict(path, expected, actual)

    def _apply(
        self, changes: Sequence[Change], state: State, rev: Rev
    ) -> tuple[Node, dict[str, frozenset[Path]], dict[str, Rev]]:
        """Return the tree, where leased nodes are, and the versions of the roots that were touched."""
        root, leased = state.root, state.leased
        touched: dict[str, Rev] = {}
        for change in changes:
            if change.lease is not None:
                self._check_lease(change.path, change.lease)
                leased = with_lease(leased, change.lease, change.path, root)
            after = apply(root, change, rev)
            if after is not root:
                self._count(touched, change.path, root, after)
                root = after
        return root, leased, touched

    def _keep(self, request: Request, commit: Commit, data: bytes) -> None:
        self.records.append(
            Record(commit.rev, data, commit.request_id if request.explicit else "", commit.roots)
        )
        self.commits.append(commit)
        self.versions.update(commit.roots)
        self.size += len(data)
        if request.explicit:
            self._ids[commit.request_id] = commit

    def _count(self, touched: dict[str, Rev], path: Path, before: Node, after: Node) -> None:
        """Give the roots that a change altered their next version, once per commit."""
        if path and path[0] in touched:
            return
        for root in (path[0],) if path else _altered(before, after):
            if root not in touched:
                touched[root] = (self.versions.get(root) or self._database.version_of(root)) + 1

    def _check_lease(self, path: Path, lease: str) -> None:
        found = self._database.log.lease(lease)
        if found is None or found.remaining <= 0:
            raise LeaseLost(f"{format_path(path)}: lease {lease} does not live")

    def _conflict(self, path: Path, expected: Rev, actual: Rev) -> Conflict:
        """The commit to blame may be one of this group, which the log does not hold yet."""
        for commit in reversed(self.commits):
            if commit.rev == actual or (
                not actual and any(overlap(change.path, path) for change in commit.changes)
            ):
                return Conflict(
                    path, expected, actual, rev=commit.rev, author=commit.author, message=commit.message
                )
        return self._database.blame(path, expected, actual)


def _altered(before: Node, after: Node) -> list[str]:
    """The roots that came, went or were written; a merge leaves the others' nodes as they are."""
    old, new = dict(_roots(before)), dict(_roots(after))
    return sorted(root for root in old.keys() | new.keys() if old.get(root) is not new.get(root))


def _roots(tree: Node) -> Iterable[tuple[str, Node]]:
    return tree.children.items() if tree.children is not None else ()


def _same_changes(one: Sequence[Change], other: Sequence[Change]) -> bool:
    return len(one) == len(other) and all(
        a[:2] == b[:2] and a.lease == b.lease and same_json(a.value, b.value)
        for a, b in zip(one, other, strict=True)
    )
