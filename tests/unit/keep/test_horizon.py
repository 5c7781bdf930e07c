"""What keep forgets of a lab's database, and what stays readable."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

import nlan
from nlan.api.upkeep.lab import KeptLab
from nlan.confirmation import Confirmation
from nlan.errors import NotFoundError
from nlan.keep.database import LabDatabase
from nlan.keep.horizon import LIMITS, Forgetting, Limits, forgettable
from nlan.model import Lab
from nlan.paths import Paths
from nlan.schema import Allocations
from nlan.state import LabState, database_path, open_state
from tega.api import Change, Op
from tega.database import Database
from tega.engines.files import DATABASE
from tega.engines.memory import MemoryLog
from tega.errors import StoreFull

LARGE, HUGE, _ = LIMITS
SMALL = Limits(large=100_000, huge=100_000)


@pytest.fixture
def state() -> LabState:
    """Revisions 1, 2 and 3 of a lab and between them much that was observed; the last one is applied."""
    state = LabState(Database(MemoryLog()), "x")
    for number in range(3):
        revision = describe(state, f"text {number}")
        state.mark_applied(revision, ["r1"])
        flap(state, 100)
    return state


def describe(state: LabState, text: str) -> int:
    """Make another revision, which puts the lab's settings anew."""
    lab = Lab(name="x", timers="lab" if state.head() else "standard")
    if state.lab() == lab:
        lab = msgspec.structs.replace(lab, timers="standard")
    return state.commit(lab, Allocations(), ("x.yaml", text), message=text)


def flap(state: LabState, count: int, size: int = 1) -> None:
    """Write something observed again and again; together, but each as a commit of its own."""
    path = ("operational-r1", "links", "eth1")
    changes = [Change(Op.PUT, path, f"{number}" * size) for number in range(count)]
    state.database.submit(*[state.database.request([change], author="keep") for change in changes])


def test_a_small_database_forgets_nothing(state: LabState) -> None:
    assert forgettable(state, LARGE - 1) == 0


def test_the_newest_revisions_stay_until_the_database_is_huge(state: LabState) -> None:
    first, second, third = [revision.revision for revision in reversed(state.revisions())]
    assert forgettable(state, LARGE) == 0
    assert first < forgettable(state, LARGE, Limits(revisions=2)) <= second
    half = state.database.head() // 2
    assert forgettable(state, HUGE) == half
    flap(state, 400)
    assert forgettable(state, HUGE) > third


def test_what_runs_and_what_is_returned_to_stays(state: LabState) -> None:
    _, second, third = [revision.revision for revision in reversed(state.revisions())]
    flap(state, 600)
    newest = describe(state, "not applied")
    assert forgettable(state, HUGE) == third
    state.await_confirmation(Confirmation(revision=newest, until=time.time() + 60, back_to=second))
    assert forgettable(state, HUGE) == second


def test_the_lab_is_known_although_its_revision_is_forgotten(state: LabState) -> None:
    third = state.head()
    lab = state.lab(third)
    before = state.revisions()[0]
    flap(state, 600)
    state.forget(state.database.head() - 10)
    assert state.database.oldest() > third
    assert state.head() == state.applied() == third
    assert state.lab() == state.lab(third) == lab
    assert state.source(third) == ("x.yaml", "text 2")
    assert state.revisions() == [before]
    assert (before.state, before.message) == ("current", "text 2")
    with pytest.raises(NotFoundError, match=r"was compacted.*`nlan history`"):
        state.lab(third - 1)
    fourth = describe(state, "the next")
    state.mark_applied(fourth, ["r1"])
    assert [(one.revision, one.state) for one in state.revisions()] == [(fourth, "current"), (third, "past")]
    assert state.lab(third) == lab
    assert len(state.revisions(1)) == 1
    flap(state, 100)
    state.forget(state.database.head())
    assert [(one.revision, one.message) for one in state.revisions()] == [(fourth, "the next")]
    with pytest.raises(NotFoundError):
        state.lab(third)


def test_a_database_that_was_compacted_by_hand_lists_what_it_has(state: LabState) -> None:
    state.database.compact(state.database.head() - 10)
    assert state.revisions() == []
    assert state.lab(state.head()) is not None


def large(where: Path) -> Path:
    with open_state(where, "x") as state:
        for number in range(3):
            state.mark_applied(describe(state, f"text {number}"), ["r1"])
        flap(state, 400, 3000)
    return database_path(where, "x")


def test_keep_forgets_beside_its_work_and_the_file_shrinks(tmp_path: Path) -> None:
    directory = large(tmp_path)
    before = (directory / DATABASE).stat().st_size
    lab = nlan.Lab("x", environment=nlan.Environment(Paths(run=tmp_path / "run", state=tmp_path)))
    database = LabDatabase(KeptLab(lab), SMALL)
    try:
        assert database.state is not None
        assert database.forget(10.0) == 0
        database.state.database.put(("operational-r1",), 1, author="keep")
        database._forgetting.end()
        forgotten = database.forget(11.0)
        assert isinstance(forgotten, int)
        assert forgotten > 100
        assert (directory / DATABASE).stat().st_size < before * 0.8
        assert database.look() == ""
        assert database.forget(12.0) == 0
        assert database.state.lab() is not None
        database.state.database.verify()
    finally:
        database.close()


class Full(LabState):
    """A database on a disk that is full."""

    def forget(self, before: int) -> None:
        raise StoreFull("the disk is full")


def test_what_fails_is_reported_once(tmp_path: Path) -> None:
    directory = large(tmp_path)
    with open_state(tmp_path, "x") as state:
        full = Full(state.database, "x")
        forgetting = Forgetting(directory, SMALL)
        assert forgetting.tick(full, 0.0) == 0
        forgetting.end()
        assert isinstance(forgetting.tick(full, 1.0), StoreFull)
        assert forgetting.tick(full, 2.0) == 0
