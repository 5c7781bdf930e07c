"""Dvr, distributed virtual routers: subnets over VXLAN whose gateways are on each of their nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.dvr.model import Dvr

if TYPE_CHECKING:
    from nlan.expect.segments import Port
    from nlan.model import Lab, Node
    from nlan.model.segments import Segments
    from nlan.resources import Resource
    from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft, Positions
    from nlan.schema.resolving.names import NodeTrees
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.syntax.tree import Map
    from nlan.schema.written.sections import Contribution


class DvrService(Service):
    """See `nlan.services.base.Service`."""

    name = "dvr"
    stage = Stage.SEGMENTS
    model = Dvr

    def contribution(self) -> Contribution:
        """Return `dvr` of a node, and `routers` of a lab."""
        from nlan.services.dvr.written import CONTRIBUTION

        return CONTRIBUTION

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell whether the file asks for distributed routing."""
        from nlan.services.dvr import resolving

        return resolving.asks_for_tunnels(tree, nodes)

    def declare(self, wiring: Wiring) -> None:
        """Note the subnets that nodes say in full."""
        from nlan.services.dvr import resolving

        resolving.declare(wiring)

    def connect(self, wiring: Wiring) -> None:
        """Give each node its part of the lab's distributed routers."""
        from nlan.services.dvr import resolving

        resolving.connect(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Dvr | None:
        """Return the node's subnets."""
        from nlan.services.dvr import resolving

        return resolving.resolve(node)

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant, of subnets."""
        from nlan.services.dvr import checking

        checking.check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the gateways' addresses, and those of hosts."""
        from nlan.services.dvr import checking

        return checking.held(node, segments, positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the subnets stand."""
        from nlan.services.dvr import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the bridges, tunnel ends, gateways, hosts and rules of the node's subnets."""
        if node.find(Dvr) is None:
            return ()
        from nlan.services.dvr import expand

        return expand.expand(node, lab, context)

    def ports(self, lab: Lab) -> Iterable[Port]:
        """Return the subnets' bridges: each has an MTU of its own, and floods to its peers."""
        from nlan.services.dvr import expect

        return expect.ports(lab)


SERVICE = DvrService()
