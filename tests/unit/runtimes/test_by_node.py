"""The nodes of a lab by their runtimes: who is asked about which, and what is written down of that."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlan.errors import HostError, NlanError
from nlan.paths import Paths
from nlan.runtimes import _placement
from nlan.runtimes._by_node import NodesByRuntime
from nlan.runtimes.base import NodeEvent


class Watch:
    """Says what it is told to say, once."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.events: list[NodeEvent] = []

    def fileno(self) -> int:
        return self.reader

    def sync(self) -> None:
        """Nothing is to be done."""

    def read(self) -> list[NodeEvent]:
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


class Named:
    """A runtime's nodes: they see all namespaces of the lab, as those that are pinned do."""

    def __init__(self, name: str, paths: Paths, there: set[str]) -> None:
        self.name, self.there = name, there
        self.lab, self.machine = "lab", SimpleNamespace(paths=paths)
        self.watched = Watch()
        self.calls: list[tuple[str, ...]] = []

    def namespaces(self) -> list[str]:
        return sorted(self.there)

    def create(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        self.calls.append(("create", *namespaces))
        self.there.update(namespaces)
        return {}

    def delete(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        self.calls.append(("delete", *namespaces))
        self.there.difference_update(namespaces)
        return {}

    def cleanup(self) -> None:
        self.calls.append(("cleanup",))
        self.there.clear()

    def directory(self, namespace: str) -> Path:
        return Path(self.name, namespace)

    def watch(self) -> Watch:
        return self.watched


class Lab:
    """A lab with a usual runtime and another, which may not be installed."""

    def __init__(self, run: Path) -> None:
        self.paths, self.installed = Paths(run=run), True
        self.directory = self.paths.lab("lab")
        self.directory.mkdir(parents=True)
        there: set[str] = set()
        self.usual, self.other = Named("usual", self.paths, there), Named("other", self.paths, there)

    def open(self, *, default: str = "usual") -> NodesByRuntime:
        first: Any = self.usual if default == "usual" else self.other
        placement = _placement.read(self.directory)
        return NodesByRuntime(first, placement, self._find, default=default, is_usual=default == "usual")

    def _find(self, name: str) -> Any:
        if not self.installed:
            raise HostError(f"no {name}")
        return {"usual": self.usual, "other": self.other}[name]

    @property
    def kept(self) -> Any:
        file = self.directory / _placement.FILE
        return json.loads(file.read_bytes()) if file.exists() else None


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def mixed(lab: Lab) -> NodesByRuntime:
    nodes = lab.open()
    nodes.place({"r1": "", "r2": "other", "r2/192.0.2.1": "other"})
    assert nodes.create(["r1", "r2", "r2/192.0.2.1", "@fabric"]) == {}
    return nodes


def test_a_lab_of_the_usual_runtime_writes_nothing_down(lab: Lab) -> None:
    nodes = lab.open()
    nodes.place({"r1": "", "r2": "usual"})
    nodes.create(["r1", "r2"])
    assert (lab.kept, lab.other.calls) == (None, [])
    assert nodes.of("r1") is lab.usual


def test_each_is_made_and_asked_by_its_own(lab: Lab, mixed: NodesByRuntime) -> None:
    assert lab.usual.calls == [("create", "r1", "@fabric")]
    assert lab.other.calls == [("create", "r2", "r2/192.0.2.1")]
    assert lab.kept == ["", {"r2": "other"}]
    again = lab.open()
    assert again.namespaces() == ["@fabric", "r1", "r2", "r2/192.0.2.1"]
    assert [str(again.directory(name)) for name in ("r1", "r2/192.0.2.1", "@fabric")] == [
        "usual/r1",
        "other/r2/192.0.2.1",
        "usual/@fabric",
    ]


def test_another_run_sees_what_was_placed_meanwhile(lab: Lab) -> None:
    early = lab.open()
    late = lab.open()
    late.place({"r1": "other"})
    late.create(["r1"])
    assert early.runtime_of("r1") == "usual"
    early.namespaces()
    assert early.runtime_of("r1") == "other"


def test_what_goes_is_forgotten(lab: Lab, mixed: NodesByRuntime) -> None:
    assert mixed.delete(["r2", "r2/192.0.2.1"]) == {}
    assert lab.other.calls[-1] == ("delete", "r2", "r2/192.0.2.1")
    assert lab.kept is None


def test_the_whole_lab_goes(lab: Lab, mixed: NodesByRuntime) -> None:
    mixed.cleanup()
    assert lab.other.calls[-1] == ("delete", "r2", "r2/192.0.2.1")
    assert lab.usual.calls[-1] == ("cleanup",)
    assert (lab.kept, mixed.namespaces()) == (None, [])


def test_what_is_not_installed_goes_by_the_default_and_is_named(lab: Lab, mixed: NodesByRuntime) -> None:
    lab.installed = False
    again = lab.open()
    with pytest.raises(HostError, match="no other"):
        again.directory("r2")
    assert again.namespaces() == ["@fabric", "r1", "r2", "r2/192.0.2.1"]
    with pytest.raises(HostError, match="r2: the runtime other that made it is not installed"):
        again.cleanup()
    assert lab.usual.calls[-2:] == [("delete", "r2", "r2/192.0.2.1"), ("cleanup",)]


def test_an_unusual_default_is_kept(lab: Lab) -> None:
    nodes = lab.open(default="other")
    nodes.create(["r1"])
    assert lab.kept == ["other", {}]


def test_events_are_those_of_the_nodes_own_runtime(lab: Lab, mixed: NodesByRuntime) -> None:
    watch = mixed.watch()
    try:
        for one in (lab.usual, lab.other):
            one.watched.events = [NodeEvent("vanished", "r1"), NodeEvent("vanished", "r2"), NodeEvent("lost")]
        assert [(event.what, event.namespace) for event in watch.read()] == [
            ("vanished", "r2"),  # the other's
            ("lost", ""),
            ("vanished", "r1"),  # the usual's
            ("lost", ""),
        ]
        assert watch.read() == []
    finally:
        watch.close()


def test_what_cannot_be_read_is_said(lab: Lab) -> None:
    (lab.directory / _placement.FILE).write_text("{")
    with pytest.raises(HostError, match="which runtimes its nodes have cannot be read"):
        lab.open()
