"""Interfaces that a node names itself: tunnels to other nodes or to the outside, VLANs, dummies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.interfaces.model import Devices

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


class InterfacesService(Service):
    """See `nlan.services.base.Service`."""

    name = "interfaces"
    stage = Stage.SEGMENTS
    model = Devices

    def contribution(self) -> Contribution:
        """Return `interfaces` of a node."""
        from nlan.services.interfaces.written import CONTRIBUTION

        return CONTRIBUTION

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell whether a tunnel leaves its ends to the underlay."""
        from nlan.services.interfaces import resolving

        return resolving.asks_for_underlay(nodes)

    def declare(self, wiring: Wiring) -> None:
        """Keep the names of the interfaces, and put the tunnels' ends on the underlay."""
        from nlan.services.interfaces import resolving

        resolving.declare(wiring)

    def derive(self, wiring: Wiring) -> None:
        """Give the nodes their interfaces, and make a segment of each tunnel and VLAN between nodes."""
        from nlan.services.interfaces import resolving

        resolving.derive(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Devices | None:
        """Return the node's interfaces."""
        from nlan.services.interfaces import resolving

        return resolving.resolve(node)

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant."""
        from nlan.services.interfaces import checking

        checking.check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses on the interfaces."""
        from nlan.services.interfaces import checking

        return checking.held(node, segments, positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the interfaces stand."""
        from nlan.services.interfaces import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the interfaces with their addresses."""
        if node.find(Devices) is None:
            return ()
        from nlan.services.interfaces import expand

        return expand.expand(node, lab)

    def ports(self, lab: Lab) -> Iterable[Port]:
        """Return those between nodes: each has an MTU of its own."""
        from nlan.services.interfaces import expand

        return expand.ports(lab)


SERVICE = InterfacesService()
