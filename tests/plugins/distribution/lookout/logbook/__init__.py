"""A runtime: nodes as nlan's, and a logbook of which of them were made, and ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nlan.errors import NlanError
from nlan.paths import Paths
from nlan.runtimes.base import Machine, NodeDirectory, Nodes
from nlan.runtimes.netns.machine import NetnsMachine
from nlan.runtimes.netns.runtime import NetnsRuntime

VARIABLE = "LOGBOOK"
"""Says which file it is."""


class LoggedNodes(NetnsRuntime):
    """See `nlan.runtimes.base.Nodes`."""

    def create(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        failed = super().create(namespaces)
        _note("made", self.lab, *(name for name in namespaces if name not in failed))
        return failed

    def delete(self, namespaces: Sequence[str], term_s: float = 1.0) -> dict[str, NlanError]:
        failed = super().delete(namespaces, term_s)
        _note("ended", self.lab, *(name for name in namespaces if name not in failed))
        return failed

    def cleanup(self, term_s: float = 1.0) -> None:
        super().cleanup(term_s)
        _note("closed", self.lab)


class Logbook:
    """See `nlan.runtimes.base.Runtime`."""

    def machine(self, paths: Paths, directories: Sequence[NodeDirectory] = ()) -> Machine:
        return NetnsMachine(paths, directories)

    def nodes(self, machine: Machine, lab: str) -> Nodes:
        return LoggedNodes(machine.paths, lab, machine.directories)


def _note(*words: str) -> None:
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as book:
        print(*words, file=book)


RUNTIME = Logbook()
