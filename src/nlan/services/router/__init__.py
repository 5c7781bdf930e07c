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
    from nlan.model.segments import Segments
    from nlan.resources import Resource
    from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft, Positions
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class RouterService(Service):
    """See `nlan.services.base.Service`."""

    name = "router"
    stage = Stage.PROGRAMS
    model = Router

    def contribution(self) -> Contribution:
        """Return the keys of routing, and what the parts of its model are called."""
        from nlan.services.router.shown import CONTRIBUTION

        return CONTRIBUTION

    def derive(self, wiring: Wiring) -> None:
        """Give every router its protocols and peers, every plain host its default route."""
        from nlan.services.router.resolving.routing import derive_routing

        derive_routing(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Router | None:
        """Return the node's router."""
        from nlan.services.router.resolving.draft import routing_of

        return routing_of(node).router

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant, of routing."""
        from nlan.services.router.checking.check import check

        check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the loopback addresses."""
        from nlan.services.router import checking

        return checking.held(node, positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the parts of the node's router stand."""
        from nlan.services.router import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return loopback addresses and daemons."""
        if node.find(Router) is None:
            return ()
        from nlan.services.router import expand

        return expand.expand(node, lab, context)

    def expect(self, topology: Topology) -> Expectation:
        """Return sessions, adjacencies and routes."""
        from nlan.services.router.expect import expect

        return expect(topology)


SERVICE = RouterService()
