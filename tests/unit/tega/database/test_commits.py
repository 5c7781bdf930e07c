"""Commits, whatever engine is behind: whole or not at all, once, and whose fault a conflict is."""

from __future__ import annotations

import pytest

from tega.api import ABSENT, Change, Entry, Op
from tega.database import Database
from tega.engines.memory import MemoryLog
from tega.errors import (
    Conflict,
    InvalidPath,
    InvalidValue,
    RequestReused,
)
from tega.log.state import State
from tega.testing.faces import Face
from unit.tega.database.changes import delete, put, value


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


def test_mod_rev_is_the_last_write_at_or_below(store: Face) -> None:
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
