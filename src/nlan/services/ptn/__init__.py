"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.ptn.model import Ptn

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
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

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the switches, tunnel ends, addresses and hosts of the node's L2VPNs."""
        from nlan.services.ptn import expand

        return expand.expand(node, lab, context)


SERVICE = PtnService()
