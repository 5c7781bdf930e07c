"""What an edit of a file comes to over the fake kernel: everything that the new text says, in one plan."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_interface
from pathlib import Path

from nlan.engine import Engine
from nlan.engines.frr.resource import FrrDaemon
from nlan.errors import NlanError
from nlan.expand import expand
from nlan.kinds.address import Address
from nlan.plan import Operation, Plan
from nlan.resources import Resource
from nlan.schema import Allocations, load
from nlan.testing import FakeKernel
from unit.engine.labs import Run, complete

THERE = (
    Address(namespace="a", interface="lo", address=ip_interface("2001:db8::1/128")),
    FrrDaemon(namespace="a", daemon="ospf6d", config=()),
)


def edited(*texts: str) -> tuple[FakeKernel, Plan]:
    """Return a kernel that was turned into one text after the other, and the last plan."""
    kernel, allocations = FakeKernel(), Allocations()
    for text in texts:
        loaded = load(Path("lab.yaml"), text=text, allocations=allocations)
        allocations, desired = loaded.allocations, expand(loaded.lab)
        plan = Run(kernel, desired).plan()
        complete(kernel, desired)
    return kernel, plan


def test_a_host_of_an_l2vpn_keeps_its_default_route_over_another_vni() -> None:
    text = """
        nodes: {r1: {hosts: 0}, h1: }
        networks: {lan: {nodes: [r1, h1], prefix: 192.0.2.0/24, vni: %s}}
    """
    kernel, _ = edited(text % 5, text % 6)
    assert "route 0.0.0.0/0 via 192.0.2.1 dev int_br6" in str(kernel)


def test_a_node_that_shall_not_forward_ceases_to() -> None:
    text = """
        ipv6: true
        nodes: {r1: {hosts: 1, forwarding: %s}}
    """
    kernel, plan = edited(text % "true", text % "false")
    switches = kernel.netns("r1").sysctls
    assert (switches["net/ipv4/ip_forward"], switches["net/ipv6/conf/all/forwarding"]) == ("0", "0")
    changes = [(o.action, o.impact) for o in plan.operations]
    assert changes == [("update", "outage")] * 2 + [("delete", "hitless")] * 4, "a router's others go back"


def test_a_limit_that_is_not_said_any_more_is_lifted() -> None:
    text = "nodes: {r1: {hosts: 0, limits: {%s}}}"
    kernel, plan = edited(text % "memory: 64M, pids: 100", text % "pids: 100")
    assert kernel.limits == {"r1": {"pids": 100}}
    assert [o.reason for o in plan.operations] == ["memory is 67108864, wanted unlimited"]


def test_a_daemon_ends_before_the_addresses_go_that_it_stood_on() -> None:
    done: list[str] = []

    class Recorder:
        def __init__(self, *kinds: str) -> None:
            self.kinds = kinds

        def observe(self, namespaces: Sequence[str]) -> list[Resource]:
            return [resource for resource in THERE if resource.kind in self.kinds]

        def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
            done.extend(str(operation) for operation in operations)
            return [None] * len(operations)

    engine = Engine([Recorder("bridge", "address"), Recorder("frr")])
    assert engine.apply(engine.plan({}, ["a"])) == []
    assert done == ["delete a frr ospf6d", "delete a address lo 2001:db8::1/128"]
