"""Ptn: per L2VPN a bridge with the node's address and a VXLAN device that floods to the peers.

Split horizon comes from the bridge: a frame never leaves by the port it came
from, and all tunnels of an L2VPN are one port.
"""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expand import vhosts, wires
from nlan.model import L2Vpn, Lab, Node, PtnNetwork
from nlan.resources import FdbEntry, Resource, Vxlan
from nlan.values import stable_mac


def interface_name(vni: int) -> str:
    """Return the interface that carries a node's address in the L2VPN ``vni``."""
    return f"int_br{vni}"


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the bridges, VXLAN devices, forwarding entries and addresses of the node's L2VPNs."""
    for network in node.ptn:
        for l2vpn in network.l2vpns:
            yield from _l2vpn(node, lab, network, l2vpn)


def _l2vpn(node: Node, lab: Lab, network: PtnNetwork, l2vpn: L2Vpn) -> Iterator[Resource]:
    bridge, device = interface_name(l2vpn.vni), f"vxlan{l2vpn.vni}"
    yield wires.bridge(lab.name, node.name, bridge, l2vpn.mtu)
    yield Vxlan(
        namespace=node.name,
        name=device,
        vni=l2vpn.vni,
        local=network.local,
        master=bridge,
        mtu=l2vpn.mtu,
        mac=stable_mac(lab.name, node.name, device),
    )
    for peer in l2vpn.peers:
        if peer != network.local:
            yield FdbEntry(namespace=node.name, device=device, remote=peer)
    yield from wires.addressed(node.name, bridge, l2vpn.addresses)
    for host in l2vpn.hosts:
        yield from vhosts.behind(node, lab, bridge, l2vpn.mtu, host.addresses, host.gateways)
