"""Links of a node to what is no node: taps, macvlans, NICs of the machine; and links over VXLAN."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.attachments.model import Attachments
from nlan.services.base import Context, Service, Stage

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.model.segments import Segments
    from nlan.resources import Resource
    from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
    from nlan.schema.resolving.drafts import NodeDraft, Positions
    from nlan.schema.resolving.names import NodeTrees
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.syntax.tree import Map
    from nlan.schema.written.sections import Contribution


class AttachmentsService(Service):
    """See `nlan.services.base.Service`."""

    name = "attachments"
    stage = Stage.SEGMENTS
    model = Attachments

    def contribution(self) -> Contribution:
        """Return `links` of a node, and the type `vxlan` of a link."""
        from nlan.services.attachments import written

        return written.CONTRIBUTION

    def needs_underlay(self, tree: Map, nodes: NodeTrees) -> bool:
        """Tell whether a link is a VXLAN tunnel."""
        from nlan.services.attachments import resolving

        return resolving.asks_for_tunnels(tree)

    def declare(self, wiring: Wiring) -> None:
        """Keep the allocation of interfaces off those that nodes name, and say who makes tunnels."""
        from nlan.services.attachments import resolving

        resolving.declare(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Attachments | None:
        """Return what the node holds."""
        from nlan.services.attachments import resolving

        return resolving.resolve(node, wiring)

    def check(self, checked: CheckedLab) -> None:
        """Record what cannot be."""
        from nlan.services.attachments import checking

        checking.check(checked)

    def held(self, node: Node, segments: Segments, positions: Positions) -> Iterable[Held]:
        """Return the addresses on them."""
        from nlan.schema.checking.addressing import held_on

        for port in node.get(Attachments).ports:
            end = node.name, port.interface
            yield from held_on(node, port.addresses, segments.get(end, end), positions)

    def parts(self, node: Node) -> Iterable[tuple[PartKey, PartPath]]:
        """Return where they stand."""
        from nlan.schema.checking.addressing import parts_of_addresses

        for number, port in enumerate(node.get(Attachments).ports):
            path = "attachments", "ports", str(number)
            yield ("attachment", port.interface), path
            yield from parts_of_addresses(port.addresses, (*path, "addresses"))

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the interfaces with their addresses."""
        if node.find(Attachments) is None:
            return ()
        from nlan.services.attachments import expand

        return expand.expand(node, lab)


SERVICE = AttachmentsService()
