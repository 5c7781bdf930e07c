"""Vhosts: a LAN behind the node with many hosts, each a namespace with default routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.vhosts.model import Vhosts

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class VhostsService(Service):
    """See `nlan.services.base.Service`."""

    name = "vhosts"
    stage = Stage.HOSTS
    model = Vhosts

    def contribution(self) -> Contribution:
        """Return what the parts of its model are called; its keys are in the table."""
        from nlan.services.vhosts.shown import CONTRIBUTION

        return CONTRIBUTION

    def add_hosts(self, node: NodeDraft, wiring: Wiring) -> None:
        """Add the node's host LANs."""
        from nlan.schema.resolving.hosts import add_host_lans, add_vhosts

        add_vhosts(node, wiring.settings.mtu, wiring.settings.positions, wiring.report)
        add_host_lans(node, wiring.settings)

    def derive(self, wiring: Wiring) -> None:
        """Record what is written of host LANs where there are none."""
        from nlan.schema.resolving.hosts import vain_mtus

        vain_mtus(wiring.nodes.values(), wiring.settings)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Vhosts | None:
        """Return the node's host LANs."""
        return Vhosts(lans=tuple(node.vhosts)) if node.vhosts else None

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's host LANs with their hosts."""
        from nlan.services.vhosts import expand

        return expand.expand(node, lab, context)


SERVICE = VhostsService()
