"""Sysctls that netlink does not tell of are told by inotify, and do not keep a namespace alive."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing

import pytest

from netns.support import create, shell, succeeded
from nlan.api.events.sysctls import Sysctls
from nlan.netlink.driver import NetlinkDriver
from nlan.netlink.events import EventWatcher
from nlan.resources.base import KernelFile
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.system.inotify import Inotify
from samples import PAIR

NAME = "net/ipv4/conf/all/accept_local"


@pytest.fixture
def told() -> Iterator[Inotify]:
    one = Inotify()
    yield one
    one.close()


@pytest.fixture
def sysctls(place: NetnsRuntime, told: Inotify) -> Iterator[Sysctls]:
    one = Sysctls(place, told)
    one.want({n: [KernelFile(NAME, "0")] for n in ("a", "b")}, place.namespaces())
    yield one
    one.close()


def written(sysctls: Sysctls, told: Inotify) -> set[str | None]:
    assert select.select([told.fileno()], [], [], 10)[0]
    return {sysctls.written(change.path.name) for change in told.changes() if change.path is not None}


def test_a_write_is_told_for_its_namespace_alone(
    place: NetnsRuntime, sysctls: Sysctls, told: Inotify
) -> None:
    assert sysctls.drifted() == set()
    shell(place, "b", "echo 1 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert written(sysctls, told) == {"b"}
    assert sysctls.drifted() == {"b"}


def test_a_write_of_the_same_value_is_no_drift(place: NetnsRuntime, sysctls: Sysctls, told: Inotify) -> None:
    shell(place, "a", "echo 0 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert written(sysctls, told) == {None}


def test_what_is_forgotten_is_silent(place: NetnsRuntime, sysctls: Sysctls) -> None:
    sysctls.forget("b")
    shell(place, "b", "echo 1 > /proc/sys/net/ipv4/conf/all/accept_local")
    assert sysctls.drifted() == set()


def test_an_open_switch_does_not_hold_its_namespace(
    place: NetnsRuntime, kernel: NetlinkDriver, sysctls: Sysctls
) -> None:
    """A pair whose one end is in it goes as soon as the kernel frees it."""
    assert succeeded(create(kernel, PAIR))
    with closing(EventWatcher(place, ["link"])) as watcher:
        watcher.add("a")
        assert place.delete(["b"]) == {}
        while select.select([watcher.fileno()], [], [], 10)[0]:
            if any(event.gone and event.interface == PAIR.name for event in watcher.events()):
                break
        else:
            raise AssertionError("the namespace lives on")
    assert sysctls.drifted() == set()
