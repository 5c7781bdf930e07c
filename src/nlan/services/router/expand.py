"""Router: loopback addresses, the daemons that speak for the node, and what they leave to the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed
from nlan.services.base import Context
from nlan.services.router.model import Router

STANDS_ON = frozenset({"address", "sysctl", "cgroup"})
"""The kinds, besides those of links, that daemons are started after."""


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield loopback addresses and daemons; the daemons start once what the node stands on exists."""
    router, engine = node.find(Router), context.engines.of(node)
    if router is None or engine is None:
        return
    loopbacks = list(addressed(node.name, "lo", router.loopbacks))
    yield from loopbacks
    after = tuple(r.key for r in (*context.stands_on, *loopbacks) if r.is_link or r.kind in STANDS_ON)
    yield from engine.resources(node, lab, after, context.engines.capabilities(engine.name))
