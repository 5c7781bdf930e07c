"""What is remembered of a change, whatever becomes of it.

Run over the fake kernel, with the state in memory; what this machine has is not asked.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nlan.api.listener import Listener
from nlan.api.runs.lifecycle import take_down, undo_unconfirmed
from nlan.errors import ApplyError, InputError, NlanError, OvertakenError, VerificationError
from nlan.netlink.watch import RouteWatcher
from nlan.plan import Operation
from nlan.state import LabState
from nlan.testing import FakeKernel, KilledError
from samples import PTN
from tega.api import Commit
from tega.database import Database
from tega.engines.memory import MemoryLog
from unit.engine.labs import OTHER, FakeContext, Machine, loaded

THIRD = OTHER.replace("/24: 2", "/24: 3")


def fail(machine: Machine, text: str, **options: Any) -> str:
    """Let the first change of an `up` fail, and return the error."""
    machine.kernel.faults.fail_at(0, errno.ENOMEM)
    with pytest.raises(NlanError) as raised:
        machine.up(text, **options)
    assert machine.kernel.faults.fault
    return str(raised.value)


def undo(machine: Machine) -> None:
    """Do what happens when the time to confirm is over."""
    waiting = machine.state.confirmation()
    assert waiting is not None
    undo_unconfirmed(machine.context, machine.state, waiting, Listener())


def is_at(machine: Machine, text: str) -> bool:
    """Tell whether the network, and what it shall be, are what a file says."""
    return str(machine.kernel) == str(Machine(text).kernel) and machine.state.lab() == loaded(text).lab


class MortalDatabase(Database):
    """A database whose nlan dies before its n-th commit from when that is said."""

    left: int | None = None

    def commit(self, *arguments: Any, **options: Any) -> Commit:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError
        return super().commit(*arguments, **options)


class At(Listener):
    """Does something when a run says a sentence with a word in it."""

    def __init__(self, word: str, does: Callable[[], object]) -> None:
        self._word, self._does = word, does

    def say(self, text: str) -> None:
        if self._word in text:
            self._does()


@pytest.mark.parametrize("before", [(), (PTN,)], ids=["up", "change"])
def test_killed_between_any_two_commits_an_unconfirmed_change_is_undone(before: tuple[str, ...]) -> None:
    for n in range(10):
        database = MortalDatabase(MemoryLog())
        machine = Machine(*before, database=database)
        database.left = n
        try:
            machine.up(OTHER, confirm_s=60.0)
        except KilledError:
            database.left = None
        else:
            break
        if machine.state.lab() == loaded(OTHER).lab:
            undo(machine)
        assert str(machine.kernel) == str(Machine(*before).kernel)
        assert machine.state.confirmation() is None
    assert n > 0


@pytest.mark.parametrize("before", [(), (PTN,)], ids=["up", "change"])
def test_a_change_that_failed_waits_for_nobody(before: tuple[str, ...]) -> None:
    machine = Machine(*before)
    fail(machine, OTHER, confirm_s=60.0)
    assert machine.state.confirmation() is None
    assert machine.state.was_up() == bool(before)


def test_down_forgets_what_waits_to_be_confirmed_also_where_up_was_killed() -> None:
    machine = Machine()
    machine.kernel.faults.kill_at(5)
    with pytest.raises(KilledError):
        machine.up(PTN, confirm_s=60.0)
    machine.state.mark_down()
    take_down(machine.context, Listener())
    assert machine.state.confirmation() is None
    assert not machine.state.status()


def test_a_change_is_confirmed_or_undone_and_never_both() -> None:
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=60.0)
    waiting = machine.state.confirmation()
    assert waiting is not None
    assert machine.state.confirm() == waiting
    undo_unconfirmed(machine.context, machine.state, waiting, Listener())
    assert is_at(machine, OTHER)
    machine.up(THIRD, confirm_s=60.0)
    waiting = machine.state.confirmation()
    assert waiting is not None
    outcome: list[object] = []
    meanwhile = At("undoing it", lambda: outcome.append(machine.state.confirm()))
    undo_unconfirmed(machine.context, machine.state, waiting, meanwhile)
    assert outcome == [None]
    assert is_at(machine, OTHER)


def test_a_second_change_to_be_confirmed_returns_to_what_was_confirmed() -> None:
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=60.0)
    machine.up(THIRD, confirm_s=60.0)
    undo(machine)
    assert is_at(machine, PTN)


def test_where_a_second_change_fails_the_first_still_waits() -> None:
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=60.0)
    for options in ({}, {"confirm_s": 30.0}):
        fail(machine, THIRD, **options)
        assert is_at(machine, OTHER)
    undo(machine)
    assert is_at(machine, PTN)


def test_a_change_killed_while_it_is_undone_is_not_desired_any_more() -> None:
    """`set` went on from it, and a keep that could not complete it went to and fro."""
    machine = Machine(PTN)
    faults = machine.kernel.faults
    faults.fail_at(0, errno.ENOMEM)
    with pytest.raises(KilledError):
        machine.up(OTHER, At("undoing what was done", lambda: faults.kill_at(0)))
    assert machine.state.lab() == loaded(PTN).lab


def test_the_text_of_what_was_undone_is_not_remembered() -> None:
    """The same `set` again changed the text that had stayed, and so nothing."""
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=60.0)
    undo(machine)
    assert machine.state.source() == ("lab.yaml", PTN)
    fail(machine, OTHER)
    assert machine.state.source() == ("lab.yaml", PTN)


def test_a_second_change_that_counts_at_once_keeps_the_first() -> None:
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=60.0)
    machine.up(OTHER)
    assert machine.state.confirmation() is not None, "nothing was changed"
    machine.up(THIRD)
    assert machine.state.confirmation() is None
    assert is_at(machine, THIRD)


def test_the_same_again_gives_a_change_more_time() -> None:
    machine = Machine(PTN)
    machine.up(OTHER, confirm_s=1.0)
    machine.up(OTHER, confirm_s=1000.0)
    waiting = machine.state.confirmation()
    assert waiting is not None
    assert waiting.until > time.time() + 500
    undo(machine)
    assert is_at(machine, PTN)


class Interrupted(FakeContext):
    """A context whose user has no patience."""

    def routes(self, nodes: Sequence[str]) -> RouteWatcher:
        raise KeyboardInterrupt


def test_a_lab_interrupted_while_it_converges_is_up() -> None:
    """What failed after it was "undone" by removing the lab."""
    machine = Machine(context=Interrupted)
    with pytest.raises(KeyboardInterrupt):
        machine.up(PTN, wait="converged")
    assert machine.state.applied() == machine.state.head()
    assert {one["state"] for one in machine.state.status().values()} == {"done"}
    fail(machine, OTHER)
    assert is_at(machine, PTN)


def test_a_node_is_done_once_it_was_repaired() -> None:
    machine = Machine(PTN)
    machine.state.mark_failed(machine.state.head(), {"pe1": "No such luck"})
    machine.up(PTN)
    assert {one["state"] for one in machine.state.status().values()} == {"done"}


class Meddling(Listener):
    """Ends the daemons of a node behind nlan's back."""

    def __init__(self, kernel: FakeKernel) -> None:
        self._kernel = kernel

    def done(self, operation: Operation, error: NlanError | None) -> None:
        self._kernel.netns("pe1").daemons.clear()


def test_what_differs_although_all_was_done_is_an_error_of_its_node() -> None:
    machine = Machine(PTN)
    with pytest.raises(VerificationError, match="create pe1 frr"):
        machine.up(OTHER, Meddling(machine.kernel))
    status = machine.state.status()
    assert status["pe1"]["state"] == "error"
    assert "create pe1 frr" in status["pe1"]["reason"]


def test_what_waits_says_nothing_of_an_earlier_failure() -> None:
    machine = Machine(PTN)
    machine.state.mark_failed(machine.state.head(), {"pe1": "No such luck"})
    machine.kernel.faults.kill_at(0)
    with pytest.raises(KilledError):
        machine.up(OTHER)
    assert machine.state.status()["pe1"] == {"state": "pending"}


def test_a_running_lab_stays_where_nobody_remembers_what_it_was() -> None:
    machine = Machine(PTN)
    machine.state = LabState(Database(MemoryLog()), "ptn")
    for _ in range(2):
        assert "what was done stays" in fail(machine, OTHER)
        assert set(Machine(PTN).kernel.namespaces) <= set(machine.kernel.namespaces)


def test_what_cannot_be_returned_to_cannot_wait_to_be_confirmed() -> None:
    machine = Machine(PTN)
    machine.state = LabState(Database(MemoryLog()), "ptn")
    with pytest.raises(NlanError, match="no known revision"):
        machine.up(OTHER, confirm_s=60.0)
    assert machine.state.head() == 0
    assert str(machine.kernel) == str(Machine(PTN).kernel)


def test_a_change_of_what_is_no_longer_the_newest_is_refused() -> None:
    machine = Machine(PTN)
    base = machine.state.head()
    machine.up(OTHER)
    with pytest.raises(OvertakenError, match="came in between"):
        machine.up(THIRD, base=base)
    assert is_at(machine, OTHER)
    machine.up(THIRD, base=machine.state.head())


def test_names_that_somebody_else_was_giving_meanwhile_are_read_again() -> None:
    machine = Machine()
    known = machine.state.allocations()
    machine.up(PTN, known=known)
    with pytest.raises(OvertakenError):
        machine.up(OTHER, known=known)
    machine.up(OTHER, known=machine.state.allocations())


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    machine = Machine(PTN)
    with pytest.raises(InputError, match="no number of seconds"):
        machine.up(OTHER, confirm_s=seconds)
    assert is_at(machine, PTN)


def test_what_a_killed_down_left_is_not_worth_returning_to() -> None:
    machine = Machine(PTN)
    machine.state.mark_down()
    assert "everything was undone" in fail(machine, OTHER)
    assert str(machine.kernel) == ""
    machine = Machine(PTN)
    machine.state.mark_down()
    machine.up(OTHER, confirm_s=60.0)
    undo(machine)
    assert str(machine.kernel) == ""


def test_a_repair_that_fails_in_one_place_is_not_undone() -> None:
    machine = Machine(PTN)
    for name in ("pe1", "pe2"):
        machine.kernel.remove_netns(name)
    machine.kernel.faults.fail_at(0, errno.ENOMEM)
    with pytest.raises(ApplyError, match="all else was done"):
        machine.up(PTN)
    assert machine.state.applied() == machine.state.head()
    assert "error" in {one["state"] for one in machine.state.status().values()}
    machine.up(PTN)
    assert is_at(machine, PTN)


def fates(machine: Machine) -> list[tuple[str, bool]]:
    """Return each revision's state, oldest first, and whether it says why."""
    return [(one.state, bool(one.reason)) for one in reversed(machine.state.revisions())]


def test_history_tells_what_became_of_a_change() -> None:
    machine = Machine()
    fail(machine, PTN)
    assert [state for state, _ in fates(machine)] == ["failed"]
    machine.up(PTN)
    machine.up(OTHER)
    before = fates(machine)
    assert [state for state, _ in before] == ["past", "current"]
    fail(machine, THIRD)
    assert fates(machine)[-2:] == [("failed", True), ("current", False)]
    machine.up(THIRD, confirm_s=60)
    assert fates(machine)[-1] == ("unconfirmed", False)
    undo(machine)
    assert [state for state, _ in fates(machine)[-3:]] == ["past", "undone", "current"]
    machine.state.mark_down()
    assert {state for state, _ in fates(machine)} == {"past", "failed", "undone"}


def test_history_tells_of_a_change_that_was_killed() -> None:
    database = MortalDatabase(MemoryLog())
    machine = Machine(PTN, database=database)
    database.left = 1
    with pytest.raises(KilledError):
        machine.up(OTHER)
    database.left = None
    assert [state for state, _ in fates(machine)] == ["current", "unfinished"]
    machine.up(THIRD)
    assert [state for state, _ in fates(machine)] == ["past", "failed", "current"]
