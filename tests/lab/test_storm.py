"""What many commands at once, many drifts and many edits leave: no traceback, no miss, no leak, no surprise.

`NLAN_STORM=10 ./test tests/lab/test_storm.py` does ten times as much as every run does.
"""

from __future__ import annotations

import os
import random
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from labmaker import LabMaker, text
from nlan.resources import IMPACTS
from samples import EBGP_PAIR
from support import Machine, Nlan, operation_text

TIMES = int(os.environ.get("NLAN_STORM", "1"))
SMALL = "nodes:\n  r1: {asn: 64496, hosts: 1}\n  r2: {asn: 64497, hosts: 1}\nlinks: [r1 -- r2]\n"
OTHER = SMALL.replace("64497", "64498") + "networks:\n  net: {nodes: [r1, r2], vni: 7}\n"
AT_ONCE = 8


def at_once(nlan: Nlan, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Run commands at the same moment; return their exit codes and what they printed."""
    processes = [nlan.start(*words) for words in commands]
    printed = [process.communicate(timeout=200) for process in processes]
    return [(process.returncode, *both) for process, both in zip(processes, printed, strict=True)]


@pytest.mark.parametrize("turn", range(TIMES))
def test_eight_ups_at_once(nlan: Nlan, turn: int) -> None:
    """One of them does it all; the others wait for it and find nothing to do."""
    machine, lab, file = Machine.look(nlan.name()), nlan.name(), nlan.write(SMALL)
    answers = at_once(nlan, *[("up", file, "--lab", lab)] * AT_ONCE)
    assert [code for code, _, _ in answers] == [0] * AT_ONCE, answers
    assert sum("nothing to do" in out for _, out, _ in answers) == AT_ONCE - 1
    assert len(nlan("history", lab, "--json").json) == 1
    nlan("down", lab)
    machine.same(nlan.name())


def test_eight_edits_at_once_are_all_there(nlan: Nlan) -> None:
    lab, names = nlan.name(), [f"r{n}" for n in range(1, AT_ONCE + 1)]
    nlan(
        "up",
        nlan.write(f"nodes: {{{', '.join(f'{name}: {{ospf: true}}' for name in names)}}}\n"),
        "--lab",
        lab,
    )
    edits = [
        ("set", f"{name}.router.loopbacks.1", f"192.0.2.{n}/32", "-l", lab) for n, name in enumerate(names)
    ]
    answers = at_once(nlan, *edits)
    assert [code for code, _, _ in answers] == [0] * AT_ONCE, answers
    nodes = nlan.status(lab)["nodes"]
    for n, name in enumerate(names):
        assert f"192.0.2.{n}/32" in nodes[name]["addresses"]["lo"]
    nlan("status", lab)


def test_a_storm_of_commands_leaves_a_lab_that_works(nlan: Nlan) -> None:
    machine, lab, chance = Machine.look(nlan.name()), nlan.name(), random.Random(7)
    files = (
        nlan.write(SMALL, "small.yaml"),
        nlan.write(OTHER, "other.yaml"),
        nlan.write("nodes: [", "bad.yaml"),
    )
    words = [
        *(("up", file, "--lab", lab, "--timeout", "30") for file in files[:2]),
        *(("plan", file, "--lab", lab) for file in files),
        ("down", lab),
        ("status", lab),
        ("status", lab, "--json"),
        ("history", lab),
        ("diff", "1", "-l", lab),
        ("rollback", "1", "-l", lab),
        ("set", "r1.router.loopbacks.1", "192.0.2.1/32", "-l", lab),
        ("unset", "r1.router.loopbacks.1", "-l", lab),
        ("exec", "r1", "-l", lab, "--", "ip", "address"),
        ("exec", "nobody", "-l", lab, "--", "true"),
        ("ping", "--all", "-l", lab, "--timeout", "1"),
        ("restore", lab),
        ("confirm", lab),
        ("ls", "--json"),
        ("shout", lab),
    ]
    storm = chance.choices(words, k=60 * TIMES)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: nlan.run(*one, timeout=200), storm))
    for one, answer in zip(storm, answers, strict=True):
        assert "Traceback" not in answer.out + answer.err, one
        assert "InternalError" not in answer.out, one
        assert answer.code in (0, 1, 2), (one, answer)
    nlan("up", files[0], "--lab", lab)
    assert nlan.operations(files[0], "--lab", lab) == []
    assert "2 of 2 answered" in nlan("ping", "--all", "-l", lab).out
    nlan("down", lab)
    machine.same(nlan.name())


class Kept:
    """A lab that `nlan keep` keeps, and what can happen to it."""

    def __init__(self, nlan: Nlan, name: str) -> None:
        self.nlan, self.name = nlan, name
        self.file = nlan.write(EBGP_PAIR, f"{name}.yaml")
        nlan("up", self.file, "--lab", name)
        self.process = nlan.start("keep", name, "--json")
        assert self.process.stdout is not None
        assert '"keeping"' in self.process.stdout.readline()
        self.notes: list[str] = []
        self._reader = threading.Thread(target=self.notes.extend, args=(self.process.stdout,))
        self._reader.start()

    def run(self, node: str, *command: str) -> None:
        subprocess.run(
            ["ip", "netns", "exec", f"{self.name}.{node}", *command], check=False, capture_output=True
        )

    def kill(self, node: str, daemon: str) -> None:
        """End a daemon, found as a person would."""
        self.nlan.run(
            "exec", node, "-l", self.name, "--", "sh", "-c", f"kill -9 $(cat /run/frr/{daemon}.pid)"
        )

    def size(self) -> tuple[int, int]:
        """Return keep's memory in kB, and how many descriptors it has open."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(memory.split()[1]), len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def is_whole(self) -> bool:
        return self.nlan.run("plan", self.file, "--lab", self.name).code == 0

    def end(self) -> None:
        self.process.terminate()
        self._reader.join(timeout=30)
        assert self.process.wait(timeout=30) == 0
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


DRIFTS: tuple[Callable[[Kept, str], None], ...] = (
    lambda lab, node: lab.run(node, "ip", "link", "del", "eth1"),
    lambda lab, node: lab.run(node, "ip", "link", "set", "eth1", "down"),
    lambda lab, node: lab.run(node, "ip", "link", "set", "eth1", "mtu", "1300"),
    lambda lab, node: lab.run(node, "ip", "address", "flush", "dev", "eth1", "scope", "global"),
    lambda lab, node: lab.run(node, "sysctl", "-qw", "net.ipv4.ip_forward=0"),
    lambda lab, node: lab.kill(node, "bgpd"),
    lambda lab, node: lab.kill(node, "zebra"),
)


@contextmanager
def kept(nlan: Nlan, count: int) -> Iterator[list[Kept]]:
    labs = [Kept(nlan, nlan.name(f"k{n}")) for n in range(count)]
    try:
        yield labs
    finally:
        for lab in labs:
            lab.end()


def _until(labs: list[Kept], holds: Callable[[Kept], bool], deadline_s: float = 60.0) -> None:
    end = time.monotonic() + deadline_s
    for lab in labs:
        while not holds(lab):
            assert time.monotonic() < end, lab.nlan.run("status", lab.name).out
            select.select([], [], [], 0.1)


def _until_whole(labs: list[Kept]) -> None:
    _until(labs, Kept.is_whole)


def test_no_drift_of_two_kept_labs_is_missed_and_keep_does_not_grow(nlan: Nlan) -> None:
    chance = random.Random(11)
    with kept(nlan, 2) as labs:
        for drift in DRIFTS:  # once each, so that keep has met what it is to remember
            for lab in labs:
                drift(lab, "r1")
            _until_whole(labs)
        before = [lab.size() for lab in labs]
        for _ in range(20 * TIMES):
            chance.choice(DRIFTS)(chance.choice(labs), chance.choice(["r1", "r2"]))
            if chance.random() < 0.5:
                _until_whole(labs)
        _until_whole(labs)
        for (memory, descriptors), lab in zip(before, labs, strict=True):
            assert lab.size()[1] == descriptors
            assert lab.size()[0] < memory * 1.2
        _until(labs, lambda lab: nlan.run("status", lab.name).code == 0)  # sessions need a moment
    assert all(any('"repaired"' in note for note in lab.notes) for lab in labs)


@pytest.mark.parametrize("seed", range(3 * TIMES))
def test_each_session_that_an_edit_resets_was_named_beforehand(nlan: Nlan, tmp_path: Path, seed: int) -> None:
    lab, maker = nlan.name(), LabMaker(1000 + seed, tmp_path)
    here = maker.new()
    nlan("up", nlan.write(text(here)), "--lab", lab)
    for _ in range(4):
        here = maker.edited(here)
        file = nlan.write(text(here))
        before, owners = nlan.sessions(lab), nlan.holders(lab)
        operations = nlan.run("plan", file, "--lab", lab, "--json").json["operations"]
        nlan("up", file, "--lab", lab)
        after, owners = nlan.sessions(lab), owners | nlan.holders(lab)
        bad = {one["namespace"] for one in operations if IMPACTS.index(one["impact"]) > 0}
        for end in before.keys() & after.keys():
            node, peer = end.split()
            if before[end] != after[end]:
                named = {node, owners.get(peer, "")} & bad
                assert named, f"{end} was reset; planned: {[operation_text(one) for one in operations]}"
