"""Reading, whatever engine is behind: the present, the past, what differs, and the way back."""

from __future__ import annotations

import sqlite3

import pytest

from tega.api import MISSING, Difference
from tega.engines import sqlite
from tega.errors import (
    Conflict,
    FutureRevision,
)
from tega.testing.faces import Face
from unit.tega.database.changes import delete, put, value


def test_an_old_revision_is_read(store: Face) -> None:
    for number in range(1, 301):
        store.commit([put(f"a.k{number % 7}", number)])
    assert value(store, "a.k1", at=1) == 1
    assert value(store, "a", at=3) == {"k1": 1, "k2": 2, "k3": 3}
    assert value(store, "a.k6", at=300) == 300 - (300 - 6) % 7
    assert value(store, at=0) == {}
    store.reopen()
    assert value(store, "a", at=3) == {"k1": 1, "k2": 2, "k3": 3}
    with pytest.raises(FutureRevision):
        store.get("a", at=301)
    with pytest.raises(FutureRevision):
        store.get("a", at=-1)


def test_selecting_by_glob(store: Face) -> None:
    store.commit([put("hosts.r1.up", True), put("hosts.r2.up", False), put("x", 1)])
    found = store.select("hosts.*.up")
    assert [(entry.path[1], entry.value, caught) for entry, caught in found] == [
        ("r1", True, ("r1",)),
        ("r2", False, ("r2",)),
    ]
    assert [entry.path for entry, _ in store.select("**.up")] == [
        ("hosts", "r1", "up"),
        ("hosts", "r2", "up"),
    ]
    assert [entry.value for entry, _ in store.select("hosts.r1")] == [{"up": True}]
    store.commit([put("deep." + "a." * 60 + "b", 1)])
    assert len(store.select("**." * 20 + "up")) == 2
    assert store.select("**.a." * 20 + "none") == []


def test_selecting_by_expression_gives_groups(store: Face) -> None:
    store.commit([put("operational-pe1.ip.route", 1), put("operational-ce2.ip", 2), put("config-pe1.ip", 3)])
    found = store.select(r"operational-(\w*)\.ip", regex=True)
    assert [(entry.path, entry.value, caught) for entry, caught in found] == [
        (("operational-pe1", "ip"), {"route": 1}, (("pe1",),)),
        (("operational-ce2", "ip"), 2, (("ce2",),)),
    ]
    assert store.select(r"operational-(\w*)\.ip", regex=True, at=0) == []


def test_history_of_a_path(store: Face) -> None:
    store.commit([put("a.b", 1)])
    store.commit([put("c", 1)])
    store.commit([put("a.c", 1)])
    store.commit([delete("a")])
    assert [commit.rev for commit in store.history("a.b")] == [1, 4]
    assert [commit.rev for commit in store.history("a", after=1, until=3)] == [3]
    assert [commit.rev for commit in store.history()] == [1, 2, 3, 4]


def test_a_history_of_large_commits_is_read_few_at_a_time(
    store: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []
    real = sqlite._fetch

    def counted(rows: sqlite3.Cursor) -> tuple[list[tuple[int, object]], bool]:
        found = real(rows)
        fetched.append(len(found[0]))
        return found

    for size in (10, 3000, 3000, 10, 10):
        store.commit([put("a", "x" * size)])
    monkeypatch.setattr(sqlite, "_fetch", counted)
    monkeypatch.setattr(sqlite, "CHUNK_BYTES", 2000)
    monkeypatch.setattr("tega.aio.store.CHUNK_S", 0.0)
    assert [commit.rev for commit in store.history()] == [1, 2, 3, 4, 5]
    assert fetched in ([], [2, 1, 2])


def test_difference_between_any_two_revisions(store: Face) -> None:
    store.commit([put("a", {"x": 1, "y": 1})])
    store.commit([put("a.x", 2), delete("a.y"), put("b", 1)])
    forward = [
        Difference(("a", "x"), 1, 2),
        Difference(("a", "y"), 1, MISSING),
        Difference(("b",), MISSING, 1),
    ]
    assert store.diff(1, 2) == forward
    assert store.diff(1) == forward
    assert {(d.path, d.after, d.before) for d in store.diff(2, 1)} == {
        (d.path, d.before, d.after) for d in forward
    }
    assert store.diff(2, 2) == []


def test_a_rollback_is_a_new_commit_and_can_be_undone(store: Face) -> None:
    store.commit([put("a", {"x": 1, "y": {"z": 1}}), put("b", 1)])
    store.commit([put("a.x", 2), delete("a.y"), put("b", 2)])
    third = store.rollback("a", 1, author="me")
    assert (third.rev, third.reverts, third.author) == (3, 1, "me")
    assert value(store) == {"a": {"x": 1, "y": {"z": 1}}, "b": 2}
    store.rollback("a", 2)
    assert value(store) == {"a": {"x": 2}, "b": 2}
    store.rollback(None, 0)
    assert value(store) == {}
    store.rollback(None, 3)
    assert value(store) == {"a": {"x": 1, "y": {"z": 1}}, "b": 2}
    store.reopen()
    assert value(store) == {"a": {"x": 1, "y": {"z": 1}}, "b": 2}
    with pytest.raises(Conflict):
        store.rollback("a", 1, expect=1)
    with pytest.raises(FutureRevision):
        store.rollback("a", 99)


def test_a_rollback_leaves_leased_nodes_alone(store: Face) -> None:
    lease = store.grant(60.0)
    store.commit([put("hosts", {"r1": 1})])
    store.commit([put("hosts.r2", {"up": True}, lease), put("hosts.r1", 2)])
    store.rollback("hosts", 1)
    assert value(store, "hosts") == {"r1": 1, "r2": {"up": True}}
    store.revoke(lease)
    store.rollback("hosts", 2)
    assert value(store, "hosts") == {"r1": 2}
