"""Vhosts: a LAN behind the node with many hosts, each a namespace with default routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.vhosts.model import Vhosts

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.model.segments import Segments
    from nlan.resources import Resource
    from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft, Positions
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class VhostsService(Service):
    """See `nlan.services.base.Service`."""

    name = "vhosts"
    stage = Stage.HOSTS
    model = Vhosts

    def contribution(self) -> Contribution:
        """Return the keys of host LANs, and what the parts of its model are called."""
        from nlan.services.vhosts.written import CONTRIBUTION

        return CONTRIBUTION

    def add_hosts(self, node: NodeDraft, wiring: Wiring) -> None:
        """Add the node's host LANs."""
        from nlan.services.vhosts.resolving import add_host_lans, add_vhosts

        add_vhosts(node, wiring.settings.mtu, wiring.settings.positions, wiring.report)
        add_host_lans(node, wiring.settings)

    def derive(self, wiring: Wiring) -> None:
        """Record what is written of host LANs where there are none."""
        from nlan.services.vhosts.resolving import vain_mtus

        vain_mtus(wiring.nodes.values(), wiring.settings)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Vhosts | None:
        """Return the node's host LANs."""
        from nlan.services.vhosts.resolving import lans_of

        lans = lans_of(node)
        return Vhosts(lans=tuple(lans)) if lans else None

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be of host LANs."""
        from nlan.services.vhosts import checking

        checking.check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses on the host LANs."""
        from nlan.services.vhosts import checking

        return checking.held(node, positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where the host LANs stand."""
        from nlan.services.vhosts import checking

        return checking.parts(node)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the node's host LANs with their hosts."""
        if node.find(Vhosts) is None:
            return ()
        from nlan.services.vhosts import expand

        return expand.expand(node, lab, context)


SERVICE = VhostsService()
