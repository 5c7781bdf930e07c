"""Links and LANs: two interfaces that are joined, and segments that belong to no node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.dataplanes.base import End, Segment
from nlan.kinds.route import Route
from nlan.model import Endpoint, Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import DEFAULT, addressed
from nlan.services.base import Context


def expand_lab(lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the links, the LANs and their ports."""
    plane = context.dataplane
    switches = {
        (node.name, interface): switch
        for node in lab.nodes
        for service in node.services
        for interface, switch in service.plugged()
    }

    def end(one: Endpoint) -> End:
        return End(one.node, one.interface, switches.get((one.node, one.interface), ""))

    for link in lab.links:
        a, b = end(link.a), end(link.b)
        yield from plane.link(lab.name, a, b, link.mtu)
    for lan in lab.lans:
        segment = Segment("lan", lan.name)
        yield from plane.segment(lab.name, segment, lan.mtu, exclusive=lab.exclusive)
        for port in lan.ports:
            yield from plane.port(lab.name, segment, end(port), lan.mtu)


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the addresses of the node's interfaces, and a plain host's default routes."""
    for interface in node.interfaces:
        yield from addressed(node.name, interface.name, interface.addresses)
    for gateway in node.gateway:
        yield Route(
            namespace=node.name,
            prefix=DEFAULT[gateway.version],
            via=gateway,
            interface=node.interface_towards(gateway),
        )
