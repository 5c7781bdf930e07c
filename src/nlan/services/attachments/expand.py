"""A node's own links as resources."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.kinds.fdb import FdbEntry
from nlan.kinds.macvlan import Macvlan
from nlan.kinds.nic import Nic
from nlan.kinds.tap import Tap
from nlan.kinds.vxlan import Vxlan
from nlan.model import Lab, Node
from nlan.resources import HOST, Resource
from nlan.services._hosts import addressed
from nlan.services.attachments.model import Attachment, Attachments
from nlan.values import stable_mac


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield the interfaces with their addresses; those of links have theirs already."""
    held = node.get(Attachments)
    for port in held.ports:
        yield _interface(node, port, lab)
        yield from addressed(node.name, port.interface, port.addresses)
    for tunnel in held.tunnels:
        yield Vxlan(
            namespace=node.name,
            name=tunnel.interface,
            vni=tunnel.vni,
            local=tunnel.local,
            master="",
            mtu=tunnel.mtu,
            mac=stable_mac(lab.name, node.name, tunnel.interface),
        )
        yield FdbEntry(namespace=node.name, device=tunnel.interface, remote=tunnel.remote)


def _interface(node: Node, port: Attachment, lab: Lab) -> Resource:
    if port.type == "nic":
        return Nic(namespace=node.name, name=port.interface, nic=port.nic, mtu=port.mtu)
    mac = stable_mac(lab.name, node.name, port.interface)
    if port.type == "tap":
        owner, mtu = port.owner or "", 1500 if port.mtu is None else port.mtu
        return Tap(namespace=node.name, name=port.interface, mac=mac, mtu=mtu, owner=owner)
    return Macvlan(
        namespace=node.name,
        name=port.interface,
        on_namespace=HOST if port.nic else port.node or node.name,
        on=port.nic or port.on,
        mac=mac,
        mtu=port.mtu,
        mode=port.mode,
        is_tap=port.type == "macvtap",
    )
