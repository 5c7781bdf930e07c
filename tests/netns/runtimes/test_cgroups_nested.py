"""Limits where nlan itself is in a cgroup of version 1: below that one, seen from outside too, all gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Nlan

CGROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = ("pids", "cpu", "memory")
LIMITS = {"pids": "pids: 40", "cpu": "cpus: 0.5", "memory": "memory: 64M"}
FILES = {"pids": "pids.max", "cpu": "cpu.cfs_quota_us", "memory": "memory.limit_in_bytes"}
FILE = """
nodes:
  r1: {limits: {%s}}
  r2: {}
links: [r1 -- r2]
"""


def own(controller: str) -> str | None:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path
    return None


class Confined:
    """`nlan` run inside a cgroup of a controller."""

    def __init__(self, directory: Path, controller: str, lab: str) -> None:
        self.controller, self.lab = controller, lab
        self.outer = CGROUPS / controller / f"outer-{lab}" / "inner"
        self.nlan = Nlan(directory, lab)
        places = {"NLAN_RUN_DIR": directory / "run", "NLAN_NETNS_DIR": directory / "netns"}
        self.nlan.env |= {name: str(path) for name, path in places.items()}
        self.nlan.env.pop("NLAN_CGROUP_NEST", None)
        self.node = self.outer / "nlan" / lab / "r1"

    def inside(self, *words: str, nest: str = "1") -> subprocess.Popen[str]:
        enter = f'echo $$ > {self.outer}/cgroup.procs; exec "$@"'
        return subprocess.Popen(
            ["sh", "-c", enter, "sh", *self.nlan.argv(*words)],
            env=self.nlan.env | {"NLAN_CGROUP_NEST": nest},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def up(self, limit: str) -> None:
        process = self.inside("up", self.nlan.write(FILE % limit), "-l", self.lab)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 0, said

    def plan(self, limit: str) -> list[str]:
        return self.nlan.operations(self.nlan.write(FILE % limit), "-l", self.lab)


@pytest.fixture(params=CONTROLLERS)
def confined(request: pytest.FixtureRequest, tmp_path: Path, lab_name: str) -> Iterator[Confined]:
    controller: str = request.param
    if (path := own(controller)) is None:
        pytest.skip(f"{controller} is no hierarchy of version 1 here")
    if path != "/":
        pytest.skip(f"this test would leave {controller} cgroup {path}, which confines it")
    if not os.access(CGROUPS / controller, os.W_OK):
        pytest.skip(f"{CGROUPS / controller} is not writable")
    made = Confined(tmp_path, controller, lab_name)
    made.outer.mkdir(parents=True)
    try:
        yield made
    finally:
        if made.nlan.running():
            made.nlan("down", lab_name)
        assert [path.name for path in made.outer.iterdir() if path.is_dir()] == []
        made.outer.rmdir()
        made.outer.parent.rmdir()
        assert not list(CGROUPS.glob(f"*/nlan/{lab_name}"))
    assert not (tmp_path / "run").exists() or os.listdir(tmp_path / "run") == []


def test_limit_is_below_the_outer_one_and_drift_is_repaired_from_outside(confined: Confined) -> None:
    controller = confined.controller
    limit, file = LIMITS[controller], confined.node / FILES[controller]
    confined.up(limit)
    before = file.read_text()
    assert confined.plan(limit) == []
    file.write_text({"pids": "77", "cpu": "70000", "memory": str(77 << 20)}[controller])
    assert confined.plan(limit) == ["~ r1 cgroup [hitless]"]
    confined.nlan("up", confined.nlan.write(FILE % limit), "-l", confined.lab)
    assert file.read_text() == before


def test_what_starts_later_is_in_it_from_wherever(confined: Confined) -> None:
    confined.up(LIMITS[confined.controller])
    said = confined.nlan.inside(confined.lab, "r1", "cat", "/proc/self/cgroup")
    assert f":{confined.controller}:/outer-{confined.lab}/inner/nlan/{confined.lab}/r1\n" in said
    other = confined.nlan.inside(confined.lab, "r2", "cat", "/proc/self/cgroup")
    assert f":{confined.controller}:/\n" in other or f"/nlan/{confined.lab}/r2\n" in other


def test_a_changed_limit_is_one_hitless_operation(confined: Confined) -> None:
    confined.up(LIMITS[confined.controller])
    other = {"pids": "pids: 41", "cpu": "cpus: 0.75", "memory": "memory: 65M"}[confined.controller]
    assert confined.plan(other) == ["~ r1 cgroup [hitless]"]
    confined.nlan("up", confined.nlan.write(FILE % other), "-l", confined.lab)
    assert confined.plan(other) == []


def test_without_permission_nothing_is_touched(confined: Confined) -> None:
    file = confined.nlan.write(FILE % LIMITS[confined.controller])
    process = confined.inside("up", file, "-l", confined.lab, nest="0")
    said = process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert f"nlan itself is confined to {confined.controller} cgroup /outer-{confined.lab}/inner" in said
    assert "NLAN_CGROUP_NEST=1" in said
    assert "r1.limits." in said
    assert confined.nlan.running() == []


def test_killed_half_way_down_removes_it_from_outside(confined: Confined) -> None:
    file = confined.nlan.write(FILE % LIMITS[confined.controller])
    process = confined.inside("up", file, "-l", confined.lab)
    appeared = _wait_for(confined.node, process)
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert appeared
    assert confined.node.is_dir()  # and the fixture takes it down


def _wait_for(path: Path, process: subprocess.Popen[str]) -> bool:
    """Look, without a pause, until the path is there or the process has ended."""
    while process.poll() is None:
        if path.exists():
            return True
    return path.exists()


FORKS = """
import os
source, sink = os.pipe()
try:
    for _ in range(60):
        if os.fork() == 0:
            os.close(sink)
            os._exit(len(os.read(source, 1)))
except BlockingIOError:
    os.close(sink)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            os._exit(42)
"""


@pytest.mark.parametrize("confined", ["pids"], indirect=True)
def test_processes_hold(confined: Confined) -> None:
    confined.up(LIMITS["pids"])
    confined.nlan("exec", "r1", "-l", confined.lab, "--", "python3", "-c", FORKS, code=42)
    confined.nlan("exec", "r2", "-l", confined.lab, "--", "python3", "-c", FORKS)


@pytest.mark.parametrize("confined", ["memory"], indirect=True)
def test_one_over_its_memory_ends_alone(confined: Confined) -> None:
    confined.up(LIMITS["memory"])
    words = ("exec", "r1", "-l", confined.lab, "--", "python3", "-c")
    assert confined.nlan.run(*words, "bytearray(200 << 20)").code == -9
    confined.nlan(*words, "")
