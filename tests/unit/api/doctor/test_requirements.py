"""What a plan needs of the machine is asked before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlan.api.doctor import requirements
from nlan.engines.base import SEAM, Engines
from nlan.engines.frr.capabilities import Capabilities
from nlan.errors import HostError, InputError
from nlan.kinds.base import SEAM as KINDS
from nlan.kinds.cgroup import Cgroup
from nlan.kinds.namespace import Namespace
from nlan.kinds.queue import KIND as QUEUES
from nlan.kinds.queue import Queue
from nlan.plan import Operation, Plan
from nlan.plan.operation import Action
from nlan.registry import Registry
from nlan.schema import load
from support import EXAMPLES

ABLE = Engines.able()


def limits(action: Action, **values: Any) -> Plan:
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


class Machine:
    """One that limits processes alone."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason

    @property
    def cgroups(self) -> Machine:
        return self

    def why_not(self, controller: str | None = None) -> str | None:
        if controller is None:
            return self.reason
        return None if controller == "pids" else f"there is no {controller} controller"


def check(plan: Plan, *where: object, place: Machine | None = None) -> None:
    kinds = Registry(()).of(KINDS)
    requirements.check(plan, ABLE, kinds, place or Machine(), *where)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["create", "update"])
def test_a_limit_that_cannot_be_had_names_node_line_and_reason(action: Action) -> None:
    too_much = limits(action, memory=4096, cpus=0.5, pids=7)
    with pytest.raises(InputError) as said:
        check(too_much, "lab.yaml", {"r1": 3})
    assert [str(problem) for problem in said.value.problems] == [
        "lab.yaml:3: error: r1.limits.memory: cannot be had on this machine: there is no memory controller",
        "lab.yaml:3: error: r1.limits.cpus: cannot be had on this machine: there is no cpu controller",
    ]


def test_a_machine_that_can_have_no_node_is_refused_in_one_sentence() -> None:
    why = Machine("/proc is not mounted here")
    node = Namespace(name="r1")
    made = Operation(action="create", key=node.key, impact="hitless", reason="", desired=node)
    with pytest.raises(HostError, match=r"^/proc is not mounted here; nothing was touched$"):
        check(Plan(operations=(made,)), place=why)
    check(limits("delete", pids=7), place=why)


def test_limits_that_can_be_had_or_are_lifted_are_no_problem() -> None:
    check(limits("create", pids=7))
    check(limits("delete", memory=4096))


@pytest.mark.parametrize(("lines", "line"), [({"r1": 3, "r1.eth1": 7, "r1.eth2": 9}, 9), ({"r1": 3}, 3)])
def test_what_the_kernel_lacks_for_a_link_is_named_with_the_links_line(
    lines: dict[str, int], line: int
) -> None:
    far = Queue(namespace="r1", interface="eth2", delay_us=1000)
    made = Operation(action="create", key=far.key, impact="hitless", reason="", desired=far)
    (netem,) = QUEUES.needs(far)
    (problem,) = requirements._lacking([(made, netem)], {netem: "no such file"}, "lab.yaml", lines)
    assert str(problem).startswith(f"lab.yaml:{line}: error: r1: needs delay, jitter and loss of links, and")


STATIC = """
nodes:
  r1:
    asn: 64496
    loopback: 10.0.0.1/32
    routes: {10.0.0.2/32: r2}
    bgp: {peers: {r2: false, 10.0.0.2: {update_source: 10.0.0.1, next_hop_self: true}}}
  r2:
    asn: 64496
    loopback: 10.0.0.2/32
    routes: {10.0.0.1/32: r1}
    bgp: {peers: {r1: false, 10.0.0.1: {update_source: 10.0.0.2}}}
  e1: {asn: 64497}
links: [r1 -- r2, r1 -- e1]
"""
OSPF = STATIC.replace("asn: 64496\n", "asn: 64496\n    ospf: true\n")
BY_LINK = "nodes:\n  r[1-2]: {asn: 64496}\n  e1: {asn: 64497}\nlinks: [r1 -- r2, r1 -- e1]\n"
OLDER = Engines(Registry(()).of(SEAM), {"frr": Capabilities(manager=False)})


def warnings(text: str, engines: Engines = OLDER) -> list[str]:
    loaded = load(Path("lab.yaml"), text=text)
    return [str(problem) for problem in requirements.warnings(loaded.lab, engines, "lab.yaml", loaded.lines)]


def test_loopbacks_that_an_older_frr_does_not_tell_of() -> None:
    assert warnings(STATIC) == [
        "lab.yaml:3: warning: r1: this machine's FRR tells the external peers of r1 nothing of 10.0.0.2: "
        "each is the next hop of its own iBGP route (OSPF in the AS helps, or FRR 10)"
    ]
    assert warnings(STATIC, ABLE) == []


@pytest.mark.parametrize("text", [OSPF, BY_LINK], ids=["ospf", "by-link"])
def test_where_it_tells_all_there_is_no_doubt(text: str) -> None:
    assert warnings(text) == []


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_no_example_is_in_doubt(file: Path) -> None:
    assert requirements.warnings(load(file).lab, OLDER) == []
