"""A running lab to which somebody does the things of `drift_kinds`, looked at and repaired here."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from drift_kinds import Kind
from nlan.api import Environment, Lab, LabStatus, Paths
from support import Nlan

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def wait_until(holds: Callable[[], bool], why_not: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, why_not()
        time.sleep(0.001)


class Subject:
    """A running lab, looked at and repaired as the command does, in this process."""

    def __init__(self, nlan: Nlan, name: str, file: str) -> None:
        environment = Environment(Paths.from_environment()._replace(state=Path(nlan.env["NLAN_STATE_DIR"])))
        self.lab = Lab.from_file(file, name=name, environment=environment)
        self.context = self.lab.context()

    def look(self) -> LabStatus:
        return self.lab.status()

    def repair(self, *, exclusive: bool = False) -> None:
        """Do what `up` does, and check that nothing is left to do."""
        self.lab.up(exclusive=exclusive, wait="no")
        left = self.lab.plan(exclusive=exclusive)
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
        done = self.context.nodes.run(node, ["sh", "-ec", script], env=self._env(node))
        assert done.returncode == 0, done.stderr.decode()

    def _env(self, node: str) -> dict[str, str]:
        cgroups = Path("/sys/fs/cgroup").glob(f"**/nlan/{self.lab.name}/{node}/pids.max")
        cgroup = next(cgroups, Path("/nowhere/pids.max")).parent
        return {**os.environ, "NODE": str(self.context.nodes.directory(node)), "CGROUP": str(cgroup)}

    def _send(self, node: str, program: str, number: int) -> None:
        running = self.context.nodes.all_processes([node])[node]
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
