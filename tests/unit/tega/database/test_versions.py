"""Versions of a root, counted from the first or back from the newest."""

from __future__ import annotations

import pytest

from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.errors import Compacted, FutureRevision, NoVersion


def test_a_negative_version_counts_back_from_the_newest() -> None:
    with Database(MemoryLog()) as database:
        for number in range(1, 4):
            database.put("a", number)
            database.put("b", number)
        assert [database.version_rev("a", version) for version in (1, 2, 3)] == [1, 3, 5]
        assert [database.version_rev("a", version) for version in (-1, -2)] == [3, 1]
        database.rollback("a", database.version_rev("a", -1))
        assert database.view().value() == {"a": 2, "b": 3}


@pytest.mark.parametrize("version", [0, 4, -3, -100])
def test_a_version_that_is_not_there(version: int) -> None:
    with Database(MemoryLog()) as database:
        for number in range(3):
            database.put("a", number)
        with pytest.raises(NoVersion) as caught:
            database.version_rev("a", version)
        assert isinstance(caught.value, FutureRevision)
        assert str(caught.value) == (
            f"root a has no version {version}; it has 1 to 3, or -2 to -1 counted back from there"
        )
        with pytest.raises(NoVersion, match="root z was never written"):
            database.version_rev("z", -1)


def test_a_version_that_was_forgotten() -> None:
    with Database(MemoryLog()) as database:
        for number in range(5):
            database.put("a", number)
        database.compact(4)
        with pytest.raises(Compacted):
            database.version_rev("a", -4)
        assert database.version_rev("a", -1) == 4
