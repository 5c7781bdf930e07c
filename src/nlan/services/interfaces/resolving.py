"""Interfaces that nodes name, while a lab is resolved."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import msgspec

from nlan.model.codec import IpAddress
from nlan.schema.resolving.drafts import End, NodeDraft, Segment
from nlan.schema.resolving.names import NodeTrees
from nlan.schema.resolving.segments import Wiring
from nlan.schema.syntax.report import Report, Written, listed, values
from nlan.schema.syntax.tree import Map, Scalar
from nlan.schema.written.sections import Record
from nlan.services.interfaces.model import TTL, TUNNELS, Device, Devices, overhead
from nlan.services.interfaces.written import KEYS, MUST, InterfaceKeys, NodeKeys
from nlan.values import VXLAN_PORT


class _Draft(msgspec.Struct, eq=False):
    """What is kept of a node while a lab is resolved: the ends of its tunnels, and then its interfaces."""

    ends: dict[str, tuple[IpAddress, IpAddress]] = {}
    devices: list[Device] = []


def asks_for_underlay(nodes: NodeTrees) -> bool:
    """Tell whether a tunnel of the file leaves its own end to the underlay, or names a node as the other."""
    entries = (
        value
        for trees in nodes.values()
        for _, tree in trees
        if isinstance(tree, Map) and isinstance(found := tree.find("interfaces", "Interfaces"), Map)
        for _, value in found.entries
        if isinstance(value, Map)
    )
    return any(_is_on_underlay(entry, nodes) for entry in entries)


def _is_on_underlay(entry: Map, nodes: NodeTrees) -> bool:
    mode, remote = entry.find("mode", "Mode"), entry.find("remote", "Remote")
    if not isinstance(mode, Scalar) or mode.text.lower() not in TUNNELS:
        return False
    return entry.find("local", "Local") is None or (isinstance(remote, Scalar) and remote.text in nodes)


def _written(node: NodeDraft) -> Iterator[tuple[Written[str], Record]]:
    yield from node.written.get(NodeKeys.interfaces, [])


def declare(wiring: Wiring) -> None:
    """Keep names off those of links, and put the nodes on the underlay that tunnels end at."""
    for node in wiring.nodes.values():
        for name, record in _written(node):
            wiring.reserve(node.name, name.value)
            wiring.settings.positions.put(name.at, "node", node.name, "device", name.value)
            for key in KEYS.get(record.get(InterfaceKeys.mode, ""), ()):
                at = record.position(key)
                wiring.settings.positions.put(at, "node", node.name, "device", name.value, key.name)
            if _is_whole(name, record, wiring.report) and record.get(InterfaceKeys.mode) in TUNNELS:
                _ends(node, name, record, wiring)


def _is_whole(name: Written[str], record: Record, report: Report) -> bool:
    """Tell whether an interface says what its mode wants, and nothing else; what is wrong is recorded."""
    mode = record.get(InterfaceKeys.mode)
    if mode is None:
        return False
    known = {key.name for key in KEYS[mode]}
    for word in (word for word in record.positions if word not in known):
        names = listed([f"`{key.name}`" for key in KEYS[mode]], "and")
        report.error(record.positions[word], f"`{word}` is nothing of a {mode} interface", f"it has {names}")
    lacks = [key for key in MUST.get(mode, (InterfaceKeys.remote,)) if not record.has(key)]
    for key in lacks:
        report.error(name.at, f"a {mode} interface wants `{key.name}`: {key.kind.wanted}")
    return not lacks


def _ends(node: NodeDraft, name: Written[str], record: Record, wiring: Wiring) -> None:
    local = record.get(InterfaceKeys.local) or _underlay(node)
    remote = record.get(InterfaceKeys.remote)
    if isinstance(remote, str):
        at = record.position(InterfaceKeys.remote)
        known = wiring.known(remote, at)
        remote = _underlay(wiring.nodes[known[0]]) if known else None
    if local is not None and remote is not None:
        node.of(_Draft).ends[name.value] = local, remote


def _underlay(node: NodeDraft) -> IpAddress | None:
    """Return the node's address on the underlay, which it is on then."""
    node.attached = True
    return None if node.underlay is None else node.underlay.ip


def derive(wiring: Wiring) -> None:
    """Make the interfaces, now that what they stand on is known, and a segment of each between nodes."""
    for node in wiring.nodes.values():
        for name, record in _written(node):
            device = _device(node, name.value, record, wiring)
            if device is None:
                continue
            node.of(_Draft).devices.append(device)
            for address in record.get(InterfaceKeys.address, []):
                wiring.settings.positions.put(address.at, "node", node.name, "address", address.value)
    for is_tunnel in (True, False):  # VLANs may be on tunnels
        joined: dict[Hashable, list[tuple[NodeDraft, Device]]] = {}
        for node in wiring.nodes.values():
            for device in node.of(_Draft).devices:
                if (device.mode in TUNNELS) is is_tunnel:
                    joined.setdefault(_segment_of(node, device), []).append((node, device))
        for members in joined.values():
            _join(members, wiring)


def _device(node: NodeDraft, name: str, record: Record, wiring: Wiring) -> Device | None:
    mode = record.get(InterfaceKeys.mode)
    local, remote = node.of(_Draft).ends.get(name, (None, None))
    if mode is None or (mode in TUNNELS and local is None):
        return None
    device = Device(
        name=name,
        mode=mode,
        addresses=values(record.get(InterfaceKeys.address)),
        local=local,
        remote=remote,
        key=record.get(InterfaceKeys.key),
        ttl=record.get(InterfaceKeys.ttl, TTL) if mode in TUNNELS else None,
        vni=record.get(InterfaceKeys.vni),
        port=record.get(InterfaceKeys.port, VXLAN_PORT) if mode == "vxlan" else None,
        parent=record.get(InterfaceKeys.parent),
        vid=record.get(InterfaceKeys.vid),
    )
    mtu = record.get(InterfaceKeys.mtu) or _mtu(node, device, wiring.settings.mtu)
    if local is not None and _is_underlay(node, local):
        node.carries = max(node.carries, mtu)
    return msgspec.structs.replace(device, mtu=mtu)


def _is_underlay(node: NodeDraft, address: IpAddress) -> bool:
    return node.underlay is not None and node.underlay.ip == address


def _mtu(node: NodeDraft, device: Device, usual: int) -> int:
    """Return what passes whole: of a tunnel over the underlay, which grows with it, as much as anywhere."""
    if device.local is None:
        below = {end.interface: segment.mtu for segment, end in node.ends}
        below |= {one.name: one.mtu for one in node.of(_Draft).devices}
        return below.get(device.parent or "", usual)
    if _is_underlay(node, device.local):
        return usual
    ends = (segment.mtu for segment, end in node.ends if device.local in (a.ip for a in end.addresses))
    return next(ends, usual) - overhead(device.mode, device.local.version, keyed=device.key is not None)


def _segment_of(node: NodeDraft, device: Device) -> Hashable:
    """Return what both ends of a tunnel, or all ends of a VLAN, have in common; else what is the node's."""
    if device.mode in TUNNELS:
        return device.tunnel
    for segment, end in node.ends:
        if end.interface == device.parent:
            return "vlan", segment.name, device.vid
    return node.name, device.name


def _join(members: list[tuple[NodeDraft, Device]], wiring: Wiring) -> None:
    if len(members) == 1:
        node, device = members[0]
        node.stubs.setdefault(device.name, []).extend(device.addresses)
        return
    at = wiring.settings.positions.find("node", members[0][0].name, "device", members[0][1].name)
    names = "--".join(node.name for node, _ in members)
    mtu = min(device.mtu for _, device in members)
    segment = Segment(name=f"{members[0][1].name}:{names}", kind="device", at=at, written=Record(at), mtu=mtu)
    for node, device in members:
        where = wiring.settings.positions.find("node", node.name, "device", device.name)
        end = End(node, device.name, where, Record(where), addresses=list(device.addresses))
        segment.ends.append(end)
        node.ends.append((segment, end))
    wiring.segments.append(segment)


def resolve(node: NodeDraft) -> Devices | None:
    """Return what the node holds, None where that is nothing."""
    devices = node.of(_Draft).devices
    return Devices(named=tuple(devices)) if devices else None
