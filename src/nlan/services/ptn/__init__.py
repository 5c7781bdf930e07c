"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.ptn.model import Ptn

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


class PtnService(Service):
    """See `nlan.services.base.Service`."""

    name = "ptn"
    stage = Stage.SEGMENTS
    model = Ptn

    def contribution(self) -> Contribution:
        """Return `ptn` of a node, and what links, networks and their ends say of tunnels."""
        from nlan.services.ptn.written import CONTRIBUTION

        return CONTRIBUTION

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell whether the file asks for an L2VPN."""
        from nlan.services.ptn import resolving

        return resolving.asks_for_tunnels(tree, nodes)

    def declare(self, wiring: Wiring) -> None:
        """Note the networks that nodes say in full, with their segments, and who makes those of `l2vpn`."""
        from nlan.services.ptn import resolving, segments

        resolving.declare(wiring)
        wiring.makers["l2vpn"] = segments.Tunnels(wiring)

    def derive(self, wiring: Wiring) -> None:
        """Record what links and LANs say of tunnels."""
        from nlan.services.ptn import segments

        segments.refuse_elsewhere(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Ptn | None:
        """Return the node's networks, its own first."""
        from nlan.services.ptn import resolving

        return resolving.resolve(node)

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be, or is rarely meant, of tunnels."""
        from nlan.services.ptn import checking

        checking.check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses on the L2VPNs."""
        from nlan.services.ptn import checking

        return checking.held(node, segments, positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the networks and their L2VPNs stand."""
        from nlan.services.ptn import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the switches, tunnel ends, addresses and hosts of the node's L2VPNs."""
        if node.find(Ptn) is None:
            return ()
        from nlan.services.ptn import expand

        return expand.expand(node, lab, context)

    def ports(self, lab: Lab) -> Iterable[Port]:
        """Return the L2VPNs' interfaces: each has an MTU of its own, and floods to its peers."""
        from nlan.services.ptn import expect

        return expect.ports(lab)


SERVICE = PtnService()
