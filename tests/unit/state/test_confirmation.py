"""When the time of a change that waits to be confirmed is over."""

from __future__ import annotations

import time

import pytest

from nlan import confirmation
from nlan.confirmation import Confirmation, Now, waiting


@pytest.mark.parametrize("jump_s", [-86400.0, -30.0, 30.0, 86400.0])
def test_who_sets_the_clock_changes_nothing(jump_s: float) -> None:
    """A clock that was set a day back kept an unconfirmed change for a day."""
    change, now = waiting(2, 1, 10.0), Now.here()
    set_anew = now._replace(wall=now.wall + jump_s)
    assert 9.0 < change.left_at(set_anew) <= 10.0
    assert change.left_at(set_anew._replace(uptime=now.uptime + 10.0)) <= 0


@pytest.mark.parametrize(("jump_s", "left_s"), [(4.0, 6.0), (11.0, 0.0), (-4.0, 0.0)])
def test_after_a_boot_the_wall_clock_counts_as_far_as_it_can_be_right(jump_s: float, left_s: float) -> None:
    change, now = waiting(2, 1, 10.0), Now.here()
    later = now._replace(boot="another", wall=now.wall + jump_s)
    assert max(0.0, change.left_at(later)) == pytest.approx(left_s, abs=0.5)


def test_what_an_older_nlan_wrote_goes_by_the_wall_clock() -> None:
    assert Confirmation(revision=1, until=time.time() + 5, back_to=0).left_s == pytest.approx(5, abs=0.5)
    assert Confirmation(revision=1, until=time.time() - 5, back_to=0).is_over


def test_what_is_being_undone_is_over() -> None:
    assert Confirmation(revision=1, until=0.0, back_to=0, boot=confirmation.boot_id(), uptime=1e12).is_over
