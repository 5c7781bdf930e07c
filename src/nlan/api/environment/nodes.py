"""The nodes of a lab on this machine, and what all labs on it share, by the runtime that they have.

Every node has one runtime today: ``netns``, or that which ``NLAN_RUNTIME`` names.
"""

from __future__ import annotations

import os

from nlan.engines.base import Engines
from nlan.errors import HostError
from nlan.paths import Paths
from nlan.registry import Registry
from nlan.runtimes.base import SEAM, Machine, NodeDirectory, Nodes, Runtime

VARIABLE, USUAL = "NLAN_RUNTIME", "netns"


def machine(paths: Paths, registry: Registry | None = None) -> Machine:
    """Return this machine.

    Raises:
        HostError: There is no such runtime.
    """
    return _runtime(registry).machine(paths, _directories())


def open_nodes(paths: Paths, lab: str, registry: Registry | None = None) -> Nodes:
    """Return the nodes of a lab, which need not exist.

    Raises:
        HostError: There is no such runtime.
    """
    return _runtime(registry).nodes(machine(paths, registry), lab)


def _runtime(registry: Registry | None) -> Runtime:
    name = os.environ.get(VARIABLE) or USUAL
    known = (Registry(() if name == USUAL else None) if registry is None else registry).of(SEAM)
    if name not in known:
        raise HostError(f"{VARIABLE} says `{name}`, and there is no such runtime: {', '.join(known)}")
    return known[name]


def _directories() -> tuple[NodeDirectory, ...]:
    """Return what the routing engines have of their own in each node."""
    return tuple(directory for engine in Engines.able() for directory in engine.directories)
