"""Router: loopback addresses, the daemons that speak for the node, and what they leave to the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed
from nlan.services.base import Context

STANDS_ON = frozenset({"veth", "bridge", "vxlan", "address", "sysctl", "cgroup"})


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield loopback addresses and daemons; the daemons start once what the node stands on exists."""
    if node.router is None:
        return
    loopbacks = list(addressed(node.name, "lo", node.router.loopbacks))
    yield from loopbacks
    after = tuple(r.key for r in (*context.stands_on, *loopbacks) if r.kind in STANDS_ON)
    if node.router.engine == "gobgp":
        from nlan.engines.gobgp.render import dialled_by, gobgp_daemons, static_routes

        yield from static_routes(node)
        yield from gobgp_daemons(node, lab.timers, after, dialled_by(node, lab))
    else:
        from nlan.engines.frr.render import frr8 as frrolder
        from nlan.engines.frr.render.daemons import frr_daemons

        same_as = () if context.abilities.frr_manager else frrolder.loopbacks_of_as(node, lab)
        yield from frr_daemons(node, lab.timers, after, context.abilities, same_as=same_as)
