"""What runs in the virtual machine of tests/vm/run: a real kernel's modules and version 2 of cgroups."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import EXAMPLES, Machine, Nlan

pytestmark = pytest.mark.skipif("NLAN_VM" not in os.environ, reason="runs in the machine of tests/vm/run")

CGROUPS = Path("/sys/fs/cgroup")
LAB = """
nodes:
  r1: {asn: 64496, hosts: 1, limits: {memory: 400M, cpus: 0.8, pids: %d}}
  r2: {asn: 64497, hosts: 1, limits: {pids: 300}}
links: [r1 -- r2]
"""
HOG = "x = bytearray(800 << 20)"


@pytest.fixture(scope="module")
def nlan(tmp_path_factory: pytest.TempPathFactory) -> Nlan:
    return Nlan(tmp_path_factory.mktemp("vm"), "v")


@contextlib.contextmanager
def up(nlan: Nlan, file: str, lab: str, timeout_s: int) -> Iterator[None]:
    """Have a lab up for the length of the block, and the machine as it was after it."""
    before = Machine.look()
    answer = nlan("up", file, "-l", lab, "--timeout", str(timeout_s), "--json", timeout=timeout_s + 300).json
    try:
        assert answer["missing"] == []
        yield
    finally:
        nlan("down", lab, timeout=300)
    before.same(deadline_s=60)
    assert not (CGROUPS / "nlan" / lab).exists()


@pytest.fixture(scope="module")
def lab(nlan: Nlan) -> Iterator[str]:
    with up(nlan, nlan.write(LAB % 300), nlan.name("two"), 120):
        yield nlan.name("two")


def node(lab: str, name: str) -> Path:
    return CGROUPS / "nlan" / lab / name


def test_doctor_misses_nothing_that_is_needed(nlan: Nlan) -> None:
    assert (CGROUPS / "cgroup.controllers").exists()
    rows = nlan("doctor", "--json").json
    wanted = {"bridge", "veth", "vxlan", "cgroup", "privilege", "tbf", "netem"}
    assert {row["name"] for row in rows if row["present"]} >= wanted


def test_status_and_plan_of_what_runs(nlan: Nlan, lab: str) -> None:
    status = nlan("status", lab, "--json").json
    assert status["drift"]["operations"] == []
    assert {entry["state"] for entry in status["nodes"].values()} == {"ok"}
    assert nlan.operations(nlan.write(LAB % 300), "-l", lab) == []


def test_every_host_reaches_every_other(nlan: Nlan, lab: str) -> None:
    answers = nlan("ping", "--all", "-l", lab, "--json").json
    assert len(answers) == 2
    assert [a for a in answers if None in a["rtt_ms"]] == []


def test_limits_are_the_kernels_and_hold_daemons_and_commands(nlan: Nlan, lab: str) -> None:
    names = ("memory.max", "cpu.max", "pids.max")
    assert [(node(lab, "r1") / n).read_text().strip() for n in names] == [
        str(400 << 20),
        "80000 100000",
        "300",
    ]
    inside = (node(lab, "r1") / "cgroup.procs").read_text().split()
    programs = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in inside}
    assert {"zebra", "bgpd"} <= programs
    assert f"/nlan/{lab}/r1" in nlan.inside(lab, "r1", "cat", "/proc/self/cgroup")


@pytest.mark.parametrize(
    ("name", "value"), [("memory.max", "max"), ("cpu.max", "10000 100000"), ("pids.max", "7000")]
)
def test_drift_of_a_limit_is_seen_and_repaired(nlan: Nlan, lab: str, name: str, value: str) -> None:
    before = (node(lab, "r1") / name).read_text()
    (node(lab, "r1") / name).write_text(value)
    file = nlan.write(LAB % 300)
    assert nlan.operations(file, "-l", lab) == ["~ r1 cgroup [hitless]"]
    nlan("up", file, "-l", lab)
    assert (node(lab, "r1") / name).read_text() == before


def test_a_changed_limit_is_one_operation_and_no_session_ends(nlan: Nlan, lab: str) -> None:
    sessions = nlan.sessions(lab)
    assert sessions
    for pids in (250, 300):
        file = nlan.write(LAB % pids)
        assert nlan.operations(file, "-l", lab) == ["~ r1 cgroup [hitless]"]
        nlan("up", file, "-l", lab)
        assert (node(lab, "r1") / "pids.max").read_text() == f"{pids}\n"
    assert nlan.sessions(lab) == sessions


def test_a_process_over_the_memory_limit_ends_alone(nlan: Nlan, lab: str) -> None:
    before = (node(lab, "r1") / "cgroup.procs").read_text().split()
    answer = nlan.run("exec", "r1", "-l", lab, "--", "python3", "-c", HOG)
    assert answer.code == -signal.SIGKILL, answer
    assert nlan.run("exec", "r2", "-l", lab, "--", "python3", "-c", HOG).code == 0
    assert (node(lab, "r1") / "cgroup.procs").read_text().split() == before
    assert nlan.operations(nlan.write(LAB % 300), "-l", lab) == []


def test_links_addresses_and_routes_bear_the_mark(nlan: Nlan, lab: str) -> None:
    assert "proto 0x6e" in nlan.inside(lab, "r1", "ip", "address", "show", "scope", "global")


def test_what_is_foreign_stays(nlan: Nlan, lab: str) -> None:
    nlan.inside(lab, "r1", "ip", "address", "add", "192.0.2.77/32", "dev", "lo")
    assert nlan.operations(nlan.write(LAB % 300), "-l", lab) == []


@pytest.mark.parametrize("example", ["wan-bgp", "dual-stack", "clos"])
def test_examples(nlan: Nlan, example: str) -> None:
    file, name = EXAMPLES / f"{example}.yaml", nlan.name(example.replace("-", ""))
    with up(nlan, str(file), name, 300):
        answers = nlan("ping", "--all", "-l", name, "--json", timeout=300).json
        assert answers
        assert [a for a in answers if None in a["rtt_ms"]] == []
        assert nlan.operations(str(file), "-l", name) == []
