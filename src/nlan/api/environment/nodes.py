"""The nodes of a lab on this machine, and what all labs on it share, by the runtimes that they have.

A node has the runtime that its file asks for, else its lab's, else the machine's: ``netns``, or that which
``NLAN_RUNTIME`` names when the lab is brought up.
"""

from __future__ import annotations

import os

from nlan.engines.base import Engines
from nlan.errors import HostError
from nlan.paths import Paths
from nlan.registry import Registry
from nlan.runtimes import _placement
from nlan.runtimes._by_node import NodesByRuntime
from nlan.runtimes.base import SEAM, Machine, NodeDirectory, Nodes, Runtime

VARIABLE, USUAL = "NLAN_RUNTIME", "netns"


def machine(paths: Paths, registry: Registry | None = None) -> Machine:
    """Return this machine.

    Raises:
        HostError: There is no such runtime.
    """
    return _runtime(_usual(), registry, f"{VARIABLE} says").machine(paths, _directories())


def open_nodes(paths: Paths, lab: str, registry: Registry | None = None) -> NodesByRuntime:
    """Return the nodes of a lab, which need not exist.

    Raises:
        HostError: There is no such runtime.
    """
    placement = _placement.read(paths.lab(lab))
    default = placement.default or _usual()
    asks = f"{lab} was made by the runtime" if placement.default else f"{VARIABLE} says"
    runtime = _runtime(default, registry, asks)
    place = runtime.machine(paths, _directories())

    def other(name: str) -> Nodes:
        return _runtime(name, registry, f"{lab} has nodes of the runtime").nodes(place, lab)

    nodes = runtime.nodes(place, lab)
    return NodesByRuntime(nodes, placement, other, default=default, is_usual=default == USUAL)


def _usual() -> str:
    return os.environ.get(VARIABLE) or USUAL


def _runtime(name: str, registry: Registry | None, asks: str) -> Runtime:
    known = (Registry(() if name == USUAL else None) if registry is None else registry).of(SEAM)
    if name not in known:
        from difflib import get_close_matches

        close = get_close_matches(name, known, 1)
        hint = f" (did you mean `{close[0]}`?)" if close else ""
        raise HostError(f"{asks} `{name}`, and there is no such runtime: {', '.join(known)}{hint}")
    return known[name]


def _directories() -> tuple[NodeDirectory, ...]:
    """Return what the routing engines have of their own in each node."""
    return tuple(directory for engine in Engines.able() for directory in engine.directories)
