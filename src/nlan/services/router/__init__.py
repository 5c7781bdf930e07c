"""Router: loopback addresses, and the daemons that speak for the node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.expect import Expectation
    from nlan.expect.segments import Topology
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class RouterService(Service):
    """See `nlan.services.base.Service`."""

    name = "router"
    stage = Stage.PROGRAMS
    model = Router

    def contribution(self) -> Contribution:
        """Return what the parts of its model are called; its keys are in the table."""
        from nlan.services.router.shown import CONTRIBUTION

        return CONTRIBUTION

    def derive(self, wiring: Wiring) -> None:
        """Give every router its protocols and peers, every plain host its default route."""
        from nlan.schema.resolving.routing import derive_routing

        derive_routing(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Router | None:
        """Return the node's router."""
        return node.router

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return loopback addresses and daemons."""
        from nlan.services.router import expand

        return expand.expand(node, lab, context)

    def expect(self, topology: Topology) -> Expectation:
        """Return sessions, adjacencies and routes."""
        from nlan.services.router.expect import expect

        return expect(topology)


SERVICE = RouterService()
