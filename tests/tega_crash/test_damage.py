"""Flipped bits and truncations: noticed or harmless, never wrong data; the last good state is readable."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

import tega
from tega.database import open_database
from tega.engines.files import DATABASE, HEAD
from tega.errors import DamagedStore, StoreError
from tega.log.state import State, advance
from tega.values import same_json

if TYPE_CHECKING:
    from pathlib import Path

    from tega.api import Commit

COMMITS = 300


class Original:
    """A store with some history; copies of it are damaged.

    One that was closed has all in its database file, one that is open
    still has it in the write-ahead log: that file is the `holder`.
    """

    def __init__(self, folder: Path, closed: bool) -> None:
        self.folder = folder / "original"
        self.holder = DATABASE if closed else f"{DATABASE}-wal"
        database = open_database(folder / "live", durability="normal")
        for number in range(1, COMMITS + 1):
            database.put(f"r{number % 5}.k{number}", {"n": number, "text": "x" * (number % 90)})
            if number == COMMITS // 2:
                database.put("large", "y" * 20_000)
        self.tree = database.view().value()
        self.head = database.head()
        self.log: list[Commit] = list(database.history())
        self.trees = {rev: database.view(rev).value() for rev in range(self.head + 1)}
        if closed:
            database.close()
        shutil.copytree(folder / "live", self.folder)
        database.close()

    def copy(self, where: Path) -> Path:
        if where.exists():
            shutil.rmtree(where)
        shutil.copytree(self.folder, where)
        return where


@pytest.fixture(scope="module", params=["closed", "open"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(tmp_path_factory.mktemp("damage"), request.param == "closed")


def noticed(directory: Path, original: Original) -> bool:
    """Open and read everything; False means that all of it is right, True that an error was raised."""
    try:
        with open_database(directory) as database:
            assert database.verify() == original.log[-1].hash
            assert same_json(database.view().value(), original.tree)
            assert list(database.history()) == original.log
    except StoreError:
        return True
    return False


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


@pytest.mark.parametrize("name", [DATABASE, f"{DATABASE}-wal", HEAD])
def test_a_flipped_bit_is_noticed_or_harmless(original: Original, tmp_path: Path, name: str) -> None:
    if not (original.folder / name).exists():
        pytest.skip("a store that was closed has no write-ahead log")
    dice = random.Random(5)
    reported = 0
    size = (original.folder / name).stat().st_size
    for _ in range(60):
        directory = original.copy(tmp_path / "store")
        flip(directory / name, dice.randrange(size * 8))
        reported += noticed(directory, original)
    assert reported > 10 or name != original.holder


def test_a_flipped_bit_in_a_record_is_always_noticed(original: Original, tmp_path: Path) -> None:
    """Wherever the text of one commit stands in the files, it cannot be altered unseen."""
    directory = original.copy(tmp_path / "store")
    wanted = original.log[-1].request_id.encode()
    places = []
    for path in sorted(directory.iterdir()):
        data = path.read_bytes()
        at = data.rfind(wanted)
        if at >= 0:
            places.append((path, at))
    assert places
    path, at = places[-1]
    flip(path, at * 8)
    with pytest.raises(DamagedStore) as caught:
        open_database(directory).close()
    assert "tega.salvage() reads the last good state" in str(caught.value)


@pytest.mark.parametrize("name", [DATABASE, f"{DATABASE}-wal"])
def test_a_truncated_file_is_noticed(original: Original, tmp_path: Path, name: str) -> None:
    if not (original.folder / name).exists():
        pytest.skip("a store that was closed has no write-ahead log")
    size = (original.folder / name).stat().st_size
    for left in [0, 1, 100, 4096, size // 3, size // 2, size - 4096, size - 1]:
        directory = original.copy(tmp_path / "store")
        with (directory / name).open("r+b") as file:
            file.truncate(left)
        reported = noticed(directory, original)
        assert reported or name != original.holder, f"{name} cut from {size} to {left} bytes"


def test_a_lost_write_ahead_log_or_database_is_noticed(original: Original, tmp_path: Path) -> None:
    directory = original.copy(tmp_path / "store")
    (directory / original.holder).unlink()
    assert noticed(directory, original)


def test_the_last_good_state_is_salvaged(original: Original, tmp_path: Path) -> None:
    """Whatever is flipped or cut, what salvage returns was once committed, and most of it is there."""
    dice = random.Random(7)
    whole = 0
    for attempt in range(40):
        directory = original.copy(tmp_path / "store")
        name = dice.choice([path.name for path in directory.iterdir() if path.name.startswith(DATABASE)])
        size = (directory / name).stat().st_size
        if attempt % 4 == 0:
            with (directory / name).open("r+b") as file:
                file.truncate(dice.randrange(size))
        else:
            flip(directory / name, dice.randrange(size * 8))
        salvaged = tega.salvage(directory)
        assert same_json(salvaged.tree, original.trees[salvaged.rev])
        assert list(salvaged.commits) == original.log[salvaged.rev - len(salvaged.commits) : salvaged.rev]
        assert (salvaged.lost == "") == (salvaged.rev == original.head)
        whole += salvaged.rev == original.head
    assert whole > 15


def test_an_undamaged_store_is_salvaged_whole_and_restored_alike(original: Original, tmp_path: Path) -> None:
    directory = original.copy(tmp_path / "store")
    salvaged = tega.salvage(directory)
    assert (salvaged.rev, salvaged.lost, salvaged.from_start) == (original.head, "", True)
    folder = tega.set_aside(directory)
    assert folder is not None
    assert tega.restore(salvaged, directory) == original.head
    assert not noticed(directory, original)
    assert tega.salvage(folder).rev == original.head


def test_setting_aside_overwrites_nothing(original: Original, tmp_path: Path) -> None:
    directory = original.copy(tmp_path / "store")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    one = tega.set_aside(directory)
    assert one is not None
    open_database(directory).close()
    two = tega.set_aside(directory)
    assert two is not None
    assert one != two
    assert {path.name: path.read_bytes() for path in type(directory)(one).iterdir()} == before
    assert tega.set_aside(directory) is None


def test_what_is_no_database_at_all(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, " * 1000)
    with pytest.raises(DamagedStore):
        open_database(tmp_path)
    with pytest.raises(StoreError, match="there is no tega"):
        tega.salvage(tmp_path / "nowhere")
    assert tega.salvage(tmp_path).rev == 0


def test_a_restored_store_without_its_beginning_has_the_tree(tmp_path: Path) -> None:
    with open_database(tmp_path / "one") as database:
        for number in range(10):
            database.put("a", {"n": number})
        database.compact(5)
    salvaged = tega.salvage(tmp_path / "one")
    assert (salvaged.rev, salvaged.from_start, len(salvaged.commits)) == (10, False, 6)
    tega.restore(salvaged, tmp_path / "two")
    with open_database(tmp_path / "two") as database:
        assert database.view().value() == {"a": {"n": 9}}
        assert next(database.history()).message == "salvaged from revision 10"
    with pytest.raises(StoreError, match="there is a store already"):
        tega.restore(salvaged, tmp_path / "two")


@pytest.mark.parametrize("compacted", [False, True])
def test_a_restored_store_has_no_nodes_of_sessions_that_are_gone(tmp_path: Path, compacted: bool) -> None:
    with open_database(tmp_path / "one") as database:
        database.put("hosts.r1", {"up": True}, lease=database.grant(60.0))
        database.put("hosts.r2", 2)
        if compacted:
            database.compact(2)
    salvaged = tega.salvage(tmp_path / "one")
    assert salvaged.leased == (("hosts", "r1"),)
    assert tega.restore(salvaged, tmp_path / "two") == (1 if compacted else 3)
    with open_database(tmp_path / "two") as database:
        assert database.view().value() == {"hosts": {"r2": 2}}


def test_salvage_follows_each_commit_once_however_many_states_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_database(tmp_path) as database:
        for number in range(20):
            database.put("a", number)
            database.snapshot()
    followed: list[int] = []

    def count(state: State, commit: Commit) -> State:
        followed.append(commit.rev)
        return advance(state, commit)

    monkeypatch.setattr("tega.database.repair.advance", count)
    assert tega.salvage(tmp_path).rev == 20
    assert followed == list(range(1, 21))
