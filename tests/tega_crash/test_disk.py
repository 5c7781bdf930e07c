"""A full disk and a directory that cannot be written: clear errors, nothing lost, recovery."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import open_database
from tega.engines.files import DATABASE
from tega.errors import DamagedStore, ReadOnly, StoreError, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tega.database import Database

SIZE = 6 << 20
LARGER = 32 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    yield from disk_of(SIZE, tmp_path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MB."""
    yield from disk_of(LARGER, tmp_path)


def disk_of(size: int, tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "disk"
    where.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)], capture_output=True
    )
    if done.returncode != 0:
        pytest.skip(f"needs a small file system: {done.stderr.decode().strip()}")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def fill(database: Database, start: int = 0) -> tuple[int, StoreError]:
    """Commit until it fails; returns how many went in and the error."""
    number = start
    while True:
        try:
            database.put(f"a.k{number}", "x" * 20_000)
        except StoreError as error:
            return number, error
        number += 1


def test_a_full_disk_is_reported_and_recovers(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(2 << 20))
    with open_database(small_disk / "store") as database:
        count, error = fill(database)
        assert isinstance(error, StoreFull)
        assert "the disk or quota is full; free some space and retry" in str(error)
        assert (database.head(), len(database.view().keys("a"))) == (count, count)
        with pytest.raises(StoreFull):
            database.put("large", "y" * 3_000_000)
        assert database.head() == count
        with open_database(small_disk / "store", read_only=True) as reader:
            assert reader.head() == count
        filler.unlink()
        database.put("after", 1)
        assert database.head() == count + 1
        database.verify()
    with open_database(small_disk / "store") as database:
        assert database.head() == count + 1
        assert database.view().keys("a") == [f"k{number}" for number in range(count)]
        database.verify()


def test_a_disk_that_is_full_when_the_store_is_opened(small_disk: Path) -> None:
    with open_database(small_disk / "store") as database:
        count, _ = fill(database)
    filler = small_disk / "filler"
    free = os.statvfs(small_disk)
    filler.write_bytes(bytes(free.f_bavail * free.f_bsize))
    with pytest.raises(StoreFull):
        open_database(small_disk / "other")
    with open_database(small_disk / "store", read_only=True) as database:
        assert database.head() == count
    filler.unlink()
    with open_database(small_disk / "store") as database:
        assert len(database.view().keys("a")) == count
        database.verify()


def test_a_group_that_does_not_fit_fails_whole_and_alone(small_disk: Path) -> None:
    with open_database(small_disk / "store") as database:
        database.put("a", 1)
        requests = [
            database.request([put_change(f"k{number}", "x" * 1_500_000)], author=str(number))
            for number in range(6)
        ]
        with pytest.raises(StoreFull):
            database.submit(*requests)
        assert [request.result for request in requests] == [None] * 6
        assert database.head() == 1
        assert database.put("b", 2).rev == 2
        database.verify()


def fill_over(database: Database, size: int) -> None:
    """Commit to the same few nodes until it fails."""
    for number in itertools.count():
        database.put(f"a.k{number % 5}", "x" * size)


def fill_up(disk: Path) -> None:
    """Take the last byte of a disk."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    assert os.statvfs(disk).f_bavail == 0


def put_change(path: str, value: str) -> Change:
    return Change(Op.PUT, (path,), value)


def test_a_read_only_file_system(small_disk: Path) -> None:
    directory = small_disk / "store"
    database = open_database(directory)
    database.put("a", 1)
    database.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ReadOnly, match="read_only=True"):
        open_database(directory)
    with pytest.raises(ReadOnly):
        open_database(small_disk / "new")
    with open_database(directory, read_only=True) as reader:
        assert reader.view().value() == {"a": 1}
        reader.verify()
        with pytest.raises(ReadOnly, match="opened to be read only"):
            reader.put("b", 2)
        assert reader.head() == 1
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with open_database(directory) as database:
        assert database.put("b", 2).rev == 2


def test_reading_only_sees_an_open_store_and_leaves_nothing_behind(tmp_path: Path) -> None:
    import tempfile

    before = set(os.listdir(tempfile.gettempdir()))
    with open_database(tmp_path / "store") as database:
        database.put("a", 1)
        with open_database(tmp_path / "store", read_only=True) as reader:
            assert reader.view().value("a") == 1
            database.put("a", 2)
            assert reader.view().value("a") == 1
    after = {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("tega-read-")}
    assert after <= before
    with pytest.raises(StoreError, match="no store to read"):
        open_database(tmp_path / "nowhere", read_only=True)


def test_reading_only_names_the_directory_that_was_asked_for(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        database.put("a", 1)
    (tmp_path / DATABASE).write_bytes(b"not a database, " * 1000)
    with pytest.raises(DamagedStore) as caught:
        open_database(tmp_path, read_only=True)
    assert str(caught.value).startswith(f"{tmp_path}: the database is damaged")
    assert caught.value.directory == str(tmp_path)


def test_reading_only_shows_the_leases_of_before_a_restart_of_the_machine(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        lease = database.grant(60.0, owner="me")
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as direct, direct:
        direct.execute("UPDATE lease SET boot = 'the boot before', deadline = 1e12")
    with open_database(tmp_path, read_only=True) as reader:
        assert [(found.id, found.remaining <= 60.0) for found in reader.leases()] == [(lease, True)]
        with pytest.raises(ReadOnly):
            reader.grant(60.0)


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_database(tmp_path / "file")


@pytest.mark.parametrize("size", [300, 3000, 20_000])
@pytest.mark.parametrize("reopened", [False, True])
def test_a_disk_without_a_free_byte_can_be_compacted(small_disk: Path, size: int, reopened: bool) -> None:
    database = open_database(small_disk / "store")
    with pytest.raises(StoreFull):
        fill_over(database, size)
    fill_up(small_disk)
    if reopened:
        database.close()
        database = open_database(small_disk / "store")
    with database:
        head = database.head()
        database.compact(head)
        assert os.statvfs(small_disk).f_bavail * 4096 > SIZE / 2
        assert database.oldest() == head - 1
        assert len(database.view().keys("a")) == 5
        database.put("b", "y" * 1_000_000)
        database.verify()


def fill_with(database: Database, nodes: int, size: int) -> int:
    """Commit to so many nodes of so many bytes until the disk is full; returns how often."""
    for number in itertools.count():
        try:
            database.put(f"a.k{number * 7919 % nodes}", f"{number:08}" + "x" * size)
        except StoreFull:
            return number
    raise AssertionError


@pytest.mark.parametrize(("nodes", "size"), [(200, 20_000), (2500, 1200), (4, 900_000), (12_000, 150)])
@pytest.mark.parametrize("reopened", [False, True])
def test_a_large_database_on_a_disk_without_a_free_byte_can_be_compacted(
    disk: Path, nodes: int, size: int, reopened: bool
) -> None:
    database = open_database(disk / "store", durability="normal")
    assert fill_with(database, nodes, size) > nodes
    fill_up(disk)
    if reopened:
        database.close()
        database = open_database(disk / "store")
    with database:
        head, tree = database.head(), database.view().value()
        database.compact(head)
        assert database.oldest() == head - 1
        assert os.statvfs(disk).f_bavail * 4096 > LARGER / 4
        assert database.view().value() == tree
        database.put("b", "y" * 1_000_000)
        database.verify()
    with open_database(disk / "store") as database:
        database.verify()


CHILD = """
import os, sys
from tega.api import Change, Op
from tega.database import open_database
database = open_database(sys.argv[1])
os.write(1, b"opened")
database.compact(int(sys.argv[2]))
"""


def test_compaction_of_a_large_database_on_a_full_disk_can_be_killed(disk: Path) -> None:
    """Wherever it is killed the store is whole, and in the end it is compacted."""
    with open_database(disk / "store", durability="normal") as database:
        fill_with(database, 2500, 1200)
        fill_up(disk)
        head, tree = database.head(), database.view().value()
    killed = 0
    for number in itertools.count():
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(disk / "store"), str(head)], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            assert child.stdout.read(6) == b"opened"
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(number * 0.015)
            child.kill()
        killed += child.returncode < 0
        with open_database(disk / "store", read_only=True) as database:
            database.verify()
            assert (database.head(), database.view().value()) == (head, tree)
        if child.returncode == 0:
            break
    assert killed > 1
    with open_database(disk / "store") as database:
        database.compact(head)
        assert database.oldest() == head - 1
        assert os.statvfs(disk).f_bavail * 4096 > LARGER / 4
        database.put("b", "y" * 1_000_000)
        database.verify()
