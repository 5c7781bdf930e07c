"""Switches that netlink does not tell of are told by inotify, and do not keep a namespace alive."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing

import pytest

from netns.support import create, shell, succeeded
from nlan.inotify import Inotify
from nlan.keep.switches import Switches
from nlan.netlink.driver import NetlinkDriver
from nlan.netlink.events import EventWatcher
from nlan.resources import Sysctl
from nlan.runtimes import NetnsRuntime
from samples import PAIR

NAME = "net/ipv4/conf/all/accept_local"


@pytest.fixture
def told() -> Iterator[Inotify]:
    one = Inotify()
    yield one
    one.close()


@pytest.fixture
def switches(place: NetnsRuntime, told: Inotify) -> Iterator[Switches]:
    one = Switches(place, told)
    one.want({n: [Sysctl(namespace=n, name=NAME, value="0")] for n in ("a", "b")}, place.namespaces())
    yield one
    one.close()


def written(switches: Switches, told: Inotify) -> set[str | None]:
    assert select.select([told.fileno()], [], [], 10)[0]
    return {switches.written(change.path.name) for change in told.changes() if change.path is not None}


def test_a_write_is_told_for_its_namespace_alone(
    place: NetnsRuntime, switches: Switches, told: Inotify
) -> None:
    assert switches.drifted() == set()
    shell(place, "b", "echo 1 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert written(switches, told) == {"b"}
    assert switches.drifted() == {"b"}


def test_a_write_of_the_same_value_is_no_drift(
    place: NetnsRuntime, switches: Switches, told: Inotify
) -> None:
    shell(place, "a", "echo 0 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert written(switches, told) == {None}


def test_what_is_forgotten_is_silent(place: NetnsRuntime, switches: Switches) -> None:
    switches.forget("b")
    shell(place, "b", "echo 1 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert switches.drifted() == set()


def test_an_open_switch_does_not_hold_its_namespace(place: NetnsRuntime, switches: Switches) -> None:
    """A pair whose one end is in it goes as soon as the kernel frees it."""
    assert succeeded(create(NetlinkDriver(place), PAIR))
    with closing(EventWatcher(place, ["link"])) as watcher:
        watcher.add("a")
        assert place.delete(["b"]) == {}
        while select.select([watcher.fileno()], [], [], 10)[0]:
            if any(event.gone and event.interface == PAIR.name for event in watcher.events()):
                break
        else:
            raise AssertionError("the namespace lives on")
    assert switches.drifted() == set()
