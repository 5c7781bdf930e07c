"""Commits whose end was not seen: the acknowledgement is lost, or the disk takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import Database
from tega.engines.sqlite import SqliteLog
from tega.errors import CommitUnknown

if TYPE_CHECKING:
    from pathlib import Path


class Forgetful(SqliteLog):
    """A log that commits and then cannot say so, as often as it is told to."""

    fails = 0

    def _seal(self) -> None:
        super()._seal()
        if self.fails:
            self.fails -= 1
            raise CommitUnknown("", "disk I/O error")


def put(path: str, value: object) -> list[Change]:
    return [Change(Op.PUT, (path,), value)]


def test_an_unknown_outcome_is_resolved_by_the_request_id(tmp_path: Path) -> None:
    log = Forgetful(str(tmp_path), durability="normal")
    with Database(log) as database:
        ids = ("r1", "r2", None)
        requests = [database.request(put(f"a{i}", i), request_id=name) for i, name in enumerate(ids)]
        log.fails = 1
        with pytest.raises(CommitUnknown, match="look into the history before trying again"):
            database.submit(*requests)
        unknown = [request.error for request in requests]
        assert [error.request_id for error in unknown if isinstance(error, CommitUnknown)] == ["r1", "r2", ""]
        assert "whether request r1 was committed is unknown (disk I/O error)" in str(unknown[0])
        assert database.head() == 3
        for i in (0, 1):
            found = database.find_request(f"r{i + 1}")
            assert found is not None
            assert database.commit(put(f"a{i}", i), request_id=f"r{i + 1}") == found
        assert [commit.changes[0].path for commit in database.history()] == [("a0",), ("a1",), ("a2",)]
        assert database.commit(put("a", 3)).rev == 4
        database.verify()
