"""What was forgotten gives its space back, and states do not pile up."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import Database, open_database
from tega.database.committing import STATES
from tega.engines import space
from tega.engines.files import DATABASE
from tega.engines.memory import Memory, MemoryLog
from tega.engines.sqlite import SqliteLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tega.log.base import Log


def fill(database: Database, count: int, size: int = 300) -> None:
    for start in range(0, count, 500):
        database.submit(
            *[
                database.request([Change(Op.PUT, ("r", f"k{n % 9}"), "x" * size)], request_id=f"{start}.{n}")
                for n in range(500)
            ]
        )


def size_of(where: Path) -> int:
    return sum(path.stat().st_size for path in where.iterdir() if path.name.startswith(DATABASE))


def test_a_compacted_store_is_small_while_it_is_open_elsewhere(tmp_path: Path) -> None:
    with (
        open_database(tmp_path, durability="normal") as database,
        open_database(tmp_path, durability="normal") as other,
    ):
        fill(database, 3000)
        before = size_of(tmp_path)
        assert other.get("r.k1") is not None
        database.compact(2990)
        assert size_of(tmp_path) < before / 10
        database.verify()
        other.verify()
        assert [commit.rev for commit in other.history()] == list(range(2990, 3001))
        assert other.find_request("2500.498").rev == 2999  # type: ignore[union-attr]
        assert other.find_request("2500.1") is None


def test_commits_come_between_the_steps_of_giving_space_back(tmp_path: Path) -> None:
    with open_database(tmp_path, durability="normal") as database, open_database(tmp_path) as other:
        fill(database, 2000)
        database.log.truncate(1, "none")
        database._keep_state(1989)
        assert database.log.truncate(1990, "state-00000000000007c5")
        steps = 0
        for _ in database.log.reclaim():
            steps += 1
            assert other.put("b", steps).rev == 2000 + steps
        assert steps > 10
        database.verify()


def test_what_a_killed_compaction_left_goes_with_the_next(tmp_path: Path) -> None:
    with open_database(tmp_path, durability="normal") as database:
        fill(database, 2000)
        before = size_of(tmp_path)
        database._keep_state(1989)
        assert database.log.truncate(1990, "state-00000000000007c5")
        next(iter(database.log.reclaim()))
    with open_database(tmp_path, durability="normal") as database:
        assert database.oldest() == 1989
        database.verify()
        database.compact(100)
        assert size_of(tmp_path) < before / 10
        database.verify()


def test_nothing_is_forgotten_for_which_no_state_stands(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        fill(database, 500)
        assert not database.log.truncate(100, "state-0000000000000063")
        assert database.oldest() == 0
        assert len(list(database.history())) == 500


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Log]:
    memory = Memory()
    if request.param == "memory":
        return lambda: MemoryLog(memory)
    return lambda: SqliteLog(str(tmp_path), durability="normal")


def test_states_do_not_pile_up(log: Callable[[], Log], monkeypatch: pytest.MonkeyPatch) -> None:
    """There are few, denser near the end, and every revision can still be read."""
    monkeypatch.setattr("tega.database.committing.TAIL", 2000)
    with Database(log()) as database:
        for number in range(600):
            database.put(("r", f"k{number % 5}"), f"{number} " + "x" * 200)
            assert len(database._state_revs()) <= STATES
        revs = database._state_revs()
        gaps = [after - before for before, after in pairwise(revs)]
        assert len(revs) == STATES
        assert max(gaps[:3]) > 3 * max(gaps[-3:])
        assert database.view(77).value("r.k1") == "76 " + "x" * 200
        database.compact(revs[7] + 1)
        assert database.oldest() == revs[7]
        database.verify()
        for number in range(600):
            database.put(("r", f"k{number % 5}"), f"{number} " + "x" * 200)
        assert database._state_revs()[0] == revs[7]
        database.verify()


def test_the_reserve_is_laid_up_and_costs_no_contents(tmp_path: Path) -> None:
    reserve = tmp_path / space.RESERVE
    with open_database(tmp_path, durability="normal") as database:
        assert 0 < reserve.stat().st_size - space.RESERVE_BYTES < 20_000
        for number in range(10):
            database.put(f"large.k{number}", "x" * 1_000_000)
        database.snapshot()
        assert reserve.stat().st_size == space.RESERVE_BYTES + space.WAL_BYTES
    (tmp_path / space.RESERVE).unlink()
    with open_database(tmp_path, read_only=True):
        assert not (tmp_path / space.RESERVE).exists()
    with open_database(tmp_path):
        assert (tmp_path / space.RESERVE).exists()


def test_a_store_is_squeezed_by_few_pages(tmp_path: Path) -> None:
    """On a full disk all has to fit into the reserve."""
    with open_database(tmp_path, durability="normal") as database:
        fill(database, 3000)
        before = size_of(tmp_path)
        database._squeeze(2990)
        assert 2000 < database.oldest() < 2990
        assert size_of(tmp_path) < before / 5
        database.verify()
        assert database.put("b", 1).rev == 3001
