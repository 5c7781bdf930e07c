"""All or nothing: where any change fails, `bring_up` leaves the network as it was before.

Run over the fake kernel, with the state in memory; what this machine has is not asked.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence

import pytest

from nlan.api.listener import Listener
from nlan.api.runs.lifecycle import take_down
from nlan.errors import ApplyError, HostError, NlanError, NotOwnedError
from nlan.kinds.base import Driver
from nlan.netlink.driver import NetlinkDriver
from nlan.plan import Operation
from nlan.resources import Key, Resource
from samples import PTN
from unit.engine.labs import OTHER, FakeContext, Machine


def changes(*before: str, wanted: str) -> int:
    """Return how many changes of the kernel turn a lab into another."""
    machine = Machine(*before)
    done = machine.kernel.faults.count
    machine.up(wanted)
    return machine.kernel.faults.count - done


@pytest.mark.parametrize(("before", "wanted"), [((), PTN), ((PTN,), OTHER)], ids=["up", "change"])
def test_one_failure_undoes_everything(before: tuple[str, ...], wanted: str) -> None:
    machine = Machine(*before)
    expected = str(machine.kernel)
    applied = machine.state.applied()
    for n in range(changes(*before, wanted=wanted)):
        machine.kernel.faults.fail_at(n, errno.ENOMEM)
        with pytest.raises(ApplyError) as raised:
            machine.up(wanted)
        assert machine.kernel.faults.fault, n
        assert os.strerror(errno.ENOMEM) in str(raised.value)
        assert str(raised.value).endswith("everything was undone: the network is as it was before")
        assert str(machine.kernel) == expected, machine.kernel.faults.fault
        assert bool(machine.state.applied()) == bool(applied)
    machine.up(wanted)
    assert str(machine.kernel) == str(Machine(*before, wanted).kernel)


class Refusing(Driver):
    """A driver that looks as another one does, and applies nothing."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def kinds(self) -> tuple[str, ...]:
        return self._driver.kinds

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        return self._driver.observe(namespaces)

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        return [NotOwnedError(f"{o.key.namespace}: {o}: it is not nlan's") for o in operations]


class Ending(Refusing):
    """One whose call ends, once; then it works."""

    has_ended = False

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        if Ending.has_ended:
            return self._driver.apply(operations)
        Ending.has_ended = True
        raise HostError("the kernel does not answer")


def without_netlink(kind: type[Refusing]) -> type[FakeContext]:
    """Return a context whose drivers that speak netlink are of a kind."""

    class Context(FakeContext):
        def drivers(self, desired: Mapping[Key, Resource]) -> list[Driver]:
            drivers = super().drivers(desired)
            return [kind(driver) if isinstance(driver, NetlinkDriver) else driver for driver in drivers]

    return Context


def test_a_driver_whose_call_ends_fails_its_operations_and_all_is_undone() -> None:
    machine = Machine(context=without_netlink(Ending))
    empty = str(machine.kernel)
    with pytest.raises(ApplyError, match="bridge underlay: the kernel does not answer") as raised:
        machine.up(PTN)
    assert str(raised.value).endswith("everything was undone: the network is as it was before")
    assert str(machine.kernel) == empty


def test_a_thing_of_somebody_else_is_named_once() -> None:
    machine = Machine(context=without_netlink(Refusing))
    with pytest.raises(ApplyError) as raised:
        machine.up(PTN)
    assert str(raised.value).startswith("@fabric: create @fabric bridge underlay: it is not nlan's\n")


def test_taking_down_goes_on_after_a_failure_and_again_ends_it() -> None:
    machine = Machine(PTN)
    namespaces = len(machine.kernel.namespaces)
    for n in range(namespaces):
        machine = Machine(PTN)
        machine.kernel.faults.fail_at(n, errno.EBUSY)
        with pytest.raises(ApplyError) as raised:
            take_down(machine.context, Listener())
        assert os.strerror(errno.EBUSY) in str(raised.value)
        assert str(machine.kernel) == ""


def test_taking_down_what_cannot_be_removed_says_so() -> None:
    machine = Machine(PTN)
    machine.kernel.faults.fail_at(0, errno.EBUSY)
    place = machine.context.nodes
    failing = place.namespaces()[0]
    with pytest.raises(HostError, match=failing):
        place.cleanup()
    assert place.namespaces() == [failing]
    place.cleanup()
    assert str(machine.kernel) == ""
