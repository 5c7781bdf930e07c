"""Vhosts: a bridge in the node with the gateways' addresses, and hosts with default routes."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expand import wires
from nlan.expand.links import DEFAULT
from nlan.model import Lab, Node, VhostLan
from nlan.model.codec import IpAddress, IpInterface
from nlan.resources import FABRIC, Resource, Route
from nlan.values import bridge_name

INTERFACE = "eth0"


def host_name(node: str, address: IpInterface) -> str:
    """Return what a host is called after its first address: ``NODE/ADDRESS``."""
    return f"{node}/{address.ip}"


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the node's host LANs with their hosts."""
    for lan in node.vhosts:
        bridge = bridge_name(str(lan.gateway.ip))
        yield wires.bridge(lab.name, node.name, bridge, lan.mtu)
        yield from wires.addressed(node.name, bridge, lan.gateways)
        if not lan.hosts:
            yield _plugged(node, lab, lan, bridge)
        gateways = tuple(gateway.ip for gateway in lan.gateways)
        for addresses in lan.members:
            yield from behind(node, lab, bridge, lan.mtu, addresses, gateways)


def has_empty_lan(node: Node) -> bool:
    """Tell whether a host LAN of the node has no hosts."""
    return any(not lan.hosts for lan in node.vhosts)


def _plugged(node: Node, lab: Lab, lan: VhostLan, bridge: str) -> Resource:
    """Return what gives a LAN without hosts its carrier; without one nobody would hear of its prefix."""
    port = wires.short_name("", str(lan.gateway.ip))
    far = wires.short_name("h.", f"{node.name}/{lan.gateway.ip}")
    return wires.pair(lab.name, ((FABRIC, far), (node.name, port)), lan.mtu, peer_master=bridge)


def behind(
    node: Node,
    lab: Lab,
    bridge: str,
    mtu: int,
    addresses: tuple[IpInterface, ...],
    gateways: tuple[IpAddress, ...],
) -> Iterator[Resource]:
    """Yield a host behind a bridge of the node, with a default route of each family that it speaks."""
    host = host_name(node.name, addresses[0])
    port = wires.short_name("", str(addresses[0].ip))
    yield from wires.namespace(host, exclusive=lab.exclusive or node.exclusive)
    yield wires.pair(lab.name, ((host, INTERFACE), (node.name, port)), mtu, peer_master=bridge)
    yield from wires.addressed(host, INTERFACE, addresses)
    spoken = {address.version for address in addresses}
    for gateway in gateways:
        if gateway.version in spoken:
            yield Route(namespace=host, prefix=DEFAULT[gateway.version], via=gateway, interface=INTERFACE)
