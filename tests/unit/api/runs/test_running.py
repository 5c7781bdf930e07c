"""Waiting to be confirmed: what another command made of the change meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nlan.api import Environment, Lab
from nlan.confirmation import Confirmation
from nlan.paths import Paths
from nlan.schema import load
from nlan.state import open_state
from samples import EBGP_PAIR

PAIR = load(Path("pair.yaml"), text=EBGP_PAIR)


@pytest.mark.parametrize(
    ("is_over", "was_followed", "kept"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, True)],
    ids=["undone", "confirmed", "followed", "just confirmed"],
)
def test_a_change_that_does_not_wait_any_more(
    tmp_path: Path, *, is_over: bool, was_followed: bool, kept: bool
) -> None:
    """A command that was stopped for a while told a change as confirmed that another had undone."""
    with open_state(tmp_path, "pair") as state:
        revision = state.commit(PAIR.lab, PAIR.allocations, ("", ""))
        if was_followed:
            state.database.put(("lab", "timers"), "standard")
    until = time.time() + (-1 if is_over else 60)
    change = Confirmation(revision=revision, until=until, back_to=0)
    assert Lab("pair", environment=Environment(Paths(state=tmp_path))).wait_for_confirmation(change) == kept
