"""What every engine promises, asked through one face."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest

from tega.api import ABSENT, MISSING, Change, Difference, Entry, Op
from tega.database import Database
from tega.engines import sqlite
from tega.engines.memory import Memory, MemoryLog
from tega.errors import (
    Compacted,
    Conflict,
    FutureRevision,
    ImportRefused,
    InvalidPath,
    InvalidValue,
    LeaseLost,
    RequestReused,
    TooLarge,
)
from tega.log.state import State
from tega.testing.faces import Face


def put(path: str, value: object, lease: str | None = None) -> Change:
    return Change(Op.PUT, tuple(path.split(".")), value, lease)


def delete(path: str) -> Change:
    return Change(Op.DELETE, tuple(path.split(".")))


def value(store: Face, path: str = "", at: int | None = None) -> object:
    entry = store.get(path, at=at)
    return MISSING if entry is None else entry.value


def test_an_empty_store(store: Face) -> None:
    assert store.head() == 0
    assert value(store) == {}
    assert store.get("a") is None
    assert store.history() == []
    assert store.verify() == bytes(32)


def test_a_commit_changes_many_paths_at_once(store: Face) -> None:
    commit = store.commit(
        [put("a.b", 1), put("c", {"d": [1, None]}), delete("a.x")], author="me", message="why"
    )
    assert (commit.rev, commit.author, commit.message) == (1, "me", "why")
    assert value(store) == {"a": {"b": 1}, "c": {"d": [1, None]}}
    assert value(store, "c.d") == [1, None]
    assert store.get("a.b.c") is None
    assert commit.roots == {"a": 1, "c": 1}
    assert store.history() == [commit]


def test_quoted_keys(store: Face) -> None:
    store.commit([Change(Op.PUT, ("ip", "10.0.0.1/24", "dev"), "eth0")])
    assert value(store, 'ip."10.0.0.1/24".dev') == "eth0"
    assert [entry.path for entry, _ in store.select('ip."10.0.0.1/24".*')] == [("ip", "10.0.0.1/24", "dev")]


def test_roots_count_their_own_versions(store: Face) -> None:
    store.commit([put("a.x", 1)])
    store.commit([put("b.x", 1)])
    assert store.commit([put("a.x", 2), put("a.y", 2), put("b.x", 2)]).roots == {"a": 2, "b": 2}
    assert store.commit([delete("nowhere")]).roots == {}
    store.reopen()
    assert store.commit([delete("a")]).roots == {"a": 3}
    assert store.commit([put("a", 1)]).roots == {"a": 4}
    assert store.commit([Change(Op.PUT, (), {"c": 1})]).roots == {"a": 5, "b": 3, "c": 1}


def test_a_merge_into_the_tree_counts_the_roots_that_it_writes(store: Face) -> None:
    store.commit([put("a.x", 1), put("b.x", 1), put("c.x", 1)])
    merged = store.commit([Change(Op.MERGE, (), {"a": {"y": 2}, "d": 1, "c": {}})])
    assert merged.roots == {"a": 2, "d": 1}
    assert store.commit([Change(Op.DELETE, ())]).roots == {"a": 3, "b": 2, "c": 2, "d": 2}


def test_mod_rev_tells_the_last_write_at_or_below(store: Face) -> None:
    store.commit([put("a.b.c", 1), put("a.d", 1)])
    store.commit([put("a.b.e", 2)])
    store.commit([delete("a.b.c")])
    revs = {path: entry.mod_rev for path in ["", "a", "a.b", "a.b.e", "a.d"] if (entry := store.get(path))}
    assert revs == {"": 3, "a": 3, "a.b": 3, "a.b.e": 2, "a.d": 1}


def test_deletes_stay_deleted_over_a_reopening(store: Face) -> None:
    store.commit([put("a.b", 1), put("a.c", 2)])
    store.commit([delete("a.b")])
    store.reopen()
    assert value(store) == {"a": {"c": 2}}
    assert store.head() == 2
    assert store.commit([put("a.d", 3)]).rev == 3


def test_all_or_nothing(store: Face) -> None:
    store.commit([put("a", 1)])
    with pytest.raises(InvalidValue):
        store.commit([put("b", 1), put("c", {1, 2})])
    with pytest.raises(InvalidPath):
        store.commit([put("b", 1), Change(Op.PUT, (), 5)])
    with pytest.raises(InvalidValue):
        store.commit([put("b", 1), put("c", "\ud800")])
    assert value(store) == {"a": 1}
    assert store.head() == 1


def test_revision_zero_is_checked(store: Face) -> None:
    store.commit([put("a", 1)], expect={("a",): ABSENT}, author="first")
    with pytest.raises(Conflict) as caught:
        store.commit([put("a", 2)], expect={("a",): ABSENT})
    assert (caught.value.path, caught.value.expected, caught.value.actual) == (("a",), 0, 1)
    assert value(store, "a") == 1


def test_a_conflict_says_what_and_who(store: Face) -> None:
    store.commit([put("a.b", 1)])
    store.commit([put("a.b", 2)], author="carla", message="new address")
    with pytest.raises(Conflict) as caught:
        store.commit([put("z", 1)], expect={("a",): 1})
    error = caught.value
    assert (error.path, error.expected, error.actual) == (("a",), 1, 2)
    assert (error.rev, error.author, error.message) == (2, "carla", "new address")
    assert "a: was read at revision 1, is now at revision 2" in str(error)
    assert "by carla (new address)" in str(error)
    assert store.get("z") is None


def test_a_conflict_says_who_deleted(store: Face) -> None:
    store.commit([put("a.b", 1)])
    store.commit([delete("a.b")], author="dora")
    store.commit([put("a.c", 1)], author="emil")
    with pytest.raises(Conflict) as caught:
        store.commit([put("a.b", 2)], expect={("a", "b"): 1})
    assert (caught.value.actual, caught.value.rev, caught.value.author) == (0, 2, "dora")


def test_two_clients_see_one_store(store: Face) -> None:
    other = store.second()
    store.commit([put("a", 1)])
    assert value(other, "a") == 1
    other.commit([put("b", 2)], author="other")
    assert value(store, "b") == 2
    assert store.head() == 2
    with pytest.raises(Conflict) as caught:
        store.commit([put("b", 3)], expect={("b",): ABSENT})
    assert caught.value.author == "other"
    assert [commit.rev for commit in store.watch("**", after=0, until=2)] == [1, 2]


def test_a_request_id_is_committed_once(store: Face) -> None:
    first = store.commit([put("a", 1)], request_id="r1")
    store.commit([put("a", 2)])
    again = store.commit([put("a", 1)], request_id="r1")
    assert again == first
    assert value(store, "a") == 2
    store.reopen()
    assert store.commit([put("a", 1)], request_id="r1") == first
    with pytest.raises(RequestReused):
        store.commit([put("a", 7)], request_id="r1")
    assert store.head() == 2


def test_a_repeated_request_is_known_though_its_expectation_is_gone(store: Face) -> None:
    first = store.commit([put("a", 1)], expect={("a",): ABSENT}, request_id="r1")
    assert store.commit([put("a", 1)], expect={("a",): ABSENT}, request_id="r1") == first
    with pytest.raises(RequestReused):
        store.commit([put("a", 2)], expect={("a",): ABSENT}, request_id="r1")
    with pytest.raises(Conflict):
        store.commit([put("a", 1)], expect={("a",): ABSENT}, request_id="r2")
    store.reopen()
    assert store.commit([put("a", 1)], expect={("a",): ABSENT}, request_id="r1") == first
    assert store.head() == 1


def test_a_request_that_another_writer_committed_is_known(store: Face) -> None:
    first = store.commit([put("a", 1)], request_id="r1")
    other = store.second()
    assert other.commit([put("a", 1)], request_id="r1") == first
    assert other.commit([put("b", 1)], request_id="r2").rev == 2
    assert store.commit([put("b", 1)], request_id="r2").rev == 2
    assert store.head() == 2


def test_a_repeat_within_a_group_leaves_the_others_alone() -> None:
    with Database(MemoryLog()) as database:
        first = database.commit([put("a", 1)], request_id="r1")
        database.put("a", 5)
        requests = [
            database.request([put("a", 1)], request_id="r1"),
            database.request([put("b", 1)], {("a",): 2}, request_id="r2"),
            database.request([put("b", 1)], {("a",): 2}, request_id="r2"),
            database.request([put("c", 1)], {("c",): ABSENT}),
        ]
        database.submit(*requests)
        commits = [request.result for request in requests]
        assert commits[0] == first
        assert [commit.rev for commit in commits if commit] == [1, 3, 3, 4]
        assert database.get("a") == Entry(("a",), 5, 2)


def _broken_plan(state: State) -> list[Change]:
    raise ValueError


def test_a_fault_in_one_request_of_a_group_leaves_the_others_alone() -> None:
    with Database(MemoryLog()) as database:
        requests = [database.request([put(name, 1)]) for name in "abc"]
        requests[1].plan = _broken_plan
        database.submit(*requests)
        assert [request.result and request.result.rev for request in requests] == [1, None, 2]
        assert isinstance(requests[1].error, ValueError)
        assert database.view().keys() == ["a", "c"]


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


def test_watches_tell_every_commit_of_interest(store: Face) -> None:
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
