"""Router: loopback addresses, the daemons that speak for the node, and what they leave to the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed
from nlan.services.base import Context
from nlan.services.router.model import Router


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield loopback addresses and daemons; the daemons start once what the node stands on exists."""
    router, engine = node.find(Router), context.engines.of(node)
    if router is None or engine is None:
        return
    loopbacks = list(addressed(node.name, "lo", router.loopbacks))
    yield from loopbacks
    after = tuple(r.key for r in (*context.stands_on, *loopbacks) if r.is_link or r.is_ground)
    yield from engine.resources(node, lab, after, context.engines.capabilities(engine.name))
