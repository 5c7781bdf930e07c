"""Queues: the rate, delay, jitter and loss of what leaves by a node's interfaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlan.services.base import Context, Service, Stage
from nlan.services.queues.model import Queues

if TYPE_CHECKING:
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class QueuesService(Service):
    """See `nlan.services.base.Service`."""

    name = "queues"
    stage = Stage.HOSTS
    model = Queues

    def contribution(self) -> Contribution:
        """Return `rate`, `delay`, `jitter` and `loss` of a link or an end."""
        from nlan.services.queues import written

        return written.CONTRIBUTION

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Queues | None:
        """Return the queues at the node's ends."""
        from nlan.services.queues import written

        return written.resolve(node, wiring.report)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        """Return the queues at the node's interfaces."""
        from nlan.kinds.queue import Queue

        for port in node.get(Queues).ports:
            yield Queue(
                namespace=node.name,
                interface=port.interface,
                rate=port.rate,
                delay_us=port.delay_us,
                jitter_us=port.jitter_us,
                loss=port.loss,
            )


SERVICE = QueuesService()
