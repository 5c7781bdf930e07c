"""What the tests of the engine over the fake kernel share: labs, and turning a kernel into one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nlan.api.environment.context import Context
from nlan.api.listener import Listener
from nlan.api.runs.lifecycle import bring_up, prepare
from nlan.api.runs.request import Applied, Request
from nlan.engine import Engine, Failure
from nlan.expand import expand
from nlan.kinds.base import Driver
from nlan.plan import Plan
from nlan.registry import Registry
from nlan.resources import Key, Resource
from nlan.schema import Loaded, load
from nlan.state import LabState
from nlan.testing import FakeKernel, FakeNodes, fake_drivers
from samples import PTN
from tega.database import Database
from tega.engines.memory import MemoryLog

Lab = dict[Key, Resource]


OTHER = PTN.replace("/24: 1", "/24: 2").replace("vni: 1,", "vni: 7,")
"""The same with one more host, over another VNI."""


def lab(text: str) -> Lab:
    """Return what a file means."""
    return expand(load(Path("lab.yaml"), text=text).lab)


class Run:
    """One run of nlan over a kernel."""

    def __init__(self, kernel: FakeKernel, desired: Lab, place: FakeNodes | None = None) -> None:
        self.place = place or FakeNodes(kernel)
        self.desired = desired
        self.engine = Engine(fake_drivers(self.place, desired))

    def plan(self) -> Plan:
        return self.engine.plan(self.desired, self.place.namespaces())

    def apply(self) -> list[Failure]:
        return self.engine.apply(self.plan())


def kernel_with(*labs: Lab) -> FakeKernel:
    """Return a kernel that was turned into one lab after the other, nothing left to do after each."""
    kernel = FakeKernel()
    for desired in labs:
        complete(kernel, desired)
    return kernel


def complete(kernel: FakeKernel, desired: Lab) -> None:
    """Turn the kernel into a lab, which must go well and leave nothing to do."""
    run = Run(kernel, desired)
    failures = run.apply()
    assert failures == [], [str(failure.error) for failure in failures]
    left = [f"{operation}: {operation.reason}" for operation in run.plan().operations]
    assert left == [], left


class FakeContext(Context):
    """A context on a fake kernel, which has all; what this machine has is not asked."""

    def __init__(self, kernel: FakeKernel) -> None:
        self.nodes = FakeNodes(kernel)  # type: ignore[assignment]
        self.registry = Registry(())

    def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
        return fake_drivers(self.nodes, desired)  # type: ignore[arg-type]

    def check(self, plan: Plan, file: str, lines: Mapping[str, int]) -> None:
        """Refuse nothing."""


@cache
def loaded(text: str) -> Loaded:
    return load(Path("lab.yaml"), text=text)


class Machine:
    """A kernel, and what nlan remembers of the lab on it."""

    def __init__(
        self,
        *texts: str,
        context: type[FakeContext] = FakeContext,
        database: Database | None = None,
    ) -> None:
        self.kernel = FakeKernel()
        self.context = context(self.kernel)
        self.state = LabState(Database(MemoryLog()) if database is None else database, "ptn")
        for text in texts:
            self.up(text)

    def up(self, text: str, listener: Listener | None = None, **options: Any) -> Applied:
        file = loaded(text)
        request = Request(file.lab, file.allocations, ("lab.yaml", text), **{"wait": "no"} | options)
        return bring_up(self.context, self.state, prepare(self.context, request), listener or Listener())
