"""What cannot be of interfaces that nodes name, and what is rarely meant."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain

from nlan.interfaces import LOOPBACK, UNDERLAY, tunnel_name
from nlan.model import Node
from nlan.model.codec import IpAddress
from nlan.model.segments import Segments
from nlan.schema.checking.addressing import check_mtu, held_on, parts_of_addresses
from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Position, Report, nearest
from nlan.services.interfaces.model import TUNNELS, Device, Devices


def check(checked: CheckedLab) -> None:
    """Record what is wrong with each node's, and tunnels that lead one way alone."""
    twins: dict[Hashable, list[str]] = {}
    for node in checked.lab.nodes:
        for device in node.get(Devices).named:
            twins.setdefault(device.tunnel, []).append(node.name)
    for node in checked.lab.nodes:
        _node(node, checked.positions, checked.report)
        for device in node.get(Devices).named:
            if device.mode in TUNNELS:
                _one_way(node, device, twins[device.tunnel], checked)


def _at(node: Node, device: Device, positions: Positions, key: str = "") -> Position:
    found = "node", node.name, "device", device.name
    return positions.find(*found, key) if key else positions.find(*found)


def _node(node: Node, positions: Positions, report: Report) -> None:
    others = dict(chain.from_iterable(s.taken() for s in node.services if not isinstance(s, Devices)))
    others |= {LOOPBACK: "the loopback", "all": "all of them to sysctls", "default": "new ones to sysctls"}
    others |= {UNDERLAY: "on the underlay"} if node.attached else {}
    own = {address.ip for _, addresses in node.held() for address in addresses}
    seen: dict[Hashable, str] = {}
    for device in node.get(Devices).named:
        at = _at(node, device, positions)
        if device.name in others:
            report.error(at, f"no interface can be called {device.name}: that is {others[device.name]}")
        check_mtu(device.mtu, device.addresses, _at(node, device, positions, "mtu"), report)
        if device.mode in TUNNELS:
            _tunnel(node, device, own, positions, report)
        if device.mode == "vxlan" and device.vni and tunnel_name(device.vni) in others:
            report.error(
                _at(node, device, positions, "vni"), f"the VNI {device.vni} is defined twice in {node.name}"
            )
        if device.parent is not None:
            _vlan(node, device, positions, report)
        same = seen.setdefault(_alone(device), device.name)
        if same != device.name:
            report.error(at, f"{device.name} is the same {device.mode} interface as {same}", _hint(device))


def _alone(device: Device) -> Hashable:
    """Return what one interface of a node alone can be."""
    if device.mode == "vxlan":
        return device.mode, device.vni, device.port
    if device.mode in TUNNELS:
        return device.tunnel
    return (device.parent, device.vid) if device.mode == "vlan" else device.name


def _hint(device: Device) -> str:
    return "a `key` tells two apart" if device.mode in ("gre", "gretap") else ""


def _tunnel(node: Node, device: Device, own: set[IpAddress], positions: Positions, report: Report) -> None:
    local, remote = device.local, device.remote
    assert local is not None
    assert remote is not None
    at, there = (_at(node, device, positions, key) for key in ("local", "remote"))
    if local not in own:
        report.error(at, f"{local} is no address of {node.name}, and a tunnel's own end is one")
    if local.version != remote.version:
        report.error(there, f"a tunnel's ends have one IP version; these are {local} and {remote}")
    elif remote in own:
        report.error(there, f"{remote} is {node.name}'s own address, and a tunnel leads to another node")
    if device.mode == "sit" and local.version == 6:
        report.error(at, f"sit carries IPv6 over IPv4; {local} is neither", "`ipip` carries both over IPv6")
    inner = {"ipip": 6, "sit": 4}.get(device.mode) if local.version == 4 else None
    for address in (address for address in device.addresses if address.version == inner):
        where = positions.find("node", node.name, "address", address)
        other = "sit" if inner == 6 else "ipip"
        report.error(where, f"{device.mode} does not carry IPv{inner}", f"`{other}` does, and `gre` both")


def _vlan(node: Node, device: Device, positions: Positions, report: Report) -> None:
    names = [name for name, _ in node.held() if name not in (LOOPBACK, device.name)]
    if device.parent not in names:
        at = _at(node, device, positions, "parent")
        hint = nearest(device.parent or "", names)
        report.error(at, f"{node.name} has no interface {device.parent}", hint)
    sizes = {interface.name: interface.mtu for interface in node.interfaces}
    sizes |= {other.name: other.mtu for other in node.get(Devices).named}
    if device.mtu > (size := sizes.get(device.parent or "", device.mtu)):
        at = _at(node, device, positions, "mtu")
        report.error(at, f"{device.mtu} bytes do not pass {device.parent}, whose MTU is {size}")


def _one_way(node: Node, device: Device, ends: list[str], checked: CheckedLab) -> None:
    assert device.remote is not None
    other = checked.holders.seen_from(node.name, device.remote)
    if other is None or other == node.name or other in ends:
        return
    message = f"{other} has no {device.mode} back to {device.local}: what {node.name} sends is dropped there"
    checked.report.warning(_at(node, device, checked.positions, "remote"), message)


def held(node: Node, segments: Segments, positions: Positions) -> Iterator[Held]:
    """Yield the node's addresses on them."""
    for device in node.get(Devices).named:
        key = node.name, device.name
        yield from held_on(node, device.addresses, segments.get(key, key), positions)


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where each stands."""
    for number, device in enumerate(node.get(Devices).named):
        path = "devices", "named", str(number)
        yield ("device", device.name), path
        for key in ("local", "remote", "mtu", "vni", "parent"):
            yield ("device", device.name, key), (*path, key)
        yield from parts_of_addresses(device.addresses, (*path, "addresses"))
