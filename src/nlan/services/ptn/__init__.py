"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.ptn.model import Ptn

if TYPE_CHECKING:
    from nlan.expect.segments import Port
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class PtnService(Service):
    """See `nlan.services.base.Service`."""

    name = "ptn"
    stage = Stage.SEGMENTS
    model = Ptn

    def contribution(self) -> Contribution:
        """Return what the parts of its model are called; its keys are in the table."""
        from nlan.services.ptn.shown import CONTRIBUTION

        return CONTRIBUTION

    def declare(self, wiring: Wiring) -> None:
        """Note the networks that nodes say in full, and make segments of their L2VPNs."""
        from nlan.schema.resolving.ptn import add_ptn

        for node in wiring.nodes.values():
            add_ptn(node, wiring.settings.mtu, wiring.settings.positions, wiring.report)
        wiring.add_written_vpns()

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Ptn | None:
        """Return the node's networks, its own first."""
        return Ptn(networks=tuple(node.ptn)) if node.ptn else None

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the switches, tunnel ends, addresses and hosts of the node's L2VPNs."""
        from nlan.services.ptn import expand

        return expand.expand(node, lab, context)

    def ports(self, lab: Lab) -> Iterable[Port]:
        """Return the L2VPNs' interfaces: each has an MTU of its own, and floods to its peers."""
        from nlan.services.ptn import expect

        return expect.ports(lab)


SERVICE = PtnService()
