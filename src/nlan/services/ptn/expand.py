"""Ptn: per L2VPN a switch with the node's address and a tunnel end that floods to the peers."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.dataplanes.base import End
from nlan.interfaces import l2vpn_name
from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed, behind
from nlan.services.base import Context
from nlan.services.ptn.model import L2Vpn, Ptn, PtnNetwork


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the switches, tunnel ends, addresses and hosts of the node's L2VPNs."""
    for network in node.get(Ptn).networks:
        for l2vpn in network.l2vpns:
            yield from _l2vpn(node, lab, context, network, l2vpn)


def _l2vpn(node: Node, lab: Lab, context: Context, network: PtnNetwork, l2vpn: L2Vpn) -> Iterator[Resource]:
    plane, interface = context.dataplane, l2vpn_name(l2vpn.vni)
    switch = End(node.name, interface)
    yield from plane.switch(lab.name, node.name, interface, l2vpn.mtu)
    yield from plane.tunnel(lab.name, switch, l2vpn.vni, network.local, l2vpn.peers, l2vpn.mtu)
    yield from addressed(node.name, interface, l2vpn.addresses)
    for host in l2vpn.hosts:
        yield from behind(node, lab, plane, interface, l2vpn.mtu, host.addresses, host.gateways)
