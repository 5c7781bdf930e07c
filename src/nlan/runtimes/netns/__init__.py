"""Nodes as namespaces of this machine, with the machine's own files and no image."""

from __future__ import annotations

from collections.abc import Sequence

from nlan.paths import Paths
from nlan.runtimes.base import Machine, NodeDirectory, Nodes, Runtime
from nlan.runtimes.netns.machine import NetnsMachine
from nlan.runtimes.netns.runtime import NetnsRuntime


class Netns:
    """The runtime that needs nothing but the kernel."""

    def machine(self, paths: Paths, directories: Sequence[NodeDirectory] = ()) -> Machine:
        """Return this machine."""
        return NetnsMachine(paths, directories)

    def nodes(self, machine: Machine, lab: str) -> Nodes:
        """Return the nodes of a lab, which need not exist."""
        return NetnsRuntime(machine.paths, lab, machine.directories)


RUNTIME: Runtime = Netns()
