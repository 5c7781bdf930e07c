"""The types of tega: what a store takes and gives, whatever keeps it.

A store is an ordered log of whole commits and a tree that is a pure
function of it. ``Database`` (plain code, embedded) and ``AsyncStore``
give the same promises; an engine meets ``tega.log.base.Log`` and
nothing else.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, Union

if TYPE_CHECKING:
    from collections.abc import Mapping

Path: TypeAlias = tuple[str, ...]
"""Segments from the root of the tree; ``()`` is the tree itself. The text form is ``a.b."10.0.0.1"``."""

PathLike: TypeAlias = Union[str, Path]  # noqa: UP007 - evaluated at run time
"""Wherever a path is asked for, its text form does as well."""

Rev: TypeAlias = int
"""One counter per store: 0 is the empty store, every commit takes the next, none is used twice."""

Json: TypeAlias = Any
"""None, bool, int, finite float, str, list of Json, dict of str to Json."""

ABSENT: Final[Rev] = 0
"""Expectation that nothing is at the path or below it."""

Durability: TypeAlias = Literal["full", "normal"]
"""What an acknowledged commit survives: ``full`` power loss, ``normal`` the death of any process."""


class Op(Enum):
    """What a change does to the subtree at its path."""

    PUT = "put"
    """Replace it by the value; a dict becomes nodes, everything else (lists too) a leaf."""
    MERGE = "merge"
    """Merge a dict into it, leaf by leaf; what the dict does not name stays."""
    DELETE = "delete"
    """Remove it; deleting what is absent does nothing and is no error."""


class Change(NamedTuple):
    """One step of a commit; `lease` (PUT only) makes the node ephemeral: it goes with the lease."""

    op: Op
    path: Path
    value: Json = None
    lease: str | None = None


class Commit(NamedTuple):
    """One whole, self-contained step of the log."""

    rev: Rev
    time: float
    """Seconds since 1970 by the committer's clock: for people, never for ordering."""
    author: str
    message: str
    request_id: str
    changes: tuple[Change, ...]
    """As applied, in order."""
    roots: Mapping[str, Rev]
    """Each root that this commit touched, with that root's own version after it."""
    prev_hash: bytes
    """SHA-256 of the record before this one; zeros for the first."""
    hash: bytes
    """SHA-256 of this record."""
    reverts: Rev | None = None
    """Set by a roll-back: the revision whose state was restored."""


class Entry(NamedTuple):
    """A subtree as it was read; the value is the caller's own copy."""

    path: Path
    value: Json
    mod_rev: Rev
    """Last commit that wrote or removed anything at or below the path."""
    lease: str | None = None


class Difference(NamedTuple):
    """One leaf (or empty mapping) that differs; what is absent on a side is `MISSING` there."""

    path: Path
    before: Json
    after: Json


class Missing(Enum):
    """Type of `MISSING`, which stands for "nothing there" where None is a value."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING


class Limits(NamedTuple):
    """What one store takes and promises."""

    commit_bytes: int
    commit_changes: int
    min_ttl: float
    durable: Literal["fsync", "replicated", "lazy"]
    """What an acknowledged commit survives, as set up: `lazy` is all but power loss."""
    linearizable_reads: Literal["native", "barrier"]


class LeaseInfo(NamedTuple):
    """A lease as the store knows it; `remaining` is in seconds and may be negative until it is reaped."""

    id: str
    ttl: float
    remaining: float
    owner: str


class Record(NamedTuple):
    """A commit as an engine keeps it: opaque bytes, and what it may index."""

    rev: Rev
    data: bytes
    request_id: str
    roots: Mapping[str, Rev]
