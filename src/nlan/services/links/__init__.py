"""Direct links between nodes, and LANs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class LinksService(Service):
    """See `nlan.services.base.Service`."""

    name = "links"
    stage = Stage.SEGMENTS

    def contribution(self) -> Contribution:
        """Return `links` and `networks` of a lab."""
        from nlan.services.links.written import CONTRIBUTION

        return CONTRIBUTION

    def connect(self, wiring: Wiring) -> None:
        """Make a segment of each link and network."""
        from nlan.services.links import resolving

        resolving.connect(wiring)

    def expand_lab(self, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the links, the LANs and their ports."""
        from nlan.services.links import expand

        return expand.expand_lab(lab, context)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the addresses of the node's interfaces, and a plain host's default routes."""
        from nlan.services.links import expand

        return expand.expand(node, lab, context)


SERVICE = LinksService()
