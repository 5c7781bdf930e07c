"""Router: loopback addresses, and the daemons that speak for the node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource


class RouterService(Service):
    """See `nlan.services.base.Service`."""

    name = "router"
    stage = Stage.PROGRAMS
    model = Router

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return loopback addresses and daemons."""
        from nlan.services.router import expand

        return expand.expand(node, lab, context)


SERVICE = RouterService()
