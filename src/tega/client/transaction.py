"""A transaction as a driver builds it: nothing but reads goes to the server before it is sent whole."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from tega.api import ABSENT, MISSING, Change, Entry, Op
from tega.paths import to_path
from tega.tree.overlay import overlay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tega.api import Commit, Json, Path, PathLike, Rev
    from tega.client.client import Client

MINE: Final = "session"
"""Stands for the lease of the session that sends the transaction."""


class Transaction:
    """Reads of the state at one revision, and writes that are committed together."""

    def __init__(self, client: Client, at: Rev | None) -> None:
        self._client = client
        self.base = at
        """Revision that is read; taken at the first read if none was given."""
        self.changes: list[Change] = []
        self.expected: dict[Path, Rev] = {}
        self.request_id = secrets.token_hex(8)
        self.cancelled = False
        self.committed: Commit | None = None
        """The commit, after the block, unless there was nothing to commit."""

    async def get(self, path: PathLike) -> Entry | None:
        """Read at the base revision, with this transaction's own writes on top.

        What was read must still stand at the commit.
        """
        where = to_path(path)
        if self.base is None:
            self.base = await self._client.head()
        entry = await self._client.get(where, at=self.base)
        rev = entry.mod_rev if entry else ABSENT
        self.expected.setdefault(where, rev)
        value = overlay(where, entry.value if entry else MISSING, self.changes)
        return None if value is MISSING else Entry(where, value, rev, entry.lease if entry else None)

    def put(self, path: PathLike, value: Json, *, expect: Rev | None = None, ephemeral: bool = False) -> None:
        self._add(Change(Op.PUT, to_path(path), value, MINE if ephemeral else None), expect)

    def merge(self, path: PathLike, value: Mapping[str, Json], *, expect: Rev | None = None) -> None:
        self._add(Change(Op.MERGE, to_path(path), value), expect)

    def delete(self, path: PathLike, *, expect: Rev | None = None) -> None:
        self._add(Change(Op.DELETE, to_path(path)), expect)

    def expect(self, path: PathLike, rev: Rev) -> None:
        """Auth a path that is not written."""
        self.expected[to_path(path)] = rev

    def cancel(self) -> None:
        """Commit nothing when the block ends."""
        self.cancelled = True

    def _add(self, change: Change, expect: Rev | None) -> None:
        self.changes.append(change)
        if expect is not None:
            self.expected[change.path] = expect
