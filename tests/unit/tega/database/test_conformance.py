"""What else each engine has to do: leases, watches, compaction, export, limits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tega.api import Change, Entry, Op
from tega.database import Database
from tega.engines import sqlite
from tega.engines.memory import Memory, MemoryLog
from tega.errors import (
    Compacted,
    FutureRevision,
    ImportRefused,
    InvalidValue,
    LeaseLost,
    TooLarge,
)
from tega.testing.faces import Face
from unit.tega.database.changes import delete, put, value


def test_a_leased_node_does_not_cost_more_the_more_leases_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(MemoryLog()) as database:
        lease = database.grant(60.0)
        monkeypatch.delattr(MemoryLog, "leases")
        database.put("a", 1, lease=lease)
        database.revoke(lease)
        assert database.get("a") is None


def test_leases_and_leased_nodes_that_are_gone_are_forgotten() -> None:
    memory = Memory()
    with Database(MemoryLog(memory)) as database, Database(MemoryLog(memory)) as other:
        held = database.grant(60.0)
        database.put("held.x", 1, lease=held)
        for number in range(600):
            brief = database.grant(60.0)
            database.put("brief", 1, lease=brief)
            database.put(("held", str(number)), 1, lease=held)
            database.commit([delete("brief"), Change(Op.DELETE, ("held", str(number)))])
            database.revoke(brief)
        assert other.head() == database.head()
        for one in (database, other):
            assert len(one._state.leased) < 260
            assert len(one._state.leased[held]) < 260
        other.revoke(held)
        assert database.get() == Entry((), {"held": {}}, database.head())


def test_a_lease_that_ends_within_a_group_is_not_lived_on() -> None:
    with Database(MemoryLog()) as database:
        lease = database.grant(60.0)
        ends = database.reaping(lease)
        late = database.request([put("b", 1, lease)])
        with pytest.raises(LeaseLost):
            database.submit(database.request([put("a", 1, lease)]), ends, late)
        assert database.get("a") is None
        assert database.get("b") is None


def test_leased_nodes_go_with_their_lease(store: Face) -> None:
    lease = store.grant(60.0)
    store.commit([put("hosts.r1", {"up": True}, lease), put("keep", 1), put("hosts.r2", 1, lease)])
    entry = store.get("hosts.r1.up")
    assert entry is not None
    assert entry.lease == lease
    store.commit([put("hosts.r2", "mine now")])
    store.keep_alive(lease)
    store.reopen()
    gone = store.revoke(lease)
    assert gone is not None
    assert gone.author == f"lease:{lease}"
    assert value(store) == {"hosts": {"r2": "mine now"}, "keep": 1}
    assert store.revoke(lease) is None
    with pytest.raises(LeaseLost):
        store.keep_alive(lease)
    with pytest.raises(LeaseLost):
        store.commit([put("hosts.r1", 1, lease)])
    with pytest.raises(InvalidValue):
        store.grant(0.0)
    with pytest.raises(InvalidValue):
        store.commit([Change(Op.DELETE, ("a",), None, lease)])


def test_watches_yield_every_commit_of_interest(store: Face) -> None:
    store.commit([put("a.b.c", 1)])
    store.commit([put("x", 1)])
    store.commit([put("a.b", {"c": 2})])
    store.commit([put("a.b.c.d", 3)])
    store.commit([put("a.z", 3)])
    store.commit([delete("a")])
    assert [c.rev for c in store.watch("a.b.c", after=0, until=6)] == [1, 3, 4, 6]
    assert [c.rev for c in store.watch("a.b.c", after=3, until=6)] == [4, 6]
    assert [c.rev for c in store.watch("**", after=0, until=6)] == [1, 2, 3, 4, 5, 6]
    assert [c.rev for c in store.watch("*", after=5, until=6)] == [6]


def test_watching_an_expression_sees_what_appears_and_vanishes_below_a_change(store: Face) -> None:
    store.commit([put("operational-pe1", {"ip": {"a": 1}})])
    store.commit([put("operational-pe1.x", 1)])
    store.commit([put("operational-pe1.ip.b", 1)])
    store.commit([put("config-pe1.ip", 1)])
    store.commit([delete("operational-pe1")])
    store.commit([delete("config-pe1")])
    store.commit([put("operational-pe1", {"y": 1})])
    store.commit([delete("operational-pe1")])
    store.commit([put("operational-pe1", {"x": {"ip": 1}, "ip": {"a": 1}})])
    store.commit([Change(Op.MERGE, (), {"operational-pe1": {"x": 2}})])
    store.commit([Change(Op.MERGE, (), {"operational-pe1": 2})])
    reported = store.watch(r"operational-(\w*)\.ip", after=0, until=11, regex=True)
    assert [commit.rev for commit in reported] == [1, 3, 5, 9, 11]


def test_compaction_keeps_a_horizon(store: Face) -> None:
    for number in range(1, 11):
        store.commit([put("a", number), put(f"r{number}", number)])
    before = [value(store, at=rev) for rev in range(5, 11)]
    store.compact(6)
    for _ in range(2):
        assert [value(store, at=rev) for rev in range(5, 11)] == before
        assert [commit.rev for commit in store.history()] == [6, 7, 8, 9, 10]
        with pytest.raises(Compacted) as caught:
            store.get("a", at=4)
        assert caught.value.oldest == 5
        with pytest.raises(Compacted):
            store.history(after=4)
        store.verify()
        store.reopen()
    assert store.commit([put("a", 11), put("r1", 2)]).roots == {"a": 11, "r1": 2}
    store.compact(12)
    store.reopen()
    assert store.head() == 11
    assert value(store, "a") == 11
    with pytest.raises(FutureRevision):
        store.compact(50)


def test_a_client_that_was_overtaken_by_compaction_catches_up(store: Face) -> None:
    other = store.second()
    assert other.head() == 0
    for number in range(1, 6):
        store.commit([put("a", number)])
    store.compact(5)
    assert value(other, "a") == 5
    assert other.commit([put("a", 6)]).rev == 6
    assert value(store, "a") == 6


def test_a_snapshot_starts_a_reopened_store(store: Face) -> None:
    store.commit([put("a", {"b": 1, "list": [1, {"c": None}], "empty": {}})])
    assert store.snapshot() == 1
    store.commit([put("x", 1.5)])
    store.reopen()
    assert value(store) == {"a": {"b": 1, "list": [1, {"c": None}], "empty": {}}, "x": 1.5}
    store.verify()


def test_export_and_import(store: Face) -> None:
    store.commit([put("a", {"b": 1, "e": {}}), put("c", [1, "ü"])])
    lease = store.grant(60.0)
    store.commit([put("live", 1, lease)])
    data = store.export()
    store.commit([put("a.b", 2), put("d", 3), delete("c")])
    plan = store.import_(data, mode="replace", dry_run=True)
    assert store.head() == 3
    done = store.import_(data, mode="replace")
    assert [change.path for change in done.changes] == [change.path for change in plan.changes]
    assert value(store) == {"a": {"b": 1, "e": {}}, "c": [1, "ü"], "live": 1}
    store.commit([put("d", 3), put("a.b", 9)])
    store.import_(data, mode="merge")
    assert value(store) == {"a": {"b": 1, "e": {}}, "c": [1, "ü"], "d": 3, "live": 1}
    assert store.export(at=2) == data


def test_a_mangled_export_is_refused(store: Face) -> None:
    store.commit([put("a", 1), put("b", 2)])
    data = store.export(history=True)
    for bad in [
        data.replace(b'"value":1', b'"value":3'),
        data[: data.rindex(b"\n", 0, -1)],
        b"[]\n",
        b"\xff\n",
        b"{}\n",
        b"",
    ]:
        with pytest.raises(ImportRefused):
            store.import_(bad, mode="replace")
    assert store.head() == 1


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make engines that take 64 KiB a commit at most."""
    for engine in (MemoryLog, sqlite.SqliteLog):
        whole = engine.limits
        limits = lambda log, whole=whole: whole(log)._replace(commit_bytes=64 << 10)  # noqa: E731
        monkeypatch.setattr(engine, "limits", limits)


@pytest.mark.usefixtures("small")
def test_a_commit_that_is_too_large_is_refused(store: Face) -> None:
    with pytest.raises(TooLarge, match="at most 65536"):
        store.commit([put("a", "x" * (64 << 10))])
    assert store.head() == 0


def test_the_chain_is_whole(store: Face) -> None:
    for number in range(20):
        store.commit([put("a", number)])
    commits = store.history()
    assert [commit.rev for commit in commits] == list(range(1, 21))
    assert commits[0].prev_hash == bytes(32)
    for before, after in pairwise(commits):
        assert after.prev_hash == before.hash
    assert store.verify() == commits[-1].hash
