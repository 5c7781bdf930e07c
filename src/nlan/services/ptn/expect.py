"""What an L2VPN's interface is to those who expect neighbours on it."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expect.segments import Port
from nlan.interfaces import l2vpn_name
from nlan.model import Lab
from nlan.services.ptn.model import Ptn


def ports(lab: Lab) -> Iterator[Port]:
    """Yield the L2VPNs' interfaces: each has an MTU of its own, and floods to its peers."""
    names = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    for node in lab.nodes:
        for vpn in node.get(Ptn).l2vpns:
            peers = frozenset(names[peer] for peer in vpn.peers if peer in names)
            yield Port(node.name, l2vpn_name(vpn.vni), vpn.mtu, peers)
