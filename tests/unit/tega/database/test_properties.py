"""Any sequence of calls agrees with a model of plain dicts; any interleaving keeps the promises."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tega.api import ABSENT, Change, Op
from tega.errors import Conflict
from tega.testing.faces import ENGINES, Face, make_face
from tega.testing.model import GONE, Model, value_at
from tega.values import same_json

if TYPE_CHECKING:
    from tega.testing.faces import DatabaseFace

KEYS = st.sampled_from(["a", "b", "c", "d.e"])
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.just(0.5), st.just("x"), st.just([1, {}]))
VALUES = st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=5)
DICTS = st.dictionaries(KEYS, VALUES, max_size=3)
CHANGES = st.one_of(
    st.builds(Change, st.just(Op.PUT), PATHS, VALUES, st.none()),
    st.builds(Change, st.just(Op.PUT), st.just(()), DICTS, st.none()),
    st.builds(Change, st.just(Op.MERGE), PATHS | st.just(()), DICTS, st.none()),
    st.builds(Change, st.just(Op.DELETE), PATHS | st.just(()), st.none(), st.none()),
)
BATCHES = st.lists(CHANGES, min_size=1, max_size=4)


class StoreMachine(RuleBasedStateMachine):
    """One store and its model, driven side by side."""

    engine = "memory"

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tega-machine-")
        self.face: Face = make_face(self.engine, self.folder.name)
        self.other: Face = self.face.second()
        self.model = Model()
        self.oldest = 0
        self.touched: list[list[Change]] = []

    def teardown(self) -> None:
        if hasattr(self, "face"):
            self.face.close()
            self.folder.cleanup()

    def note(self, changes: list[Change]) -> None:
        self.model.commit(changes)
        self.touched.append(changes)

    @rule(changes=BATCHES, second=st.booleans())
    def commit(self, changes: list[Change], second: bool) -> None:
        commit = (self.other if second else self.face).commit(changes, author="machine")
        self.note(changes)
        assert commit.rev == self.model.rev
        assert commit.changes == tuple(changes)

    @rule(changes=BATCHES, path=PATHS, stale=st.booleans())
    def commit_guarded(self, changes: list[Change], path: tuple[str, ...], stale: bool) -> None:
        found = self.model.get(path)
        actual = ABSENT if found is None else found[1]
        expect = {path: actual + 1 if stale else actual}
        if stale:
            with pytest.raises(Conflict) as caught:
                self.face.commit(changes, expect=expect)
            assert caught.value.actual == actual
        else:
            self.face.commit(changes, expect=expect)
            self.note(changes)

    @rule(data=st.data())
    def rollback_tree(self, data: st.DataObject) -> None:
        to = data.draw(st.integers(self.oldest, self.model.rev))
        commit = self.face.rollback(None, to)
        self.note(list(commit.changes))
        assert same_json(self.model.trees[-1], self.model.trees[to])

    @rule(data=st.data(), root=KEYS)
    def rollback_root(self, data: st.DataObject, root: str) -> None:
        to = data.draw(st.integers(self.oldest, self.model.rev))
        others = {key: item for key, item in self.model.trees[-1].items() if key != root}
        commit = self.face.rollback(root, to)
        self.note(list(commit.changes))
        then, now = value_at(self.model.trees[to], (root,)), value_at(self.model.trees[-1], (root,))
        assert now is GONE if then is GONE else same_json(now, then)
        assert same_json({key: item for key, item in self.model.trees[-1].items() if key != root}, others)

    @rule(data=st.data(), path=PATHS)
    def read_the_past(self, data: st.DataObject, path: tuple[str, ...]) -> None:
        at = data.draw(st.integers(self.oldest, self.model.rev))
        entry, wanted = self.face.get(path, at=at), self.model.get(path, at)
        assert (entry is None) == (wanted is None)
        if entry is not None and wanted is not None:
            assert same_json(entry.value, wanted[0])
            if self.oldest == 0:
                assert entry.mod_rev == wanted[1]

    @rule(data=st.data())
    def difference(self, data: st.DataObject) -> None:
        revs = st.integers(self.oldest, self.model.rev)
        one, two = data.draw(revs), data.draw(revs)
        found = self.face.diff(one, two)
        for step in found:
            assert not same_json(step.before, step.after)
        assert bool(found) == (not same_json(self.model.trees[one], self.model.trees[two]))

    @rule(data=st.data())
    def watch(self, data: st.DataObject) -> None:
        after = data.draw(st.integers(self.oldest, self.model.rev))
        reported = self.face.watch("**", after=after, until=self.model.rev)
        assert [list(commit.changes) for commit in reported] == self.touched[after:]
        assert [commit.rev for commit in reported] == list(range(after + 1, self.model.rev + 1))

    @rule()
    def export_and_import(self) -> None:
        data = self.face.export()
        commit = self.face.import_(data, mode="replace")
        assert commit.changes == ()
        self.note([])

    @rule(data=st.data())
    def import_the_past(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(self.oldest, self.model.rev))
        commit = self.face.import_(self.face.export(at=at), mode="replace")
        self.note(list(commit.changes))
        assert same_json(self.model.trees[-1], self.model.trees[at])

    @precondition(lambda self: self.model.rev > 2)
    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        before = data.draw(st.integers(1, self.model.rev))
        self.face.compact(before)
        self.oldest = max(self.oldest, before - 1)

    @rule()
    def snapshot_and_reopen(self) -> None:
        self.face.snapshot()
        self.face.reopen()

    @rule()
    def reopen(self) -> None:
        self.face.reopen()

    @invariant()
    def the_present_agrees(self) -> None:
        if hasattr(self, "face"):
            for face in (self.face, self.other):
                entry = face.get(())
                assert entry is not None
                assert same_json(entry.value, self.model.trees[-1])
                assert face.head() == self.model.rev

    @invariant()
    def the_log_is_whole(self) -> None:
        if hasattr(self, "face"):
            self.face.verify()


def _machine(name: str, examples: int) -> Any:
    kind = type(f"Store_{name}", (StoreMachine,), {"engine": name})
    case = kind.TestCase  # type: ignore[attr-defined]
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    return case


TestMemory = _machine("memory", 40)
TestSqlite = _machine("sqlite", 12)
TestAsync = _machine("async", 5)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_interleaving_of_clients_loses_no_update(engine: str, data: st.DataObject) -> None:
    """Clients read a counter, later write it back one higher, in an order that nobody chose."""
    with tempfile.TemporaryDirectory(prefix="tega-clients-") as folder:
        first = make_face(engine, folder)
        try:
            clients = [first, *(first.second() for _ in range(3))]
            won = _interleave(clients, data)
            counters = [entry.value for entry, _ in first.select("n.*")]
            assert sum(counters) == won
            _check_log(first, clients)
        finally:
            first.close()


def _interleave(clients: list[Face], data: st.DataObject) -> int:
    """Each step: a client begins by reading, or ends by writing what it read plus one."""
    read: dict[int, tuple[str, int, int]] = {}
    lost: list[tuple[int, Conflict]] = []
    won = 0
    newest = 0
    for _ in range(40):
        who = data.draw(st.integers(0, len(clients) - 1))
        if who not in read:
            key = data.draw(st.sampled_from(["x", "y"]))
            entry = clients[who].get(("n", key))
            read[who] = (key, 0, ABSENT) if entry is None else (key, entry.value, entry.mod_rev)
            continue
        key, value, seen = read.pop(who)
        try:
            commit = clients[who].commit(
                [Change(Op.PUT, ("n", key), value + 1)], expect={("n", key): seen}, author=str(who)
            )
        except Conflict as conflict:
            lost.append((seen, conflict))
        else:
            won += 1
            assert commit.rev > newest
            newest = commit.rev
    assert all(conflict.actual > seen and conflict.author in "0123" for seen, conflict in lost)
    return won


def _check_log(first: Face, clients: list[Face]) -> None:
    head = first.head()
    log = first.history()
    assert [commit.rev for commit in log] == list(range(1, head + 1))
    for client in clients:
        assert client.watch("**", after=0, until=head) == log
    middle = head // 2
    then = first.get((), at=middle)
    first.rollback(None, middle)
    now = clients[-1].get(())
    assert then is not None
    assert now is not None
    assert same_json(then.value, now.value)


def test_threads_of_one_database_lose_no_update() -> None:
    from threading import Thread

    face: DatabaseFace = make_face("memory", "")  # type: ignore[assignment]
    database = face.database
    failures: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(25):
                _increment(database)
        except BaseException as error:  # noqa: BLE001 - reported by the test's own thread
            failures.append(error)

    threads = [Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert database.view().value("n") == 200
    assert [commit.rev for commit in database.history()] == list(range(1, 201))
    face.close()


def _increment(database: Any) -> None:
    while True:
        try:
            with database.transaction() as txn:
                entry = txn.get("n")
                txn.put("n", 1 if entry is None else entry.value + 1)
        except Conflict:
            continue
        return
