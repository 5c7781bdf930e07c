"""When the time of a change that waits to be confirmed is over."""

from __future__ import annotations

import time

import pytest

from nlan import confirmation
from nlan.confirmation import Confirmation, waiting


@pytest.mark.parametrize("jump_s", [-86400.0, -30.0, 30.0, 86400.0])
def test_who_sets_the_clock_changes_nothing(jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was set a day back kept an unconfirmed change for a day."""
    change = waiting(2, 1, 10.0)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + jump_s)
    assert 9.0 < change.left_s <= 10.0
    later = confirmation.uptime() + 10.0
    monkeypatch.setattr(confirmation, "uptime", lambda: later)
    assert change.is_over


@pytest.mark.parametrize(("jump_s", "left_s"), [(4.0, 6.0), (11.0, 0.0), (-4.0, 0.0)])
def test_after_a_boot_the_wall_clock_counts_as_far_as_it_can_be_right(
    jump_s: float, left_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = waiting(2, 1, 10.0)
    now = time.time()
    monkeypatch.setattr(confirmation, "boot_id", lambda: "another")
    monkeypatch.setattr(time, "time", lambda: now + jump_s)
    assert max(0.0, change.left_s) == pytest.approx(left_s, abs=0.5)


def test_what_an_older_nlan_wrote_goes_by_the_wall_clock() -> None:
    assert Confirmation(revision=1, until=time.time() + 5, back_to=0).left_s == pytest.approx(5, abs=0.5)
    assert Confirmation(revision=1, until=time.time() - 5, back_to=0).is_over


def test_what_is_being_undone_is_over() -> None:
    assert Confirmation(revision=1, until=0.0, back_to=0, boot=confirmation.boot_id(), uptime=1e12).is_over
