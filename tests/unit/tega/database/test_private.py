"""Whatever a store keeps on the disk is its owner's alone."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tega.database import open_database
from tega.engines.frozen import FrozenLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(where: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in where.iterdir()}


def test_files_and_directory_of_a_new_store(tmp_path: Path) -> None:
    where = tmp_path / "store"
    with open_database(where) as database:
        database.put("secret", "x")
        database.snapshot()
        found = modes(where)
        assert set(found) == {"tega.db", "tega.db-wal", "tega.db-shm", "tega.head", "tega.reserve"}
        assert set(found.values()) == {0o600}
    assert stat.S_IMODE(where.stat().st_mode) == 0o700


def test_files_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        database.put("a", 1)
        for path in tmp_path.iterdir():
            path.chmod(0o664)
        tmp_path.chmod(0o755)
        with open_database(tmp_path) as other:
            other.put("a", 2)
            assert set(modes(tmp_path).values()) == {0o600}
        assert database.put("a", 3).rev == 3
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755  # it may hold other things


def test_a_copy_for_reading_only(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        database.put("a", 1)
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    log = FrozenLog(str(tmp_path))
    try:
        folder = type(tmp_path)(log._copied)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {mode & 0o077 for mode in modes(folder).values()} == {0}
    finally:
        log.close()
    assert set(modes(tmp_path).values()) == {0o644}  # not touched
