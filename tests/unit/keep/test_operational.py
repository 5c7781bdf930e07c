"""Observed state: quick after a quiet time, rarer while something flaps on; and right in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nlan.api.upkeep.lab import KeptLab
from nlan.errors import HostError
from nlan.keep.operational import BETWEEN_S, BURST, REFILL_S, Budget, Operational
from tega.database import Database, open_database
from tega.errors import StoreFull


def spend(budget: Budget, now: float) -> float:
    now = max(now, budget.next(now))
    budget.spend(now)
    return now


def test_the_first_commit_is_at_once() -> None:
    assert Budget(100.0).next(100.0) <= 100.0


def test_two_commits_keep_their_distance() -> None:
    budget = Budget(0.0)
    first = spend(budget, 0.0)
    assert spend(budget, first) == first + BETWEEN_S


def test_after_a_burst_commits_become_rare() -> None:
    budget, now, times = Budget(0.0), 0.0, []
    for _ in range(BURST * 2):
        now = spend(budget, now)
        times.append(now)
    assert times[BURST - 1] <= BURST * BETWEEN_S
    assert times[-1] - times[-2] >= REFILL_S * 0.99
    day = 86400 / REFILL_S
    assert day < 20_000


def test_quiet_fills_the_budget_again() -> None:
    budget, now = Budget(0.0), 0.0
    for _ in range(BURST * 2):
        now = spend(budget, now)
    now += BURST * REFILL_S
    assert spend(budget, spend(budget, now)) == now + BETWEEN_S


class Clock:
    """Seconds that only a test lets go by."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeLab:
    """A lab whose namespaces hold what a test says."""

    def __init__(self, clock: Clock, kernel: Mapping[str, Mapping[str, object]]) -> None:
        self.clock, self._kernel = clock, kernel

    def kernel_of(self, namespace: str) -> dict[str, object]:
        if namespace not in self._kernel:
            raise HostError(f"{namespace} is gone")
        return deepcopy(dict(self._kernel[namespace]))


class Flaky:
    """A database whose commits fail while `full`."""

    full = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        if self.full and name in ("commit", "grant"):
            raise StoreFull(".")
        return getattr(self._database, name)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path / "tega") as database:
        yield database


@pytest.mark.parametrize("full_from", ["begin", "flush"])
def test_what_could_not_be_written_is_written_once_that_is_possible(
    database: Database, full_from: str
) -> None:
    """What had changed while the disk was full stayed wrong until it changed again."""
    kernel = {name: {"links": "one"} for name in "abc"}

    def written() -> dict[str, object]:
        tree = database.view()
        entries = {root: tree.get((root,)) for root in tree.keys()}  # noqa: SIM118
        return {r: e.value["links"] for r, e in entries.items() if e is not None and r != "keep"}

    flaky, clock = Flaky(database), Clock()
    desired: Any = SimpleNamespace(speakers={})
    documents = Operational(cast("KeptLab", FakeLab(clock, kernel)), cast("Database", flaky))

    def attempt(step: Callable[[], None]) -> None:
        with pytest.raises(StoreFull):
            step()

    if full_from == "begin":
        flaky.full = True
        attempt(lambda: documents.begin(list(kernel), desired))
    else:
        documents.begin(list(kernel), desired)
        assert written() == {"operational-a": "one", "operational-b": "one", "operational-c": "one"}
        flaky.full = True
        clock.now += 1.0
        kernel["a"]["links"] = "two"
        del kernel["b"]
        documents.stale(["a", "b"])
        attempt(lambda: documents.flush(desired))
    assert clock.now < documents.due < clock.now + 60.0, "it tries at once, or never"
    clock.now = documents.due
    attempt(lambda: documents.flush(desired))
    flaky.full = False
    while (due := documents.due) < clock.now + 8.0:
        clock.now = max(due, clock.now)
        documents.flush(desired)
    assert written() == {f"operational-{name}": one["links"] for name, one in kernel.items()}


def test_of_a_large_section_only_what_differs_is_written(database: Database) -> None:
    """History keeps it all: a router of 200 routes wrote 20 kB whenever one of them moved."""
    routes = {f"10.0.{n}.0/24": {"hops": [n]} for n in range(200)}
    clock, desired = Clock(), cast("Any", SimpleNamespace(speakers={}))
    documents = Operational(cast("KeptLab", FakeLab(clock, {"r": {"routes": routes}})), database)
    documents.begin(["r"], desired)

    def written_after(change: Callable[[], object]) -> list[tuple[str, ...]]:
        change()
        head, clock.now = database.head(), clock.now + 1.0
        documents.stale(["r"])
        documents.flush(desired)
        entry = database.get(("operational-r", "routes"))
        assert entry is not None
        assert entry.value == routes
        return [change.path[2:] for commit in database.history(after=head) for change in commit.changes]

    assert written_after(lambda: routes.update({"10.0.7.0/24": {"hops": [8]}})) == [("10.0.7.0/24",)]
    assert written_after(lambda: routes.pop("10.0.7.0/24")) == [("10.0.7.0/24",)]
    assert written_after(lambda: routes.update({"0.0.0.0/0": {"hops": []}})) == [("0.0.0.0/0",)]
    assert written_after(lambda: None) == []
    assert written_after(routes.clear) == [()]
    assert written_after(lambda: routes.update({"0.0.0.0/0": {"hops": []}})) == [()]
