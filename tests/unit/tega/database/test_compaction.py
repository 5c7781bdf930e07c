"""Another process forgets history while this one reads it: that is the error, not a damaged store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import Database
from tega.engines.memory import Memory, MemoryLog
from tega.engines.sqlite import CHUNK, SqliteLog
from tega.errors import Compacted
from tega.transfer import export_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tega.log.base import Log

COMMITS = 4 * CHUNK
"""So many that those of one of two roots are more than one chunk."""


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Log]:
    memory = Memory()
    if request.param == "memory":
        return lambda: MemoryLog(memory)
    return lambda: SqliteLog(str(tmp_path), durability="normal")


@pytest.fixture
def two(log: Callable[[], Log]) -> Iterator[tuple[Database, Database]]:
    """A database with some chunks of commits, opened twice."""
    with Database(log()) as one, Database(log()) as other:
        one.submit(*[one.request([*_put(f"r{number % 2}", number)]) for number in range(1, COMMITS + 1)])
        yield one, other


def _put(root: str, number: int) -> Iterator[Change]:
    yield Change(Op.PUT, (root,), number)


@pytest.mark.parametrize("path", ["", "r1"])
@pytest.mark.parametrize("until", [None, CHUNK + 100])
def test_history_does_not_skip_what_was_compacted(
    two: tuple[Database, Database], path: str, until: int | None
) -> None:
    one, other = two
    reported = one.history(path, until=until)
    next(reported)
    other.compact(COMMITS - 10)
    with pytest.raises(Compacted) as caught:
        list(reported)
    assert caught.value.oldest == COMMITS - 11


def test_an_export_does_not_skip_what_was_compacted(two: tuple[Database, Database]) -> None:
    one, other = two
    lines = export_lines(one, history=True)
    while b'"commit"' not in next(lines):
        pass
    other.compact(COMMITS - 10)
    with pytest.raises(Compacted):
        list(lines)


class Meddler:
    """A log before whose next reading of a blob or of records another process compacts."""

    def __init__(self, log: Log, other: Database, before: int, when: str) -> None:
        self._log, self._other, self._before, self._when = log, other, before, when

    def __getattr__(self, name: str) -> object:
        if name == self._when:
            self._when = ""
            self._other.compact(self._before)
        return getattr(self._log, name)


@pytest.mark.parametrize("when", ["get_blob", "read", "blobs"])
def test_what_vanishes_while_it_is_read_was_compacted_and_not_damaged(
    two: tuple[Database, Database], when: str, log: Callable[[], Log]
) -> None:
    other = two[1]
    other.compact(10)
    with Database(log()) as reader:
        kept = reader.log

        def meddle(before: int) -> None:
            reader.records.log = Meddler(kept, other, before, when)  # type: ignore[assignment]

        meddle(20)
        with pytest.raises(Compacted):
            reader.get("r1", at=12)
        meddle(30)
        reader.verify()
        meddle(40)
        assert reader.get("r1", at=100).value == 99  # type: ignore[union-attr]
    with Database(Meddler(log(), other, 50, when)) as opened:  # type: ignore[arg-type]
        assert opened.head() == COMMITS
