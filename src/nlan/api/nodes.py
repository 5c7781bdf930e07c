"""The nodes of a lab on this machine, and what all labs on it share, by the runtime that they have."""

from __future__ import annotations

from nlan.engines.base import Engines
from nlan.runtimes import NetnsRuntime, Paths
from nlan.runtimes.base import NodeDirectory
from nlan.runtimes.netns.machine import NetnsMachine


def machine(paths: Paths) -> NetnsMachine:
    """Return this machine."""
    return NetnsMachine(paths, _directories())


def open_nodes(paths: Paths, lab: str) -> NetnsRuntime:
    """Return the nodes of a lab, which need not exist."""
    return NetnsRuntime(paths, lab, _directories())


def _directories() -> tuple[NodeDirectory, ...]:
    """Return what the routing engines have of their own in each node."""
    return tuple(directory for engine in Engines.able() for directory in engine.directories)
