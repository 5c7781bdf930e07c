"""What every node has: its namespace, kernel settings, limits, a port of the underlay; and the hosts file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource


class NodeService(Service):
    """See `nlan.services.base.Service`."""

    name = "node"
    stage = Stage.NODE

    def expand_lab(self, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the lab's hosts file and the underlay."""
        from nlan.services.node import expand

        return expand.expand_lab(lab, context)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's namespace, kernel settings, limits and port of the underlay."""
        from nlan.services.node import expand

        return expand.expand(node, lab, context)


SERVICE = NodeService()
