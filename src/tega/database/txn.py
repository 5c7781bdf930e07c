"""Transactions: built against one revision, committed whole or not at all."""

from __future__ import annotations

from tega.api import ABSENT, Change, Commit, Entry, Op
from tega.errors import StoreError
from tega.log.state import View
from tega.paths import to_path
from tega.tree.comparing import diff
from tega.tree.nodes import apply, find
from tega.values import plain_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tega.api import Difference, Json, Path, PathLike, Rev
    from tega.database.database import Database
    from tega.database.group import Request


class Transaction:
    """Reads of one revision and of the transaction's own writes; commits when its block ends.

    Each `get` of something that the transaction has not itself replaced
    becomes an expectation, so a commit means that nothing read has changed.
    Nothing is sent before the commit; an exception in the block cancels.

    Attributes:
        base: The revision it reads.
        result: The commit, once there is one; stays None if nothing was written.
    """

    def __init__(
        self, database: Database, view: View, *, author: str, message: str, request_id: str | None
    ) -> None:
        self.base = view.rev
        self.author = author
        self.message = message
        self.request_id = request_id
        self.result: Commit | None = None
        self.changes: list[Change] = []
        self.expectations: dict[Path, Rev] = {}
        self._database = database
        self._before = view
        self._now = view
        self._ended = ""

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.cancel()
        elif not self._ended:
            self.commit()

    def get(self, path: PathLike = ()) -> Entry | None:
        """Return the subtree as the transaction sees it."""
        return self._now.get(self.guard(path))

    def guard(self, path: PathLike) -> Path:
        """Have what the transaction finds at the path stand until the commit, as if it were read."""
        self._check_open()
        where = to_path(path)
        if not self._is_own(where):
            node = find(self._before.tree, where)
            self.expectations.setdefault(where, ABSENT if node is None else node.mod)
        return where

    def view(self) -> View:
        """Return the tree as the transaction sees it; reading it adds no expectation."""
        return self._now

    def put(
        self, path: PathLike, value: Json, *, expect: Rev | None = None, lease: str | None = None
    ) -> None:
        """Replace the subtree at the path, see `Op.PUT`."""
        self._add(Change(Op.PUT, to_path(path), plain_json(value), lease), expect)

    def merge(self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None) -> None:
        """Merge a mapping into the subtree, see `Op.MERGE`."""
        self._add(Change(Op.MERGE, to_path(path), plain_json(dict(value))), expect)

    def delete(self, path: PathLike, *, expect: Rev | None = None) -> None:
        """Remove the subtree, see `Op.DELETE`."""
        self._add(Change(Op.DELETE, to_path(path)), expect)

    def expect(self, path: PathLike, rev: Rev) -> None:
        """Guard a path, written or not, with the revision it must have been changed last at."""
        self._check_open()
        self.expectations[to_path(path)] = rev

    def cand(self) -> list[Difference]:
        """Return what a commit would change now, leaf by leaf, against what is committed."""
        self._check_open()
        committed = self._database.view()
        candidate = committed.tree
        for change in self.changes:
            candidate = apply(candidate, change, committed.rev + 1)
        return list(diff(committed.tree, candidate))

    def commit(self) -> Commit | None:
        """Commit; None if nothing was written, and then nothing is checked either.

        Raises:
            Conflict: Something that was read or guarded has changed.
            StoreError: See `Database.commit`.
        """
        request = self.close()
        if request is not None:
            self.result = self._database.submit(request)
        return self.result

    def close(self) -> Request | None:
        """End the transaction and return what is to be submitted; None if nothing was written."""
        self._check_open()
        self._ended = "was handed in"
        if not self.changes:
            return None
        return self._database.request(
            self.changes, self.expectations, self.author, self.message, self.request_id
        )

    def cancel(self) -> None:
        """Drop everything; a second time does nothing."""
        self._ended = self._ended or "was cancelled"

    @property
    def ended(self) -> bool:
        """Whether it was committed or cancelled."""
        return bool(self._ended)

    def _check_open(self) -> None:
        if self._ended:
            raise StoreError(f"the transaction {self._ended}; begin a new one")

    def _is_own(self, path: Path) -> bool:
        return any(
            change.op is not Op.MERGE and path[: len(change.path)] == change.path for change in self.changes
        )

    def _add(self, change: Change, expect: Rev | None) -> None:
        self._check_open()
        tree = apply(self._now.tree, change, self.base + 1)
        if expect is not None:
            self.expectations[change.path] = expect
        self.changes.append(change)
        self._now = View(self.base, tree)
