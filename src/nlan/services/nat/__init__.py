"""NAT: what leaves by an interface bears the node's own address; ports that are forwarded to hosts inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.nat.model import Nat

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class NatService(Service):
    """See `nlan.services.base.Service`."""

    name = "nat"
    stage = Stage.SEGMENTS
    model = Nat

    def contribution(self) -> Contribution:
        """Return `nat` of a node."""
        from nlan.services.nat import written

        return written.CONTRIBUTION

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Nat | None:
        """Return what the node translates."""
        from nlan.services.nat import written

        return written.resolve(node, wiring.report)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's table of translations."""
        if (nat := node.find(Nat)) is not None:
            from nlan.services.nat.expand import table

            yield table(node.name, nat)


SERVICE = NatService()
