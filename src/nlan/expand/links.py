"""Links and LANs: veth pairs between nodes, and bridges in the fabric."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from nlan.expand import wires
from nlan.model import Lab, Node
from nlan.resources import FABRIC, Resource, Route

DEFAULT = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}


def expand_lab(lab: Lab) -> Iterator[Resource]:
    """Yield the links, the LANs' bridges and their ports."""
    for link in lab.links:
        ends = ((link.a.node, link.a.interface), (link.b.node, link.b.interface))
        yield wires.pair(lab.name, ends, link.mtu)
    for lan in lab.lans:
        bridge = wires.short_name("lan.", lan.name)
        yield wires.bridge(lab.name, FABRIC, bridge, lan.mtu)
        for port in lan.ports:
            yield wires.port(lab.name, port.node, port.interface, bridge, "p.", lan.mtu)


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the addresses of the node's interfaces, and a plain host's default routes."""
    for interface in node.interfaces:
        yield from wires.addressed(node.name, interface.name, interface.addresses)
    for gateway in node.gateway:
        yield Route(
            namespace=node.name,
            prefix=DEFAULT[gateway.version],
            via=gateway,
            interface=node.interface_towards(gateway),
        )
