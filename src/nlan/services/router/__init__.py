"""Router: loopback addresses, and the daemons that speak for the node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.written.sections import Contribution


class RouterService(Service):
    """See `nlan.services.base.Service`."""

    name = "router"
    stage = Stage.PROGRAMS
    model = Router

    def contribution(self) -> Contribution:
        """Return what the parts of its model are called; its keys are in the table."""
        from nlan.services.router.shown import CONTRIBUTION

        return CONTRIBUTION

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return loopback addresses and daemons."""
        from nlan.services.router import expand

        return expand.expand(node, lab, context)


SERVICE = RouterService()
