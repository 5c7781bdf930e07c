"""Writing, written once for plain and for asynchronous code."""

from __future__ import annotations

from typing import Generic, TypeVar

from tega.api import Change, Op
from tega.paths import to_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tega.api import Json, Path, PathLike, Rev

R = TypeVar("R")


class Writes(Generic[R]):
    """What writes, over `_commit`; `R` is the commit, or what to await for it."""

    def _commit(
        self,
        changes: Sequence[Change],
        expect: Mapping[Path, Rev] | None,
        author: str,
        message: str,
        request_id: str | None,
    ) -> R:
        raise NotImplementedError

    def put(
        self,
        path: PathLike,
        value: Json,
        *,
        expect: Rev | None = None,
        lease: str | None = None,
        author: str = "",
        message: str = "",
    ) -> R:
        """Replace the subtree at the path, as a commit of its own."""
        where = to_path(path)
        return self.commit(
            (Change(Op.PUT, where, value, lease),),
            expect=_expected(where, expect),
            author=author,
            message=message,
        )

    def merge(
        self,
        path: PathLike,
        value: Mapping[str, Json],
        *,
        expect: Rev | None = None,
        author: str = "",
        message: str = "",
    ) -> R:
        """Merge a mapping into the subtree leaf by leaf, as a commit of its own."""
        where = to_path(path)
        change = Change(Op.MERGE, where, value)
        return self.commit((change,), expect=_expected(where, expect), author=author, message=message)

    def delete(self, path: PathLike, *, expect: Rev | None = None, author: str = "", message: str = "") -> R:
        """Remove the subtree at the path, as a commit of its own; the absent may be removed."""
        where = to_path(path)
        change = Change(Op.DELETE, where)
        return self.commit((change,), expect=_expected(where, expect), author=author, message=message)

    def commit(
        self,
        changes: Sequence[Change],
        *,
        expect: Mapping[Path, Rev] | None = None,
        author: str = "",
        message: str = "",
        request_id: str | None = None,
    ) -> R:
        """Apply all changes in order, or none.

        An asynchronous caller that is cancelled meanwhile does not undo it.

        Args:
            changes: What to do.
            expect: Revision that each of these paths must have been
                changed last at, `ABSENT` for "nothing is there".
            author: Who does it: for people and for whoever loses a conflict.
            message: Why.
            request_id: Makes a retry harmless: if the log holds a commit
                with this id, that one is returned and nothing is written.

        Raises:
            Conflict: An expectation did not hold; says who was faster.
            TooLarge: Beyond `limits`.
            InvalidPath: See `tega.paths.to_path`.
            InvalidValue: A value has no JSON form, or a control
                character stands in author, message or request id.
            LeaseLost: A change names a lease that does not live.
            RequestReused: The id belongs to a commit of other changes.
            StoreFull: The disk is full.
            CommitUnknown: Whether it was written is unknown; with a
                request id a retry is harmless, without one look first.
        """
        return self._commit(changes, expect, author, message, request_id)


def _expected(path: Path, expect: Rev | None) -> Mapping[Path, Rev] | None:
    return None if expect is None else {path: expect}
