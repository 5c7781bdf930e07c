"""What a plan needs of the machine is asked before anything is touched."""

from __future__ import annotations

import pytest

from nlan.control import requirements
from nlan.errors import InputError
from nlan.plan import Operation, Plan
from nlan.resources import Cgroup


def limits(action: str, **values: float) -> Plan:
    resource = Cgroup(namespace="r1", **values)
    seen = resource if action == "delete" else None
    wanted = None if action == "delete" else resource
    return Plan(
        operations=(
            Operation(
                action=action, key=resource.key, impact="hitless", reason="", desired=wanted, observed=seen
            ),
        )
    )


def only_pids(controller: str) -> str | None:
    return None if controller == "pids" else f"there is no {controller} controller"


@pytest.mark.parametrize("action", ["create", "update"])
def test_a_limit_that_cannot_be_had_names_node_line_and_reason(action: str) -> None:
    with pytest.raises(InputError) as said:
        requirements.check(limits(action, memory=4096, cpus=0.5, pids=7), "lab.yaml", {"r1": 3}, only_pids)
    assert [str(problem) for problem in said.value.problems] == [
        "lab.yaml:3: error: r1.limits.memory: cannot be had on this machine: there is no memory controller",
        "lab.yaml:3: error: r1.limits.cpus: cannot be had on this machine: there is no cpu controller",
    ]


def test_limits_that_can_be_had_or_are_lifted_are_no_problem() -> None:
    requirements.check(limits("create", pids=7), why_not_limit=only_pids)
    requirements.check(limits("delete", memory=4096), why_not_limit=only_pids)
