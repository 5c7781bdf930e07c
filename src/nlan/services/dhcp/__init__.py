"""DHCP: leases of addresses on a node's networks, and interfaces that take theirs by DHCP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.dhcp.model import Dhcp

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.contributors import CheckedLab, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class DhcpService(Service):
    """See `nlan.services.base.Service`."""

    name = "dhcp"
    stage = Stage.PROGRAMS
    model = Dhcp

    def contribution(self) -> Contribution:
        """Return `dhcp` of a node."""
        from nlan.services.dhcp import written

        return written.CONTRIBUTION

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Dhcp | None:
        """Return what the node leases, and where it takes leases."""
        from nlan.services.dhcp import resolving

        return resolving.resolve(node, wiring.report)

    def check(self, checked: CheckedLab) -> None:
        """Record where nobody leases what an interface shall take."""
        from nlan.services.dhcp import checking

        checking.check(checked)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the pools stand."""
        from nlan.services.dhcp import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's dnsmasq, and its clients."""
        if (dhcp := node.find(Dhcp)) is None:
            return
        from nlan.services import _dnsmasq
        from nlan.services.dhcp import client

        if dhcp.pools:
            yield _dnsmasq.program(node, lab, context)
        yield from client.programs(node, dhcp, lab, context)


SERVICE = DhcpService()
