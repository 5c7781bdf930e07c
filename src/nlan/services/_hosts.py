"""What several services make: namespaces, addresses, hosts behind a switch of a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network

from nlan.dataplanes.base import Dataplane, End
from nlan.interfaces import HOST
from nlan.kinds.address import Address
from nlan.kinds.namespace import Namespace
from nlan.kinds.route import Route
from nlan.kinds.stack import Stack
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpInterface
from nlan.resources import Resource

DEFAULT = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}
"""The default route's prefix, by IP version."""


def host_name(node: str, address: IpInterface) -> str:
    """Return what a host is called after its first address: ``NODE/ADDRESS``."""
    return f"{node}/{address.ip}"


def namespace(name: str, node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the namespace of a node, or of a host behind it, with what it comes with."""
    runtime = node.runtime or lab.runtime or ""
    yield Namespace(name=name, exclusive=lab.exclusive or node.exclusive, runtime=runtime)
    yield Stack(namespace=name)


def addressed(namespace: str, interface: str, values: Iterable[IpInterface]) -> Iterator[Resource]:
    """Yield the addresses of an interface."""
    for value in values:
        yield Address(namespace=namespace, interface=interface, address=value)


def behind(
    node: Node,
    lab: Lab,
    dataplane: Dataplane,
    switch: str,
    mtu: int,
    addresses: Sequence[IpInterface],
    gateways: Iterable[IpAddress],
) -> Iterator[Resource]:
    """Yield a host behind a switch of the node, with a default route of each family that it speaks."""
    host = host_name(node.name, addresses[0])
    yield from namespace(host, node, lab)
    label = str(addresses[0].ip)
    yield from dataplane.plug(lab.name, End(node.name, switch), End(host, HOST), label, mtu)
    yield from addressed(host, HOST, addresses)
    spoken = {address.version for address in addresses}
    for gateway in gateways:
        if gateway.version in spoken:
            yield Route(namespace=host, prefix=DEFAULT[gateway.version], via=gateway, interface=HOST)
