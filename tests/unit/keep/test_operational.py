"""How often observed state is written: quick after a quiet time, rarer while something flaps on."""

from __future__ import annotations

from nlan.keep.operational import BETWEEN_S, BURST, REFILL_S, Budget


def spend(budget: Budget, now: float) -> float:
    now = max(now, budget.next(now))
    budget.spend(now)
    return now


def test_the_first_commit_is_at_once():
    assert Budget(100.0).next(100.0) <= 100.0


def test_two_commits_keep_their_distance():
    budget = Budget(0.0)
    first = spend(budget, 0.0)
    assert spend(budget, first) == first + BETWEEN_S


def test_after_a_burst_commits_become_rare():
    budget, now, times = Budget(0.0), 0.0, []
    for _ in range(BURST * 2):
        now = spend(budget, now)
        times.append(now)
    assert times[BURST - 1] <= BURST * BETWEEN_S
    assert times[-1] - times[-2] >= REFILL_S * 0.99
    day = 86400 / REFILL_S
    assert day < 20_000


def test_quiet_fills_the_budget_again():
    budget, now = Budget(0.0), 0.0
    for _ in range(BURST * 2):
        now = spend(budget, now)
    now += BURST * REFILL_S
    assert spend(budget, spend(budget, now)) == now + BETWEEN_S
