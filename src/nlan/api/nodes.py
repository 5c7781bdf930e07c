"""The nodes of a lab on this machine, and what all labs on it share, by the runtime that they have."""

from __future__ import annotations

from nlan.engines.frr.directories import DIRECTORIES
from nlan.runtimes import NetnsRuntime, Paths
from nlan.runtimes.netns.machine import NetnsMachine


def machine(paths: Paths) -> NetnsMachine:
    """Return this machine."""
    return NetnsMachine(paths, DIRECTORIES)


def open_nodes(paths: Paths, lab: str) -> NetnsRuntime:
    """Return the nodes of a lab, which need not exist."""
    return NetnsRuntime(paths, lab, DIRECTORIES)
