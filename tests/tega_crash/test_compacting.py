"""Compaction killed at random moments, and beside writers, readers and a second compaction."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tega.database import open_database
from tega.errors import Compacted

from .support import Writer, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPACTOR = Path(__file__).with_name("compactor.py")


@contextlib.contextmanager
def compactor(directory: Path, kept: int, how: str = "compact") -> Iterator[subprocess.Popen[bytes]]:
    """Run it until the block ends, which kills it."""
    command = [sys.executable, str(COMPACTOR), str(directory), str(kept), how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def read_lines(process: subprocess.Popen[bytes], count: int) -> None:
    assert process.stdout is not None
    for _ in range(count):
        assert process.stdout.readline(), "it ended by itself"


def check(directory: Path) -> int:
    """All that is kept is whole and readable; returns the horizon."""
    with open_database(directory) as database:
        database.verify()
        oldest, head = database.oldest(), database.head()
        assert [commit.rev for commit in database.history()] == list(range(oldest + 1, head + 1))
        for rev in {oldest, (oldest + head) // 2, head}:
            assert database.view(rev).rev == rev
        return oldest


def rounds(directory: Path, count: int, how: str, seed: int) -> None:
    dice = random.Random(seed)
    before = -1
    for _ in range(count):
        with compactor(directory, dice.choice([2, 30, 300]), how) as process:
            read_lines(process, dice.randint(1, 4))
        oldest = check(directory)
        assert oldest >= before
        before = oldest
    with open_database(directory) as database:
        database.compact(database.head())
    assert (directory / "tega.db").stat().st_size < 200_000


@pytest.mark.parametrize("how", ["compact", "squeeze"])
def test_a_few_killed_compactions(tmp_path: Path, how: str) -> None:
    rounds(tmp_path / "store", 4, how, 1)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["compact", "squeeze"])
def test_many_killed_compactions(tmp_path: Path, how: str) -> None:
    rounds(tmp_path / "store", 60, how, 2)


def test_writers_readers_and_two_compactions_at_once(tmp_path: Path) -> None:
    """Whatever a reader gets is true: a gap is one of compaction, and no commit that is kept is lost."""
    directory = tmp_path / "store"
    with (
        Writer(directory, "normal") as writer,
        compactor(directory, 200) as one,
        compactor(directory, 50, "squeeze") as other,
        open_database(directory) as reader,
    ):
        for _ in range(20):
            read_lines(one, 1)
            read_lines(other, 1)
            read_all(reader)
        writer.read_until(len(writer.acknowledged) + 50)
    check(directory)
    with open_database(directory) as database:
        kept = [(rev, number) for rev, number in writer.acknowledged if rev > database.oldest()]
        assert missing(database, kept, f"w{writer.process.pid}") == []


def read_all(reader: object) -> None:
    from tega.database import Database

    assert isinstance(reader, Database)
    oldest = reader.oldest()
    with contextlib.suppress(Compacted):
        revs = [commit.rev for commit in reader.history(after=oldest)]
        assert revs == list(range(oldest + 1, oldest + 1 + len(revs)))
    with contextlib.suppress(Compacted):
        list(reader.history("same"))
    with contextlib.suppress(Compacted):
        assert reader.view(oldest + 1).rev == oldest + 1
    assert reader.view().value("compactor.k1") is not None
