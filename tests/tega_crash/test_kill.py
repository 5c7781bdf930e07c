"""SIGKILL at random moments: what was acknowledged is there, nothing stands half, watchers saw the log."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tega.database import open_database

from .support import Writer, check_whole, missing

if TYPE_CHECKING:
    from pathlib import Path

    from tega.api import Commit


def rounds(directory: Path, count: int, most: int, durability: str, seed: int) -> None:
    dice = random.Random(seed)
    seen: list[Commit] = []
    with open_database(directory) as watching:
        watching.subscribe(seen.extend)
        for _ in range(count):
            with Writer(directory, durability) as writer:
                writer.read_until(dice.randint(1, most))
            watching.refresh()
            assert missing(watching, writer.acknowledged, f"w{writer.process.pid}") == []
        assert seen == list(watching.history())
        assert len(seen) >= count
    check_whole(directory)


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_acknowledged_commits_survive_a_few_kills(tmp_path: Path, durability: str) -> None:
    rounds(tmp_path / "store", 5, 50, durability, 1)


@pytest.mark.slow
def test_acknowledged_commits_survive_a_hundred_kills(tmp_path: Path) -> None:
    rounds(tmp_path / "store", 100, 1000, "full", 2)


def test_a_killed_writer_does_not_hold_up_another(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    with Writer(directory) as victim, Writer(directory) as other:
        victim.read_until(50)
        other.read_until(50)
        victim.kill()
        other.read_until(len(other.acknowledged) + 100)
    with open_database(directory) as database:
        for writer in (victim, other):
            assert missing(database, writer.acknowledged, f"w{writer.process.pid}") == []
    check_whole(directory)


def test_an_unknown_outcome_is_resolved_by_its_request_id(tmp_path: Path) -> None:
    """The writer died; whether its last request went in is in the log, and a retry is harmless."""
    directory = tmp_path / "store"
    with Writer(directory) as writer:
        writer.read_until(20)
    with open_database(directory) as database:
        last = list(database.history())[-1]
        first = database.commit(last.changes, request_id="again")
        assert database.find_request("again") == first
        assert database.commit(last.changes, request_id="again") == first
        assert database.find_request("never") is None
        assert database.head() == first.rev
