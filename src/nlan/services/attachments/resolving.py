"""What nodes say of their own links, and links that are VXLAN tunnels, as what nodes hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from nlan.schema.resolving.drafts import NodeDraft
from nlan.schema.resolving.segments import Member, Wiring
from nlan.schema.syntax.report import Report, Written, nearest, values
from nlan.schema.syntax.tree import Map, Scalar, Seq
from nlan.schema.written.common import Addresses
from nlan.schema.written.sections import Record
from nlan.services.attachments.model import Attachment, Attachments, Tunnel, Type
from nlan.services.attachments.written import LINKS, PortKeys
from nlan.services.ptn.written import OfLink
from nlan.values import VNI_MAX


class Draft(msgspec.Struct):
    """The tunnels of a node while it is resolved."""

    tunnels: list[Tunnel] = []


def declare(wiring: Wiring) -> None:
    """Reserve the names that nodes give, and say who makes links of type `vxlan`."""
    wiring.makers["vxlan"] = Tunnels(wiring)
    for node in wiring.nodes.values():
        for name, _ in node.written.get(LINKS, []):
            wiring.reserve(node.name, name.value)


def resolve(node: NodeDraft, wiring: Wiring) -> Attachments | None:
    """Return what a node holds, None where that is nothing."""
    ports = tuple(_ports(node, wiring))
    tunnels = tuple(node.of(Draft).tunnels)
    return Attachments(ports=ports, tunnels=tunnels) if ports or tunnels else None


def _ports(node: NodeDraft, wiring: Wiring) -> Iterator[Attachment]:
    for name, value in node.written.get(LINKS, []):
        record = _record(value, name)
        wiring.settings.positions.put(name.at, "node", node.name, "attachment", name.value)
        for address in record.get(PortKeys.address, []):
            wiring.settings.positions.put(address.at, "node", node.name, "address", address.value)
        kind = record.get(PortKeys.type) or _type(record)
        if _goes_together(name, kind, record, wiring.report):
            other, on = _on(record, wiring)
            yield Attachment(
                interface=name.value,
                type=kind,
                addresses=values(record.get(PortKeys.address)),
                mtu=record.get(PortKeys.mtu, wiring.settings.mtu if kind == "tap" else None),
                nic=record.get(PortKeys.nic, ""),
                on=on,
                node=other,
                mode=record.get(PortKeys.mode, "bridge"),
                owner=record.get(PortKeys.owner),
            )


def _record(value: Addresses | Record | None, name: Written[str]) -> Record:
    """Return what is written of one; addresses alone are a tap's."""
    if isinstance(value, Record):
        return value
    record = Record(name.at)
    if value:
        record.put(PortKeys.address, value, name.at)
    return record


def _type(record: Record) -> Type:
    return "macvlan" if PortKeys.on in record or PortKeys.nic in record else "tap"


def _goes_together(name: Written[str], kind: Type, record: Record, report: Report) -> bool:
    """Record what is missing of a type, and what it has no use for."""
    on_what = [key for key in (PortKeys.on, PortKeys.nic) if key in record]
    if kind == "nic" and PortKeys.nic not in record:
        report.error(
            name.at, f"`{name.value}` is a NIC of the machine's; which is not said", "say `nic: enp3s0`"
        )
        return False
    if kind in ("macvlan", "macvtap") and len(on_what) != 1:
        found = "neither is" if not on_what else "both are"
        message = (
            f"a {kind} is on an interface of a node (`on`) or on a NIC of the machine (`nic`); {found} said"
        )
        report.error(name.at, message)
        return False
    useless = {
        "tap": (PortKeys.on, PortKeys.nic, PortKeys.mode),
        "nic": (PortKeys.on, PortKeys.mode, PortKeys.owner),
    }.get(kind, (PortKeys.owner,))
    for key in useless:
        if key in record:
            report.error(record.position(key), f"a {kind} has no `{key.name}`")
            return False
    return True


def _on(record: Record, wiring: Wiring) -> tuple[str, str]:
    """Return node and interface of what it is on; the node is empty for its own."""
    text = record.get(PortKeys.on, "")
    node, colon, interface = text.rpartition(":")
    if colon and node not in wiring.nodes:
        message = f"no node is called `{node}`"
        wiring.report.error(record.position(PortKeys.on), message, nearest(node, wiring.nodes))
    return node, interface


class Tunnels:
    """Makes links that are VXLAN tunnels; see `nlan.schema.resolving.segments.Maker`."""

    def __init__(self, wiring: Wiring) -> None:
        """Take the lab's segments."""
        self._wiring = wiring

    def link(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Make a tunnel of a link: each end's interface is the tunnel's."""
        stated = self._wiring.stated("vni")
        take = self._wiring.allocator.take
        vni = record.get(OfLink.vni) or take("vni", name.value, 1, VNI_MAX, (stated, stated))
        segment = self._wiring.segment(name.value, "vxlan", record, name.at)
        ends = self._wiring.join(segment, members, "links")
        (one, other) = (member.node for member in members)
        if vni is None or one.underlay is None or other.underlay is None:
            return
        for node, far, end in ((one, other, ends[0]), (other, one, ends[1])):
            assert node.underlay is not None
            assert far.underlay is not None
            node.attached = True
            node.carries = max(node.carries, segment.mtu)
            node.of(Draft).tunnels.append(
                Tunnel(
                    interface=end.interface,
                    link=name.value,
                    vni=vni,
                    local=node.underlay.ip,
                    remote=far.underlay.ip,
                    mtu=segment.mtu,
                )
            )

    def network(self, name: Written[str], record: Record, members: Sequence[Member]) -> None:
        """Never asked: no network has the type."""
        raise AssertionError(f"{name.value} is no link")


def asks_for_tunnels(tree: Map) -> bool:
    """Tell whether a link of a file, before it is read, is of type `vxlan`."""
    links = tree.find("links", "Links")
    items = links.items if isinstance(links, Seq) else (links,)
    types = (item.find("type", "Type") for item in items if isinstance(item, Map))
    return any(isinstance(one, Scalar) and one.text.lower() == "vxlan" for one in types)
