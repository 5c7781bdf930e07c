"""DNS: names that a node answers for, and whom it asks about others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.dns.model import Dns

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class DnsService(Service):
    """See `nlan.services.base.Service`."""

    name = "dns"
    stage = Stage.PROGRAMS
    model = Dns

    def contribution(self) -> Contribution:
        """Return `dns` of a node."""
        from nlan.services.dns import written

        return written.CONTRIBUTION

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Dns | None:
        """Return what the node answers."""
        from nlan.services.dns import written

        return written.resolve(node, wiring.report)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's dnsmasq."""
        if node.find(Dns) is not None:
            from nlan.services import _dnsmasq

            yield _dnsmasq.program(node, lab, context)


SERVICE = DnsService()
