"""A lab of its own per test, below the test's temporary directory, checked for left-overs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlan.api.environment.nodes import open_nodes
from nlan.netlink.driver import NetlinkDriver
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from nlan.testing import kernel_driver

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.netns)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root to make namespaces"))


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    yield Paths(run=tmp_path / "run" / "nlan", netns=tmp_path / "netns", state=tmp_path / "state")
    mounts = Path("/proc/self/mounts").read_text()
    assert str(tmp_path) not in mounts, "a mount is left behind"
    assert not (tmp_path / "run" / "nlan").exists()
    assert not (tmp_path / "netns").exists()


@pytest.fixture
def lab_name() -> str:
    return f"n{os.getpid()}x{next(_numbers)}"


@pytest.fixture
def runtime(paths: Paths, lab_name: str) -> Iterator[NetnsRuntime]:
    lab = open_nodes(paths, lab_name).by_name("netns")
    assert isinstance(lab, NetnsRuntime)
    with lab.lock():
        yield lab
        lab.cleanup()
    left = [p for p in Path("/sys/fs/cgroup").glob(f"**/nlan/{lab_name}") if p.is_dir()]
    assert not left, "a cgroup is left behind"


@pytest.fixture
def place(runtime: NetnsRuntime) -> NetnsRuntime:
    """The lab with namespaces a, b, c and the fabric."""
    assert runtime.create(["a", "b", "c", "@fabric"]) == {}
    return runtime


@pytest.fixture
def kernel(place: NetnsRuntime) -> NetlinkDriver:
    return kernel_driver(place)
