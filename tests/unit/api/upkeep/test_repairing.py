"""Leaving operations out of a plan takes along what requires them, and nothing else."""

from __future__ import annotations

from nlan.api.upkeep.repairing import without
from nlan.plan import Operation, Plan
from nlan.resources import Key


def plan_of(*requires: tuple[int, ...]) -> Plan:
    return Plan(
        operations=tuple(
            Operation(
                action="create",
                key=Key("bridge", "r1", str(n)),
                impact="hitless",
                reason="missing",
                requires=needed,
            )
            for n, needed in enumerate(requires)
        )
    )


def names(plan: Plan) -> list[tuple[str, tuple[int, ...]]]:
    return [(o.key.name, o.requires) for o in plan.operations]


def test_nothing_blocked_leaves_the_plan_as_it_is() -> None:
    plan = plan_of((), (0,), (0, 1))
    assert without(plan, lambda _: False) == plan


def test_dependents_go_along_and_positions_move_up() -> None:
    plan = plan_of((), (), (0,), (1,), (2,), (1, 3))
    left = without(plan, lambda operation: operation.key.name == "0")
    assert names(left) == [("1", ()), ("3", (0,)), ("5", (0, 1))]


def test_all_blocked_leaves_nothing() -> None:
    assert not without(plan_of((), (0,)), lambda _: True)
