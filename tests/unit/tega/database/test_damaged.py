"""A log with a gap: no reading of the past takes it for the truth, and each says what is missing."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tega.api import Change, Op
from tega.database import Database, open_database
from tega.engines.files import DATABASE
from tega.engines.opened import FORMAT
from tega.engines.sqlite import SqliteLog
from tega.errors import Compacted, DamagedStore, NewerFormat, StoreError
from tega.transfer import export_lines
from unit.tega.damage import Original, count_wrong

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMITS = 300


def test_none_of_the_first_random_damages_is_silently_wrong(tmp_path: Path) -> None:
    """The whole row of five hundred is in tests/tega_crash."""
    originals = [Original(tmp_path, 0), Original(tmp_path, 100)]
    wrong, reported = count_wrong(originals, tmp_path / "store", 11, 20)
    assert wrong == []
    assert reported > 10


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of 300 commits, in which every third root and every second request id is the same kind."""
    with open_database(tmp_path, durability="normal") as database:
        for number in range(1, COMMITS + 1):
            change = Change(Op.PUT, (f"r{number % 3}",), number)
            database.commit([change], request_id=f"id-{number}" if number % 2 else None)
            if number == 250:
                database.snapshot()
    return tmp_path


def direct(where: Path, *statements: str) -> None:
    """Change the files behind the store's back."""
    with contextlib.closing(sqlite3.connect(where / DATABASE, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


GAP = "DELETE FROM commits WHERE rev BETWEEN 150 AND 220"


@pytest.mark.parametrize(
    "read",
    [
        lambda d: d.get(at=200),
        lambda d: d.get(at=230),
        lambda d: d.get(at=150),
        lambda d: d.diff(100, 200),
        lambda d: d.diff(200),
        lambda d: d.rollback("r1", 200),
        lambda d: d.rollback(None, 220),
        lambda d: list(d.history()),
        lambda d: list(d.history(after=149, until=220)),
        lambda d: list(d.history(after=160, until=170)),
        lambda d: list(d.history(until=150)),
        lambda d: list(export_lines(d, history=True)),
        lambda d: d.compact(180),
        lambda d: d.verify(),
    ],
)
def test_what_lies_in_a_gap_is_not_read(store: Path, read: Callable[[Database], object]) -> None:
    direct(store, GAP)
    with open_database(store) as database:
        with pytest.raises(DamagedStore, match=r"revisions? 1[56]\d.* missing in the log") as caught:
            read(database)
        assert str(caught.value).startswith(f"{store}: the database is damaged: revision")
        assert "tega.salvage() reads the last good state" in str(caught.value)
        assert database.head() == COMMITS
        assert database.view().value() == {"r1": 298, "r2": 299, "r0": 300}


@pytest.mark.parametrize(
    "statement", [GAP, "DELETE FROM touched WHERE root = 'r1' AND rev BETWEEN 150 AND 220"]
)
@pytest.mark.parametrize("after", [None, 100, 149, 200])
def test_what_a_root_has_gone_through_is_not_read_with_a_gap(
    store: Path, statement: str, after: int | None
) -> None:
    direct(store, statement)
    with (
        open_database(store) as database,
        pytest.raises(DamagedStore, match=r"version 5\d of root r1|missing"),
    ):
        list(database.history("r1", after=after))


def test_what_lies_beside_a_gap_is_read(store: Path) -> None:
    direct(store, GAP)
    with open_database(store) as database:
        assert database.get("r1", at=149).value == 148  # type: ignore[union-attr]
        assert database.get("r1", at=260).value == 259  # type: ignore[union-attr]
        assert [commit.rev for commit in database.history(after=140, until=148)] == list(range(141, 149))
        assert [commit.rev for commit in database.history(after=230, until=235)] == list(range(231, 236))
        assert [commit.rev for commit in database.history("r1", after=225, until=230)] == [226, 229]
        assert database.version_rev("r1", 2) == 4
        assert database.put("a", 1).rev == COMMITS + 1


def test_a_damaged_past_can_be_forgotten(store: Path) -> None:
    direct(store, GAP)
    with open_database(store) as database:
        database.compact(251)
        database.verify()
        assert database.oldest() == 250


def test_the_beginning_of_the_log_does_not_pass_for_compacted(store: Path) -> None:
    """Also where it ends at a state that was written."""
    direct(store, "DELETE FROM commits WHERE rev <= 250")
    with open_database(store) as database:
        assert database.oldest() == 0
        for read in (lambda: list(database.history()), lambda: database.get(at=100)):
            with pytest.raises(DamagedStore, match=r"revisions 1 to (100|250) are missing"):
                read()


def test_a_log_that_loses_its_end_while_it_is_open_takes_no_commit(store: Path) -> None:
    with open_database(store) as database:
        direct(store, "DELETE FROM commits WHERE rev > 295")
        with pytest.raises(DamagedStore, match="ends at revision 295, yet revision 300 was committed"):
            database.put("a", 1)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM request WHERE id = 'id-151'",
        "DELETE FROM request WHERE id > 'id-1' AND id < 'id-2'",
        "DELETE FROM request",
        "UPDATE request SET id = 'id-152' WHERE id = 'id-151'",
        "UPDATE request SET rev = 153 WHERE id = 'id-151'",
        "DELETE FROM commits WHERE rev = 151",
    ],
)
def test_a_retry_is_not_committed_twice_where_its_id_was_lost(store: Path, statement: str) -> None:
    direct(store, statement)
    with open_database(store) as database:
        again = [Change(Op.PUT, ("r1",), 151)]
        asked: tuple[Callable[[], object], ...] = (
            lambda: database.commit(again, request_id="id-151"),
            lambda: database.submit(
                database.request(again, request_id="new"), database.request(again, request_id="id-151")
            ),
            lambda: database.find_request("id-151"),
        )
        for ask in asked:
            with pytest.raises(DamagedStore):
                ask()
        late = list(database.history(after=COMMITS))
        assert [commit.request_id for commit in late] in ([], ["new"])
        with pytest.raises(DamagedStore):
            database.verify()


@pytest.mark.parametrize(
    "table", ["commits.data", "blob.data", "request.next", "touched.version", "lease.boot"]
)
@pytest.mark.parametrize("value", ["NULL", "7", "x'00'", "1.5", "CAST(x'ff' AS TEXT)"])
def test_a_value_of_another_kind_is_reported_as_damage(store: Path, table: str, value: str) -> None:
    table, column = table.split(".")
    if table == "lease" and value in ("7", "1.5"):
        pytest.skip("SQLite makes a text of a number in a column of texts")
    with open_database(store) as database:
        database.grant(60.0)
    direct(
        store,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'",
        "PRAGMA writable_schema = RESET",
        f"UPDATE {table} SET {column} = {value}",
    )
    with pytest.raises(DamagedStore):
        read_all(store)


def read_all(store: Path) -> None:
    with open_database(store) as database:
        database.verify()
        list(database.history("r1"))
        database.version_rev("r1", 50)
        database.leases()


def test_a_state_that_stands_at_another_revision_is_not_taken(store: Path) -> None:
    with open_database(store) as database:
        database.compact(100)
    name = "'state-00000000000000fa'"
    direct(
        store,
        f"UPDATE blob SET data = (SELECT data FROM blob WHERE name LIKE '%63') WHERE name = {name}",
    )
    with pytest.raises(DamagedStore, match="stands the state of revision 99"):
        open_database(store)


def test_a_state_of_another_revision_does_not_stand_for_what_was_forgotten(store: Path) -> None:
    with open_database(store) as database:
        database.compact(100)
    name = "'state-0000000000000063'"
    direct(store, f"UPDATE blob SET data = (SELECT data FROM blob WHERE name LIKE '%fa') WHERE name = {name}")
    with open_database(store) as database:
        for read in (
            lambda: list(export_lines(database, history=True)),
            lambda: list(database.history("r1")),
            lambda: database.get(at=120),
        ):
            with pytest.raises(DamagedStore, match="stands the state of revision 250"):
                read()


def test_a_lost_state_at_the_horizon_is_not_called_compacted(store: Path) -> None:
    with open_database(store) as database:
        database.compact(100)
    direct(store, "DELETE FROM blob WHERE name = 'state-0000000000000063'")
    with open_database(store) as database:
        with pytest.raises(Compacted):
            database.get(at=98)
        with pytest.raises(DamagedStore, match="the log begins at revision 100 and no state leads there"):
            database.get(at=120)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM blob WHERE name = 'horizon'", "UPDATE blob SET data = x'00'"]
)
def test_a_lost_horizon_does_not_hide_what_is_missing(store: Path, statement: str) -> None:
    with open_database(store) as database:
        database.compact(100)
    direct(store, f"{statement}")
    with pytest.raises(DamagedStore), open_database(store) as database:
        list(database.history())


def test_nodes_of_a_lost_lease_go(store: Path) -> None:
    with open_database(store) as database:
        database.put("hosts.r1", 1, lease=database.grant(60.0, lease_id="gone"))
        database.put("hosts.r2", 1, lease=database.grant(60.0))
    direct(store, "DELETE FROM lease WHERE id = 'gone'")
    with open_database(store) as database:
        database.expire()
        assert database.view().keys("hosts") == ["r2"]


# ---------------------------------------------------------- older and newer formats


def as_format_1(where: Path) -> None:
    """Turn the files into what the first version wrote."""
    direct(
        where,
        "CREATE TABLE old (id TEXT PRIMARY KEY, rev INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO old SELECT id, rev FROM request WHERE id <> ''",
        "DROP TABLE request",
        "ALTER TABLE old RENAME TO request",
        "DELETE FROM blob WHERE name = 'horizon'",
        "PRAGMA user_version = 1",
        "PRAGMA auto_vacuum = NONE",
        "VACUUM",
    )


@pytest.mark.parametrize("compacted", [0, 100])
def test_a_store_of_the_first_format_is_taken_over(store: Path, compacted: int) -> None:
    with open_database(store) as database:
        database.compact(compacted)
        before = list(database.history())
    as_format_1(store)
    with open_database(store, read_only=True) as database:
        assert list(database.history()) == before
    with open_database(store) as database:
        assert list(database.history()) == before
        assert database.commit([Change(Op.PUT, ("r1",), 151)], request_id="id-151").rev == 151
        assert database.commit([Change(Op.PUT, ("r1",), 2)], request_id="id-new").rev == COMMITS + 1
        database.verify()
        database.compact(200)
        database.verify()
    with contextlib.closing(sqlite3.connect(store / DATABASE)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_a_store_of_a_newer_format_is_not_called_damaged(store: Path) -> None:
    direct(store, f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(
        NewerFormat, match=f"is of format {FORMAT + 1}, this version reads up to {FORMAT}"
    ) as caught:
        open_database(store)
    assert isinstance(caught.value, StoreError)
    assert not isinstance(caught.value, DamagedStore)


def test_the_request_index_forgets_what_was_compacted(tmp_path: Path) -> None:
    """In portions, and an id that is forgotten may come again, before and after its row has gone."""
    log = SqliteLog(str(tmp_path), durability="normal")
    with Database(log) as database:
        for number in range(50):
            database.commit([Change(Op.PUT, ("a",), number)], request_id=f"id-{number * 7 % 50}")
            if number == 9:
                database.snapshot()
        log.truncate(11, "state-000000000000000a")
        assert database.find_request("id-7") is None
        assert database.commit([Change(Op.PUT, ("a",), 1)], request_id="id-7").rev == 51
    with open_database(tmp_path) as database:
        database.snapshot()
        database.put("b", 1)
        database.compact(52)
        assert database.find_request("id-7") is None
        assert database.commit([Change(Op.PUT, ("a",), 1)], request_id="id-7").rev == 53
        database.log.check()
