"""One random damage to the files of a store, and what every reading of it has to say then."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from tega.api import Change, Op
from tega.database import Database, open_database
from tega.engines.files import DATABASE, HEAD
from tega.errors import DamagedStore, NewerFormat, StoreError, StoreIOError
from tega.log.codec import canonical
from tega.transfer import export_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tega.api import Commit, Rev

    Question = Callable[[Database], object]

COMMITS = 240
ROOTS = ("a", "b", "c")
TABLES = {
    "commits": ("data",),
    "touched": ("version", "root"),
    "request": ("id", "rev", "next", "checksum"),
    "blob": ("name", "data"),
    "lease": ("ttl", "deadline", "boot", "owner"),
}
NOTICED = (DamagedStore, NewerFormat, StoreIOError)
"""The errors that say that the files are not what they should be."""


class Original:
    """A closed store with history, states, request ids and a lease, and all that it answers.

    Args:
        folder: Where it is made.
        horizon: Revision before which it is compacted; 0 for never.
    """

    def __init__(self, folder: Path, horizon: Rev) -> None:
        self.folder = folder / f"original-{horizon}"
        dice = random.Random(horizon)
        with open_database(self.folder, durability="normal") as database:
            for number in range(1, COMMITS + 1):
                change = Change(Op.PUT, (dice.choice(ROOTS), f"k{number % 20}"), "x" * dice.randrange(60))
                database.commit(
                    [change], author=f"who{number % 3}", request_id=f"id-{number}" if number % 2 else None
                )
                if number % 60 == 10:
                    database.snapshot()
            lease = database.grant(1e6, owner="somebody", lease_id="lease-1")
            database.put("hosts.r1", 1, lease=lease)
            if horizon:
                database.compact(horizon)
            self.questions = _questions(database)
        copy = shutil.copytree(self.folder, folder / "asked")
        with open_database(copy, durability="normal") as database:
            self.answers = {name: _shown(ask(database)) for name, ask in self.questions.items()}
        shutil.rmtree(copy)

    def damaged(self, where: Path, dice: random.Random) -> str:
        """Damage a copy, and return how."""
        if where.exists():
            shutil.rmtree(where)
        shutil.copytree(self.folder, where)
        if dice.random() < 0.2:
            return _damage_file(where, dice)
        with contextlib.closing(sqlite3.connect(where / DATABASE, isolation_level=None)) as direct:
            return _damage_rows(direct, dice)

    def judge(self, where: Path) -> tuple[list[str], bool]:
        """Return what is silently wrong, or fails without saying so, and whether any error was raised."""
        try:
            database = open_database(where, durability="normal")
        except NOTICED:
            return [], True
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return [f"open: {error!r}"], True
        wrong, reported = [], False
        with database:
            for name, ask in self.questions.items():
                try:
                    answer = _shown(ask(database))
                except NOTICED:
                    reported = True
                except Exception as error:  # noqa: BLE001 - the same
                    wrong.append(f"{name}: {error!r}")
                else:
                    if answer != self.answers[name]:
                        wrong.append(f"{name}: another answer than before")
        return wrong, reported


def _questions(database: Database) -> dict[str, Question]:
    """Everything that a store is asked about the past; in the end what writes."""
    head, oldest = database.head(), database.oldest()
    revs = range(oldest, head + 1, 11)
    asked: dict[str, Question] = {"tree": lambda d: d.view().value()}
    for rev in revs:
        asked[f"get at {rev}"] = partial(_value, rev=rev)
        asked[f"history after {rev}"] = partial(_history, after=rev, until=min(rev + 15, head))
    for root in ROOTS:
        asked[f"history of {root}"] = partial(_history, path=root)
        asked[f"part of the history of {root}"] = partial(
            _history, path=root, after=oldest + 40, until=oldest + 90
        )
        asked[f"versions of {root}"] = partial(_version_revs, root=root)
    asked["history"] = _history
    asked["diff"] = lambda d: d.diff(oldest + 5, head - 5)
    asked["versions"] = lambda d: d.versions()
    asked["export"] = lambda d: b"".join(export_lines(d, history=True))
    asked["requests"] = lambda d: [_rev(d.find_request(f"id-{n}")) for n in range(COMMITS + 9)]
    for number in (oldest + 1 | 1, oldest + 51 | 1, 189, COMMITS - 1):
        asked[f"retry of {number}"] = partial(_retried, request_id=f"id-{number}")
    asked["roll-back"] = partial(_rolled_back, to=oldest + 77)
    asked["leases"] = lambda d: len(d.leases()) < 2  # a lost one is not history
    return asked


def _value(database: Database, rev: Rev) -> object:
    return database.view(rev).value()


def _history(
    database: Database, path: str = "", after: Rev | None = None, until: Rev | None = None
) -> list[Commit]:
    return list(database.history(path, after=after, until=until))


def _version_revs(database: Database, root: str) -> list[Rev]:
    newest = database.versions()[root]
    return [database.version_rev(root, version) for version in range(newest - 20, newest + 1, 4)]


def _rev(commit: Commit | None) -> Rev | None:
    return None if commit is None else commit.rev


def _retried(database: Database, request_id: str) -> Rev:
    """A retry must find the commit that was made; asked while the original is made, it does."""
    found = database.find_request(request_id)
    assert found is not None
    return database.commit(found.changes, request_id=request_id).rev


def _rolled_back(database: Database, to: Rev) -> object:
    goal = database.view(to).value("a")
    database.rollback("a", to)
    assert database.view().value("a") == goal
    return goal


def _shown(answer: object) -> object:
    """By JSON's types and in order, as 1 and true are equal otherwise."""
    return canonical(answer) if isinstance(answer, dict) else answer


def _damage_file(where: Path, dice: random.Random) -> str:
    path = where / dice.choice([DATABASE, DATABASE, DATABASE, HEAD])
    data = bytearray(path.read_bytes())
    match dice.randrange(4):
        case 0:
            how, data = f"cut to {(left := dice.randrange(len(data)))}", data[:left]
        case 1:
            at = dice.randrange(len(data))
            how, data[at : at + 512] = f"512 bytes at {at} zeroed", bytes(len(data[at : at + 512]))
        case _:
            at, bit = dice.randrange(len(data)), dice.randrange(8)
            data[at] ^= 1 << bit
            how = f"bit {bit} of byte {at} flipped"
    path.write_bytes(data)
    return f"{path.name} {how}"


def _damage_rows(direct: sqlite3.Connection, dice: random.Random) -> str:
    table = dice.choice(["commits", "commits", "commits", "touched", "request", "blob", "lease"])
    _without_rules(direct)
    key = "name" if table == "blob" else "id" if table in ("request", "lease") else "rev"
    keys = [row[0] for row in direct.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]
    one, other = dice.choice(keys), dice.choice(keys)
    column = dice.choice(TABLES[table])
    how = dice.choice([_delete, _null, _flip, _swap, _cut, _duplicate, _retype])
    how(direct, table, column, key, *sorted((one, other)))
    return f"{how.__name__[1:]} {table}.{column} of {one!r} and {other!r}"


def _without_rules(direct: sqlite3.Connection) -> None:
    """As bytes on a disk know no constraints."""
    direct.execute("PRAGMA writable_schema = ON")
    direct.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    direct.execute("PRAGMA writable_schema = RESET")


def _delete(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    d.execute(f"DELETE FROM {table} WHERE {key} BETWEEN ? AND ?", (one, other))


def _null(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    _set(d, table, column, key, one, "NULL")


def _flip(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    (value,) = d.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (one,)).fetchone()
    if isinstance(value, bytes):
        at = hash((len(value), str(one))) % len(value) if value else 0
        value = value[:at] + bytes([value[at] ^ 4]) + value[at + 1 :]
    elif isinstance(value, str):
        value = chr(ord(value[0]) ^ 1) + value[1:] if value else "?"
    else:
        value += 1
    _set(d, table, column, key, one, "?", value)


def _swap(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    query = f"SELECT {column} FROM {table} WHERE {key} = ?"
    (first,), (second,) = (d.execute(query, (row,)).fetchone() for row in (one, other))
    if column != key:
        _set(d, table, column, key, one, "?", second)
        _set(d, table, column, key, other, "?", first)


def _cut(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    _set(d, table, column, key, one, f"substr({column}, 1, length({column}) / 2)")


def _duplicate(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    rest = [row[1] for row in d.execute(f"PRAGMA table_info({table})") if row[1] != key]
    values = d.execute(f"SELECT {', '.join(rest)} FROM {table} WHERE {key} = ?", (one,)).fetchone()
    sets = ", ".join(f"{name} = ?" for name in rest)
    d.execute(f"UPDATE OR IGNORE {table} SET {sets} WHERE {key} = ?", (*values, other))


def _retype(d: sqlite3.Connection, table: str, column: str, key: str, one: object, other: object) -> None:
    _set(d, table, column, key, one, "?", 7.5 if column in ("data", "boot", "owner") else b"\xff\xfe")


def _set(
    d: sqlite3.Connection, table: str, column: str, key: str, row: object, to: str, *values: object
) -> None:
    d.execute(f"UPDATE OR IGNORE {table} SET {column} = {to} WHERE {key} = ?", (*values, row))


def count_wrong(originals: list[Original], where: Path, seed: int, count: int) -> tuple[list[str], int]:
    """Damage and ask `count` times; return what is wrong, and how many damages were reported."""
    dice = random.Random(seed)
    wrong: list[str] = []
    reported = 0
    for number in range(count):
        original = originals[number % len(originals)]
        how = original.damaged(where, dice)
        found, noticed = original.judge(where)
        wrong += [f"{number}: {how}: {what}" for what in found]
        reported += noticed
    return wrong, reported


__all__ = ["Original", "StoreError", "count_wrong"]
