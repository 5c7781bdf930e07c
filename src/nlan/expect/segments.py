"""Who is connected to what: addresses, prefixes and their owners."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nlan.expand.base import addresses
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpInterface, IpNetwork


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The lab's addresses in the shapes that routing asks for.

    Attributes:
        nodes: By name.
        owners: Which node holds an address.
        connected: Prefixes that a node is connected to.
    """

    nodes: dict[str, Node]
    owners: dict[IpAddress, str]
    connected: dict[str, frozenset[IpNetwork]]

    def is_connected(self, node: str, address: IpAddress) -> bool:
        """Tell whether the node has an interface on the address's prefix."""
        return any(address in prefix for prefix in self.connected[node] if prefix.version == address.version)


def topology(lab: Lab) -> Topology:
    """Return the topology of a lab."""
    owners: dict[IpAddress, str] = {}
    for node in lab.nodes:
        for address in addresses(node):
            owners.setdefault(address.ip, node.name)
    return Topology(
        nodes={node.name: node for node in lab.nodes},
        owners=owners,
        connected={node.name: frozenset(a.network for a in addresses(node)) for node in lab.nodes},
    )


def interface_addresses(node: Node) -> Iterator[tuple[str, IpInterface]]:
    """Yield (interface, address) of what routing protocols may run on."""
    for interface in node.interfaces:
        for address in interface.addresses:
            yield interface.name, address
    for network in node.ptn:
        for l2vpn in network.l2vpns:
            for address in l2vpn.addresses:
                yield f"int_br{l2vpn.vni}", address
