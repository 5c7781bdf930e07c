"""What a subnet's bridge is to those who expect neighbours on it."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expect.segments import Port
from nlan.model import Lab
from nlan.services.dvr.model import Dvr


def ports(lab: Lab) -> Iterator[Port]:
    """Yield the subnets' bridges: each has an MTU of its own, and floods to its peers."""
    names = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    for node in lab.nodes:
        for subnet in node.get(Dvr).subnets:
            peers = frozenset(names[peer] for peer in subnet.peers if peer in names)
            yield Port(node.name, subnet.bridge, subnet.mtu, peers)
