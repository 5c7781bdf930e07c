"""Waiting to be confirmed: what another command made of the change meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nlan.api import Environment, Lab
from nlan.api.runs import running
from nlan.confirmation import Confirmation
from nlan.paths import Paths
from nlan.schema import load
from nlan.state import LabState
from samples import EBGP_PAIR
from tega.database import Database
from tega.engines.memory import MemoryLog

PAIR = load(Path("pair.yaml"), text=EBGP_PAIR)


@pytest.mark.parametrize(
    ("is_over", "was_followed", "kept"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
    ids=["undone", "confirmed", "followed", "just confirmed"],
)
def test_a_change_that_does_not_wait_any_more(
    monkeypatch: pytest.MonkeyPatch, *, is_over: bool, was_followed: bool, kept: bool
) -> None:
    """A command that was stopped for a while told a change as confirmed that another had undone."""
    state = LabState(Database(MemoryLog()), "pair")
    revision = state.commit(PAIR.lab, PAIR.allocations, ("", ""))
    if was_followed:
        state.database.put(("lab", "timers"), "standard")
    monkeypatch.setattr(running, "open_state", lambda *_: state)
    monkeypatch.setattr(running, "settle", lambda _: None)
    until = time.time() + (-1 if is_over else 60)
    change = Confirmation(revision=revision, until=until, back_to=0)
    assert Lab("pair", environment=Environment(Paths())).wait_for_confirmation(change) == kept
