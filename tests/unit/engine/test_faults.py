"""Every change that the engine asks of the kernel fails once, and the caller dies once before each.

The kernel is nlan's own fake, which `tests/contract` compares with Linux; the drivers of the kernel
are the ones that ship. A change is one request to the kernel, of which an operation takes one or a few.
"""

from __future__ import annotations

import errno
import itertools
import os
import pickle
import socket
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import pytest

from nlan.api.generate import generate
from nlan.engine import Failure
from nlan.errors import ApplyError
from nlan.plan import Plan
from nlan.testing import FakeKernel, FakeNodes, KilledError
from samples import PTN
from unit.engine.labs import OTHER, Lab, Run, complete, kernel_with, lab


class Story(NamedTuple):
    """Labs that a kernel held before, and the lab that it shall be turned into."""

    before: tuple[Lab, ...]
    wanted: Lab

    def kernels(self) -> Iterator[tuple[int, FakeKernel]]:
        """Yield a kernel as it was before for each change that the story asks of it, with its number."""
        kernel = kernel_with(*self.before)
        frozen, before = pickle.dumps(kernel), kernel.faults.count
        complete(kernel, self.wanted)
        for n in range(kernel.faults.count - before):
            yield n, pickle.loads(frozen)

    def end(self) -> str:
        """Return what an undisturbed run ends with."""
        return str(kernel_with(*self.before, self.wanted))


@cache
def stories() -> dict[str, Story]:
    first, other = lab(PTN), lab(OTHER)
    return {
        "up": Story((), first),
        "change": Story((first,), other),
        "change back": Story((first, other), first),
        "down": Story((first,), {}),
    }


NAMES = ("up", "change", "change back", "down")


@pytest.mark.parametrize("name", NAMES)
def test_after_any_failure_the_same_again_ends_as_if_nothing_had_been(name: str) -> None:
    story = stories()[name]
    expected = story.end()
    for n, kernel in story.kernels():
        run = Run(kernel, story.wanted)
        plan = run.plan()
        kernel.faults.fail_at(n, errno.ENOMEM)
        failures = run.engine.apply(plan)
        fault = f"{n}: {kernel.faults.fault}"
        assert are_told(failures), fault
        assert only_what_stands_on_them_is_left_out(plan, failures), fault
        assert Run(kernel, story.wanted).apply() == [], fault
        assert str(kernel) == expected, fault


def are_told(failures: Sequence[Failure]) -> bool:
    """Check that the fault is told in the kernel's words, with node and operation."""
    errors = [failure.error for failure in failures if failure.error is not None]
    for failure in failures:
        if isinstance(failure.error, ApplyError):
            key = failure.operation.key
            assert (failure.error.node, failure.error.operation) == (key.namespace, str(failure.operation))
    return any(os.strerror(errno.ENOMEM) in str(error) for error in errors)


def only_what_stands_on_them_is_left_out(plan: Plan, failures: Sequence[Failure]) -> bool:
    failed = {failure.operation.key for failure in failures}
    left_out = [failure.operation for failure in failures if failure.error is None]
    return all(any(plan.operations[m].key in failed for m in operation.requires) for operation in left_out)


@pytest.mark.parametrize("name", NAMES)
def test_killed_at_any_moment_the_same_again_ends_as_if_nothing_had_been(name: str) -> None:
    story = stories()[name]
    expected = story.end()
    for n, kernel in story.kernels():
        kernel.faults.kill_at(n)
        with pytest.raises(KilledError):
            Run(kernel, story.wanted).apply()
        assert Run(kernel, story.wanted).apply() == [], f"killed before change {n}"
        assert str(kernel) == expected, f"killed before change {n}"


class Finishing(FakeNodes):
    """A place on a slow kernel that is done with removed namespaces when the n-th socket is opened."""

    def __init__(self, kernel: FakeKernel, at: int) -> None:
        super().__init__(kernel)
        self.left = at

    def open_socket(self, namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        if self.left == 0:
            self.kernel.settle()
        self.left -= 1
        return super().open_socket(namespace, family, kind, protocol)


def test_a_kernel_slow_with_namespaces_may_be_done_with_them_at_any_moment() -> None:
    """The links of a removed node were in the way of those of the same name, or just no longer."""
    larger, small = (lab(generate("ring", count=count)) for count in (6, 4))
    expected = str(kernel_with(larger, small))
    for n in itertools.count():
        kernel = FakeKernel(slow=True)
        complete(kernel, larger)
        place = Finishing(kernel, n)
        failures = Run(kernel, small, place).apply()
        assert failures == [], (n, [str(failure.error) for failure in failures])
        if place.left >= 0:
            break
        kernel.settle()
        assert str(kernel) == expected, n
    assert n > 10


def test_a_link_that_could_not_be_removed_stays_when_another_goes() -> None:
    """It was left in the group of those on their way out, and the next removal took it along."""
    desired = lab(PTN)
    kernel = kernel_with(desired)
    kernel.faults.fail_at(1, errno.ENOMEM)
    assert are_told(Run(kernel, without(desired, "vxlan1")).apply())
    assert kernel.faults.fault == "RTM_DELLINK in pe1"
    complete(kernel, without(desired, "vxlan2"))
    complete(kernel, desired)
    assert str(kernel) == str(kernel_with(desired))


def without(desired: Lab, device: str) -> Lab:
    """Return a lab without a VXLAN device of pe1 and its forwarding entries."""
    return {key: r for key, r in desired.items() if key.namespace != "pe1" or device not in key.name.split()}
