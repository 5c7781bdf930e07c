"""A database that is open is sound whatever is committed to it, and no longer once its files are touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlan.keep.soundness import Soundness
from tega.database import Database, open_database

OTHER = """
import sqlite3, sys
from tega.database import open_database
with open_database(sys.argv[1]) as database:
    for n in range(20):
        database.put(("other",), "x" * 5000 + str(n))
if sys.argv[2:]:
    connection = sqlite3.connect(sys.argv[1] + "/tega.db")
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path / "tega") as database:
        for n in range(50):
            database.put(("mine", f"k{n}"), "y" * 1000)
        yield database


@pytest.fixture
def directory(database: Database, tmp_path: Path) -> Path:
    return tmp_path / "tega"


def another_process(directory: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-c", OTHER, str(directory), *words], check=True)


def test_commits_of_anybody_and_checkpoints_harm_nothing(database: Database, directory: Path) -> None:
    soundness = Soundness(directory)
    database.put(("mine",), 1)
    assert soundness.why_not() == ""
    another_process(directory)
    assert soundness.why_not() == ""
    another_process(directory, "checkpoint")
    assert soundness.why_not() == ""
    assert database.head() == 50 + 1 + 40


def test_compaction_harms_nothing(database: Database, directory: Path) -> None:
    """Also that of a full disk, which gives up the reserve and lays it up again."""
    soundness = Soundness(directory)
    database.compact(20)
    assert soundness.why_not() == ""
    another_process(directory)
    database.snapshot()
    database.put(("mine",), 1)
    database._squeeze(database.head() - 1)
    assert database.oldest() > 30
    assert soundness.why_not() == ""
    database.compact(database.head())
    assert soundness.why_not() == ""
    (directory / "tega.reserve").unlink()
    assert soundness.why_not() == ""


def garble(directory: Path) -> None:
    """Overwrite the middle of the main file, all of which has been written by a checkpoint."""
    another_process(directory, "checkpoint")
    with open(directory / "tega.db", "r+b") as file:
        file.seek(8192)
        file.write(b"no page of any database" * 2000)


def cut(name: str) -> Callable[[Path], None]:
    return lambda directory: os.truncate(directory / name, 100)


def replace(directory: Path) -> None:
    data = (directory / "tega.db").read_bytes()
    (directory / "tega.db").rename(directory / "older")
    (directory / "tega.db").write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (garble, ""),
        (cut("tega.db"), "tega.db is cut short"),
        (cut("tega.db-shm"), "tega.db-shm is cut short"),
        (cut("tega.head"), "tega.head is cut short"),
        (
            lambda directory: (directory / "tega.head").write_bytes(b"nonsense" * 16),
            "tega.head does not tell where the log ends",
        ),
        (cut("tega.db-wal"), ""),
        (lambda directory: (directory / "tega.db-wal").write_bytes(b"nonsense" * 1000), ""),
        (lambda directory: (directory / "tega.db").unlink(), "tega.db is gone"),
        (replace, "tega.db is another file than it was"),
    ],
    ids=[
        "garbled",
        "cut-main",
        "cut-shared",
        "cut-head",
        "garbled-head",
        "cut-log",
        "garbled-log",
        "gone",
        "replaced",
    ],
)
def test_harm_is_noticed(directory: Path, harm: Callable[[Path], object], why: str) -> None:
    soundness = Soundness(directory)
    harm(directory)
    said = soundness.why_not()
    assert said == why if why else said
