"""Vhosts: a LAN behind the node with many hosts, each a namespace with default routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.vhosts.model import Vhosts

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
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

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's host LANs with their hosts."""
        from nlan.services.vhosts import expand

        return expand.expand(node, lab, context)


SERVICE = VhostsService()
