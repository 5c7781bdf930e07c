"""Backing off: failures wait longer and longer, endless repairs too, quiet forgets."""

from __future__ import annotations

from itertools import pairwise

from nlan.keep.backoff import FIRST_S, FORGET_S, FREE, LONGEST_S, STEADY_S, Backoff


def test_the_unknown_may_be_tried() -> None:
    assert not Backoff().blocked("x", 0.0)


def test_failures_double_the_wait_up_to_the_longest() -> None:
    backoff, now, waits = Backoff(), 0.0, []
    for _ in range(10):
        waits.append(backoff.note("x", now, failed=True))
        assert backoff.blocked("x", now)
        now += waits[-1]
        assert not backoff.blocked("x", now)
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == LONGEST_S


def test_one_operation_does_not_hold_up_another() -> None:
    backoff = Backoff()
    backoff.note("x", 0.0, failed=True)
    assert not backoff.blocked("y", 0.0)


def test_success_ends_the_series_of_failures() -> None:
    backoff = Backoff()
    backoff.note("x", 0.0, failed=True)
    backoff.note("x", 1.0, failed=True)
    assert backoff.note("x", 3.0, failed=False) == 0.0
    assert backoff.note("x", 3.1, failed=True) == FIRST_S


def test_what_is_repaired_again_and_again_is_done_at_a_steady_rate() -> None:
    backoff = Backoff()
    waits = [backoff.note("x", 0.0, failed=False) for n in range(FREE)]
    assert waits == [0.0] * FREE
    now, times = 0.0, []
    for _ in range(20):
        now += backoff.note("x", now, failed=False)
        times.append(now)
    assert [later - earlier for earlier, later in pairwise(times)] == [STEADY_S] * 19


def test_one_repair_a_second_never_waits() -> None:
    backoff = Backoff()
    assert [backoff.note("x", n * STEADY_S, failed=False) for n in range(100)] == [0.0] * 100


def test_quiet_forgets() -> None:
    backoff = Backoff()
    wait = backoff.note("x", 0.0, failed=True)
    assert backoff.note("x", wait + FORGET_S + 0.1, failed=True) == FIRST_S


def test_next_is_when_the_first_wait_ends() -> None:
    backoff = Backoff()
    assert backoff.next == float("inf")
    backoff.note("x", 0.0, failed=True)
    backoff.note("y", 0.1, failed=True)
    assert backoff.next == FIRST_S
    assert not backoff.is_over(0.2)
    assert backoff.is_over(FIRST_S)
    assert backoff.next == FIRST_S + 0.1
    assert backoff.is_over(10.0)
    assert backoff.next == float("inf")


def test_the_end_of_a_wait_is_told_once() -> None:
    """Keep looked at everything over and over for a second after each repair."""
    backoff = Backoff()
    backoff.note("repaired", 0.0, failed=False)
    assert not backoff.is_over(0.1)
    backoff.note("failed", 0.0, failed=True)
    assert [backoff.is_over(FIRST_S + n / 100) for n in range(3)] == [True, False, False]


def test_tidy_keeps_what_still_counts() -> None:
    backoff = Backoff()
    backoff.note("old", 0.0, failed=True)
    backoff.note("new", 100.0, failed=True)
    backoff.tidy(100.0)
    assert backoff.blocked("new", 100.1)
    assert not backoff.blocked("old", 0.1)
