"""A service: sinks of a node, by name. Each is an interface that swallows what is sent to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lookout.sinks.model import Sinks
from nlan.services.base import Context, Service, Stage

if TYPE_CHECKING:
    from nlan.expect import Expectation
    from nlan.expect.segments import Topology
    from nlan.model import Lab, Node
    from nlan.resources import Resource
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.schema.written.sections import Contribution


class SinksService(Service):
    """See `nlan.services.base.Service`."""

    name = "sinks"
    stage = Stage.HOSTS
    model = Sinks

    def contribution(self) -> Contribution:
        from lookout.sinks import written

        return written.CONTRIBUTION

    def declare(self, wiring: Wiring) -> None:
        from lookout.sinks import written

        wiring.makers["cut"] = written.Cut(wiring)

    def resolve(self, node: NodeDraft, wiring: Wiring) -> Sinks | None:
        from lookout.sinks import written

        return written.resolve(node, wiring.report)

    def expand(self, node: Node, lab: Lab, context: Context) -> Iterable[Resource]:
        from lookout.ifb import Ifb
        from nlan.kinds.address import Address
        from nlan.kinds.route import Route
        from nlan.values import stable_mac

        for sink in node.get(Sinks).sinks:
            mac = stable_mac(lab.name, node.name, sink.name)
            yield Ifb(namespace=node.name, name=sink.name, mac=mac, mtu=sink.mtu)
            for address in sink.addresses:
                yield Address(namespace=node.name, interface=sink.name, address=address)
            for prefix in sink.swallows:
                if (hop := sink.hop(prefix.version)) is not None:
                    yield Route(namespace=node.name, prefix=prefix, via=hop, interface=sink.name)

    def expect(self, topology: Topology) -> Expectation:
        from nlan.expect import Expectation

        nodes = topology.nodes.values()
        prefixes = {n.name: frozenset(p for s in n.get(Sinks).sinks for p in s.swallows) for n in nodes}
        return Expectation(routes={name: those for name, those in prefixes.items() if those})


SERVICE = SinksService()
