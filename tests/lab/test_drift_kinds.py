"""Every kind of drift is seen by plan and status and put right; what is foreign is shown, and stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import drift_kinds
from drift_kinds import HARMLESS, LAB, OWN, Kind
from nlan.control.status import LabStatus, status
from nlan.control.world import World, abilities
from nlan.engine import Engine
from nlan.expand import expand
from nlan.model import Lab
from nlan.plan import Plan, exclusively
from nlan.runtimes import Paths
from nlan.schema import Allocations, load
from support import Nlan

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Subject:
    """A running lab, looked at and repaired as the command does, in this process."""

    def __init__(self, name: str, lab: Lab) -> None:
        self.name, self.lab = name, lab
        self.world = World(Paths.from_environment(), name)
        self.desired = expand(lab, abilities())

    def look(self) -> LabStatus:
        return status(self.world, self.lab)

    def repair(self, *, exclusive: bool = False) -> None:
        """Do what `up` does, and check that nothing is left to do."""
        desired = exclusively(self.desired) if exclusive else self.desired
        engine = Engine(self.world.drivers(desired))
        planned = engine.plan(desired, self.world.place.namespaces())
        assert [str(failure.error) for failure in engine.apply(planned)] == []
        left = engine.plan(desired, self.world.place.namespaces())
        assert [f"{o}: {o.reason}" for o in left.operations] == []

    def happen(self, kind: Kind) -> None:
        """Do what somebody does behind nlan's back."""
        verb, _, words = kind.script.partition(" ")
        if verb in SIGNALS:
            self._send(kind.node, words, SIGNALS[verb])
        elif verb == "outside:":
            subprocess.run(["sh", "-ec", words], env=self._env(kind.node), check=True)
        else:
            self.inside(kind.node, kind.script)

    def inside(self, node: str, script: str) -> None:
        done = self.world.place.run(node, ["sh", "-ec", script], env=self._env(node))
        assert done.returncode == 0, done.stderr.decode()

    def _env(self, node: str) -> dict[str, str]:
        cgroups = Path("/sys/fs/cgroup").glob(f"**/nlan/{self.name}/{node}/pids.max")
        cgroup = next(cgroups, Path("/nowhere/pids.max")).parent
        return {**os.environ, "NODE": str(self.world.place.directory(node)), "CGROUP": str(cgroup)}

    def _send(self, node: str, program: str, number: int) -> None:
        running = self.world.place.all_processes([node])[node]
        (pid,) = [pid for pid, name in running.items() if name == program]
        pidfd = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(pidfd, number)
            if number == signal.SIGKILL:
                assert select.select([pidfd], [], [], 10)[0]
            else:
                wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        finally:
            os.close(pidfd)


@pytest.fixture(scope="module")
def subject(module_nlan: Nlan) -> Subject:
    name, file = module_nlan.name("kinds"), module_nlan.write(LAB)
    module_nlan("up", file, "--lab", name)
    return Subject(name, load(Path(file), lab=name, allocations=lambda lab: Allocations()).lab)


def words_of(planned: Plan) -> list[str]:
    return [str(operation.key) for operation in planned.operations]


@pytest.mark.parametrize("kind", OWN, ids=[kind.title for kind in OWN])
def test_what_is_nlans_is_missed_and_put_right(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    seen = subject.look()
    assert any(kind.seen in words for words in words_of(seen.plan)), words_of(seen.plan)
    states = {node.name: node.state for node in seen.nodes}
    assert states.get(kind.seen.split()[0], "drift") == "drift"
    assert not seen.ok
    subject.repair()


@pytest.mark.parametrize("kind", drift_kinds.FOREIGN, ids=[kind.title for kind in drift_kinds.FOREIGN])
def test_what_is_foreign_is_shown_and_taken_away_when_asked(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    for _ in range(2):
        seen = subject.look()
        assert words_of(seen.plan) == []
        assert kind.seen in [str(foreign) for foreign in seen.plan.harmful]
        (node,) = [node for node in seen.nodes if node.name == kind.node]
        assert (node.state, kind.seen in node.foreign, seen.ok) == ("foreign", True, False)
        subject.repair()  # and it stays
    subject.repair(exclusive=True)
    assert subject.look().plan.foreign == ()


@pytest.mark.parametrize("kind", HARMLESS, ids=[kind.title for kind in HARMLESS])
def test_what_does_no_harm_is_shown(subject: Subject, kind: Kind) -> None:
    subject.happen(kind)
    seen = subject.look()
    assert [str(foreign) for foreign in seen.plan.foreign] == [kind.seen]
    (node,) = [node for node in seen.nodes if node.name == kind.node]
    assert (node.state in ("ok", "waiting"), seen.plan.harmful) == (True, ())
    subject.inside(kind.node, kind.undo)
    assert subject.look().plan.foreign == ()
