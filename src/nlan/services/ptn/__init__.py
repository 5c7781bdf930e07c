"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.ptn.model import Ptn

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource


class PtnService(Service):
    """See `nlan.services.base.Service`."""

    name = "ptn"
    stage = Stage.SEGMENTS
    model = Ptn

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the switches, tunnel ends, addresses and hosts of the node's L2VPNs."""
        from nlan.services.ptn import expand

        return expand.expand(node, lab, context)


SERVICE = PtnService()
