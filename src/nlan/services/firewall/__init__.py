"""Firewall: rules, in words, for what passes a node and for what is meant for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.firewall.model import Firewall

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class FirewallService(Service):
    """See `nlan.services.base.Service`."""

    name = "firewall"
    stage = Stage.SEGMENTS
    model = Firewall

    def contribution(self) -> Contribution:
        """Return `firewall` of a node."""
        from nlan.services.firewall import written

        return written.CONTRIBUTION

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Firewall | None:
        """Return the node's rules."""
        from nlan.services.firewall import written

        return written.resolve(node, wiring.report)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's table of rules."""
        if (firewall := node.find(Firewall)) is not None:
            from nlan.services.firewall.expand import table

            yield table(node.name, firewall)


SERVICE = FirewallService()
