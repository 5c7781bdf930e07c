"""Vhosts: a bridge in the node with the gateway's address, and hosts with a default route."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expand import wires
from nlan.expand.links import DEFAULT
from nlan.model import Lab, Node, VhostLan
from nlan.model.codec import IpInterface
from nlan.resources import Namespace, Resource, Route
from nlan.values import bridge_name

INTERFACE = "eth0"


def host_name(node: str, address: IpInterface) -> str:
    """Return what a host is called: ``NODE/ADDRESS``."""
    return f"{node}/{address.ip}"


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the node's host LANs with their hosts."""
    for lan in node.vhosts:
        bridge = bridge_name(str(lan.gateway.ip))
        yield wires.bridge(lab.name, node.name, bridge, lan.mtu)
        yield from wires.addressed(node.name, bridge, (lan.gateway,))
        for address in lan.hosts:
            yield from _host(node, lab, lan, bridge, address)


def _host(node: Node, lab: Lab, lan: VhostLan, bridge: str, address: IpInterface) -> Iterator[Resource]:
    host = host_name(node.name, address)
    port = wires.short_name("", str(address.ip))
    yield Namespace(name=host)
    yield wires.pair(lab.name, ((host, INTERFACE), (node.name, port)), lan.mtu, peer_master=bridge)
    yield from wires.addressed(host, INTERFACE, (address,))
    prefix = DEFAULT[lan.gateway.version]
    yield Route(namespace=host, prefix=prefix, via=lan.gateway.ip, interface=INTERFACE)
