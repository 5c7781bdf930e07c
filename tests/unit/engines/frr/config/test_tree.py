"""Each folder of tests/cases/frr: two configurations, and what it takes to get from one to the other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nlan.engines.frr.config.tree import commands, compare
from nlan.engines.frr.resource import FrrDaemon

CASES = Path(__file__).resolve().parents[4] / "cases" / "frr"


def lines(case: Path, name: str) -> tuple[str, ...]:
    return tuple((case / name).read_text().splitlines())


def answer(case: Path) -> str:
    daemon = (case / "daemon").read_text().strip()
    desired = FrrDaemon(namespace="r1", daemon=daemon, config=lines(case, "desired.conf"))
    observed = FrrDaemon(namespace="r1", daemon=daemon, config=lines(case, "observed.conf"))
    found = desired.difference(observed)
    if found is None:
        return "no difference\n"
    change = compare(desired.config or (), observed.config or ())
    typed = ["  " * len(command.section) + command.line for command in commands(change)]
    return "\n".join([f"{found.impact}: {found.reason}", *found.details, "", *typed]) + "\n"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    found = answer(CASES / case)
    expected = CASES / case / "expected.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(found)
    assert found == expected.read_text()
