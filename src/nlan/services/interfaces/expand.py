"""Interfaces that nodes name, as resources."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.expect.segments import Port
from nlan.kinds import device as kinds
from nlan.kinds.fdb import FdbEntry
from nlan.kinds.vxlan import Vxlan
from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed
from nlan.services.interfaces.model import Device, Devices
from nlan.values import VXLAN_PORT, stable_mac

_OVER_IPV6 = {"gre": "ip6gre", "gretap": "ip6gretap", "ipip": "ip6tnl"}
"""What the kernel calls those whose ends have IPv6 addresses."""


def expand(node: Node, lab: Lab) -> Iterator[Resource]:
    """Yield each of the node's with its addresses."""
    for device in node.get(Devices).named:
        mac = stable_mac(lab.name, node.name, device.name)
        if device.mode == "vxlan":
            yield from _vxlan(node.name, device, mac)
        else:
            yield _device(node.name, device, mac)
        yield from addressed(node.name, device.name, device.addresses)


def _vxlan(node: str, device: Device, mac: str) -> Iterator[Resource]:
    assert device.vni is not None
    assert device.local is not None
    assert device.remote is not None
    yield Vxlan(
        namespace=node,
        name=device.name,
        vni=device.vni,
        local=device.local,
        master="",
        mtu=device.mtu,
        mac=mac,
        port=device.port or VXLAN_PORT,
    )
    yield FdbEntry(namespace=node, device=device.name, remote=device.remote)


def _device(node: str, device: Device, mac: str) -> kinds.Device:
    is_v6 = device.local is not None and device.local.version == 6
    kind = _OVER_IPV6.get(device.mode, device.mode) if is_v6 else device.mode
    return kinds.Device(
        namespace=node,
        name=device.name,
        type=kind,
        mac=mac if kinds.FORMS[kind].has_mac else "",
        mtu=device.mtu,
        local=device.local,
        remote=device.remote,
        tunnel_key=device.key,
        ttl=device.ttl,
        parent=device.parent,
        vid=device.vid,
    )


def ports(lab: Lab) -> Iterator[Port]:
    """Yield those that may be between nodes, with their MTUs."""
    for node in lab.nodes:
        yield from (Port(node.name, device.name, device.mtu) for device in node.get(Devices).named)
