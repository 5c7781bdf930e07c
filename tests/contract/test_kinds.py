"""The contract of `nlan.kinds.base.Driver`, kind by kind, on the fake kernel and on Linux."""

from __future__ import annotations

import pytest

from contract.cases import CASES, Case
from contract.conftest import NAMESPACES
from contract.sides import Real, Side
from netns.support import by_key, create, delete, observe, replace, succeeded, update
from nlan.api.doctor.features import missing
from nlan.errors import ApplyError
from nlan.kinds.base import Driver
from nlan.kinds.device import KIND as DEVICES
from nlan.kinds.device import Device
from nlan.resources import Key, Resource
from samples import BRIDGE, PAIR, VXLAN, with_

KERNELS = tuple(
    name for name, case in CASES.items() if case.kind not in ("namespace", "hosts", "cgroup", "program")
)
"""Cases of what stands in a namespace that must be there."""


class Subject:
    """A case on a side: its ground is made."""

    def __init__(self, side: Side, case: Case) -> None:
        if case.kind == "cgroup":
            for controller in ("cpu", "pids"):
                if (reason := side.place.cgroups.why_not(controller)) is not None:
                    pytest.skip(reason)
        if isinstance(side, Real) and isinstance(case.resource, Device):
            for feature in missing(DEVICES.needs(case.resource)):
                pytest.skip(f"this kernel cannot make {feature.what}")
        self.side, self.case, self.resource = side, case, case.resource
        for resource in case.ground:
            assert succeeded(create(side.driver(resource.kind, {}), resource))
        self.before = self.seen()

    @property
    def driver(self) -> Driver:
        return self.driver_for(self.resource)

    def driver_for(self, wanted: Resource) -> Driver:
        return self.side.driver(self.case.kind, by_key(wanted))

    def seen(self, wanted: Resource | None = None) -> dict[Key, Resource]:
        """Return what the driver observes, namespaces that were there before left out."""
        found = observe(self.driver_for(wanted or self.resource), (*NAMESPACES, "n", "gone"))
        return {k: r for k, r in found.items() if k.kind != "namespace" or k.namespace == "n"}

    def is_there_as(self, resource: Resource) -> bool:
        assert self.seen(resource) == self.before | by_key(resource)
        return True


@pytest.fixture
def subject(side: Side, case: str) -> Subject:
    return Subject(side, CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_created_is_observed_as_asked_for(subject: Subject) -> None:
    assert succeeded(create(subject.driver, subject.resource))
    assert subject.is_there_as(subject.resource)


@pytest.mark.parametrize("case", CASES)
def test_creating_again_is_fine(subject: Subject) -> None:
    for _ in range(2):
        assert succeeded(create(subject.driver, subject.resource))
    assert subject.is_there_as(subject.resource)


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.changes])
def test_changes_in_place_one_after_the_other_and_back(subject: Subject) -> None:
    assert succeeded(create(subject.driver, subject.resource))
    current = subject.resource
    for change in (*subject.case.changes, None):
        wanted = subject.resource if change is None else with_(current, **change)
        difference = wanted.difference(current)
        assert difference is None or difference.in_place
        assert succeeded(update(subject.driver, wanted, current))
        assert subject.is_there_as(wanted)
        current = wanted


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.changes])
def test_creating_over_another_spec_changes_it(subject: Subject) -> None:
    other = with_(subject.resource, **subject.case.changes[0])
    assert succeeded(create(subject.driver, other))
    assert succeeded(create(subject.driver, subject.resource))
    assert subject.is_there_as(subject.resource)


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.replacement])
def test_replaced_by_what_cannot_be_had_in_place(subject: Subject) -> None:
    assert succeeded(create(subject.driver, subject.resource))
    other = with_(subject.resource, **subject.case.replacement)
    difference = other.difference(subject.resource)
    assert difference is not None
    assert not difference.in_place
    assert succeeded(replace(subject.driver, other, subject.resource))
    assert subject.is_there_as(other)


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if not case.lasts])
def test_deleted_and_deleting_again_is_fine(subject: Subject) -> None:
    assert succeeded(delete(subject.driver, subject.resource))
    assert succeeded(create(subject.driver, subject.resource))
    for _ in range(2):
        assert succeeded(delete(subject.driver, subject.resource))
        assert subject.seen() == subject.before


def test_a_switch_that_nobody_wants_any_more_goes_back(side: Side) -> None:
    subject = Subject(side, CASES["sysctl"])
    other = with_(subject.resource, name="net/ipv4/conf/all/promote_secondaries")
    driver = subject.driver_for(other)
    before = observe(driver, NAMESPACES)
    assert succeeded(create(driver, subject.resource, other))
    assert observe(driver, NAMESPACES) == by_key(subject.resource, other)
    for _ in range(2):
        assert succeeded(delete(subject.driver_for(other), subject.resource))
        assert observe(subject.driver_for(other), NAMESPACES) == by_key(other)
    assert observe(subject.driver, NAMESPACES) == subject.before | by_key(other)
    assert succeeded(delete(side.driver("sysctl", {}), other))
    assert observe(driver, NAMESPACES) == before


@pytest.mark.parametrize("case", KERNELS)
def test_namespace_that_does_not_exist_fails_alone(subject: Subject) -> None:
    gone = subject.case.elsewhere()
    failure, fine = create(subject.driver, gone, subject.resource)
    assert isinstance(failure, ApplyError)
    words = "gone: its namespace cannot be opened: No such file or directory"
    assert str(failure) == f"gone: create {gone.key}: {words}"
    assert fine is None
    assert subject.is_there_as(subject.resource)
    assert succeeded(delete(subject.driver, gone))


@pytest.mark.parametrize("case", KERNELS)
def test_vanished_namespace_is_left_out(subject: Subject) -> None:
    assert succeeded(create(subject.driver, subject.resource))
    subject.side.place.delete(["a"])
    subject.side.settle(NAMESPACES)
    assert [key for key in subject.seen() if key.namespace == "a"] == []
    assert succeeded(delete(subject.driver, subject.resource))


@pytest.mark.parametrize("resource", [BRIDGE, PAIR, VXLAN], ids=lambda r: r.kind)
def test_changing_what_is_missing_fails(side: Side, resource: Resource) -> None:
    (failure,) = update(side.driver(resource.kind, {}), with_(resource, mtu=1400), resource)
    assert str(failure) == f"a: update {resource.key}: No such device"


def test_observing_part_of_a_lab(side: Side) -> None:
    driver = side.driver("veth", {})
    assert succeeded(create(driver, BRIDGE, PAIR))
    assert observe(driver, ["a"]) == by_key(BRIDGE, PAIR)
    assert observe(driver, ["b", "gone"]) == {}
