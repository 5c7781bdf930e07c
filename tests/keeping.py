"""A running `nlan keep`, read note by note, and the lab that it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from support import Lines, Nlan

DEADLINE_S = 40.0
REPAIRED_MS = 3000
"""The aim is a second; a busy machine gets three."""


class Keep:
    """A running `nlan keep --json`, read note by note."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.notes: list[dict[str, Any]] = []
        self._lines = Lines(self.process)

    def wait(self, fits: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Return the next note that fits."""
        deadline = time.monotonic() + DEADLINE_S
        while line := self._lines.next(deadline):
            note: dict[str, Any] = json.loads(line)
            self.notes.append(note)
            if fits(note):
                return note
        raise AssertionError(f"no note of {what}; there were {self.notes[-20:]}")

    def repaired(self, *, kind: str, node: str, name: str = "") -> dict[str, Any]:
        def fits(note: dict[str, Any]) -> bool:
            same = (note.get("kind"), note.get("namespace")) == (kind, node)
            return note["event"] == "repaired" and same and name in note["name"]

        return self.wait(fits, f"a repaired {kind} of {node}")

    def event(self, event: str) -> dict[str, Any]:
        return self.wait(lambda note: note["event"] == event, event)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        try:
            self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode


@contextmanager
def keeping(nlan: Nlan, lab: str) -> Iterator[Keep]:
    keep = Keep(nlan.start("keep", lab, "--json"))
    try:
        keep.event("keeping")
        yield keep
    finally:
        if keep.process.poll() is None:
            keep.end()
        for pipe in (keep.process.stdout, keep.process.stderr):
            if pipe is not None:
                pipe.close()


class Lab(NamedTuple):
    """The running lab and who keeps it."""

    nlan: Nlan
    name: str
    keep: Keep

    def run(self, node: str, *command: str) -> None:
        """Run a command in a node's network namespace, quicker than by `nlan exec`."""
        where = f"{self.name}.{node.replace('/', '.', 1)}"
        subprocess.run(["ip", "netns", "exec", where, *command], check=True, capture_output=True)

    def vtysh(self, node: str, *lines: str) -> None:
        self.nlan.vtysh(self.name, node, *lines)

    def kill(self, node: str, daemon: str) -> None:
        path = Path("/run/nlan", self.name, "nodes", node)
        file = path / f"{daemon}.pid" if daemon == "gobgpd" else path / "run-frr" / f"{daemon}.pid"
        os.kill(int(file.read_text()), signal.SIGKILL)


def settled(lab: Lab) -> Any:
    """Return the status once all sessions are there again."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = lab.nlan.run("status", lab.name, "--json")
        if answer.code == 0 or time.monotonic() > deadline:
            assert answer.code == 0, answer.out
            return answer.json
