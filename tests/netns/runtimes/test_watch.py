"""What the nodes of a lab tell of themselves."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from nlan.registry import Registry
from nlan.runtimes.base import SEAM, NodeEvent, NodeWatch
from nlan.runtimes.netns.runtime import NetnsRuntime

DEADLINE_S = 5.0


@pytest.fixture
def watch(runtime: NetnsRuntime) -> Iterator[NodeWatch]:
    """A watch of a lab that has had a node, so that it has all its directories."""
    runtime.create(["before"])
    with closing(runtime.watch()) as found:
        yield found


def wait(watch: NodeWatch) -> list[NodeEvent]:
    ready, _, _ = select.select([watch], [], [], DEADLINE_S)
    assert ready, "nothing was told"
    return watch.read()


def test_namespaces_that_appear_and_vanish(runtime: NetnsRuntime, watch: NodeWatch) -> None:
    runtime.create(["r1", "r1/192.0.2.1", "@fabric"])
    told = wait(watch)
    assert {e.namespace for e in told if e.what == "appeared"} == {"r1", "r1/192.0.2.1", "@fabric"}
    runtime.delete(["r1"])
    assert NodeEvent("vanished", "r1") in wait(watch)


def test_other_labs_are_not_told_of(runtime: NetnsRuntime, watch: NodeWatch) -> None:
    (runtime.paths.netns / "somebody").touch()
    (runtime.paths.netns / f"{runtime.lab}x.r1").touch()
    runtime.create(["r1"])
    assert {event.namespace for event in wait(watch)} == {"r1"}
    for name in ("somebody", f"{runtime.lab}x.r1"):
        (runtime.paths.netns / name).unlink()


def test_a_followed_process_that_ends_is_told_once(runtime: NetnsRuntime, watch: NodeWatch) -> None:
    pid = runtime.spawn("before", ["sleep", "60"])
    watch.follow("before", pid, "sleep")
    watch.follow("before", pid, "sleep")
    os.kill(pid, signal.SIGKILL)
    ended: list[NodeEvent] = []
    while not ended:
        ended = [event for event in wait(watch) if event.what == "ended"]
    assert ended == [NodeEvent("ended", "before", "sleep")]
    os.waitpid(pid, 0)
    watch.follow("before", pid, "sleep")
    assert watch.read() == []


def test_a_lab_that_comes_later_is_watched_after_sync(runtime: NetnsRuntime) -> None:
    with closing(runtime.watch()) as watch:
        runtime.create(["r1"])
        watch.sync()
        runtime.create(["r2", "@fabric"])
        assert {"r2", "@fabric"} <= {event.namespace for event in wait(watch)}


def test_the_runtime_is_found_by_its_name(runtime: NetnsRuntime) -> None:
    netns = Registry(()).of(SEAM)["netns"]
    machine = netns.machine(runtime.paths)
    assert runtime.lab in machine.labs()
    assert machine.lock_holder(runtime.lab) == os.getpid()
    assert netns.nodes(machine, runtime.lab).create(["r1"]) == {}
    assert runtime.namespaces() == ["r1"]
