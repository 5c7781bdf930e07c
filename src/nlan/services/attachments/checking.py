"""What cannot be of a node's own links, in a lab as a whole."""

from __future__ import annotations

from nlan.interfaces import tunnel_name
from nlan.model import Node
from nlan.schema.checking.addressing import check_mtu
from nlan.schema.resolving.contributors import CheckedLab
from nlan.schema.syntax.report import listed, nearest
from nlan.services.attachments.model import Attachment, Attachments


def check(checked: CheckedLab) -> None:
    """Record interfaces that are on nothing, NICs that two want, and MTUs too small for IPv6."""
    nodes = {node.name: node for node in checked.lab.nodes}
    owners: dict[str, str] = {}
    for node in checked.lab.nodes:
        for port in node.get(Attachments).ports:
            at = checked.positions.find("node", node.name, "attachment", port.interface)
            if port.mtu is not None:
                check_mtu(port.mtu, port.addresses, at, checked.report)
            if port.on:
                _check_on(node, port, nodes, checked)
            if port.type == "nic":
                first = owners.setdefault(port.nic, f"{node.name}'s {port.interface}")
                if first != f"{node.name}'s {port.interface}":
                    checked.report.error(at, f"the NIC {port.nic} is {first} already")
    _check_vnis(checked)
    for node in checked.lab.nodes:
        for port in node.get(Attachments).ports:
            if port.type != "nic" and port.nic in owners:
                at = checked.positions.find("node", node.name, "attachment", port.interface)
                message = f"the NIC {port.nic} leaves the machine: it is {owners[port.nic]}"
                checked.report.error(at, message, "say `on` that one")


def _check_vnis(checked: CheckedLab) -> None:
    """Record VNIs that two tunnels of a node have; other services' devices are called after theirs."""
    for node in checked.lab.nodes:
        names = dict(pair for service in node.services for pair in service.taken())
        seen: set[int] = set()
        for tunnel in node.get(Attachments).tunnels:
            if tunnel.vni in seen or tunnel_name(tunnel.vni) in names:
                at = checked.positions.find("node", node.name, "interface", tunnel.interface)
                checked.report.error(at, f"the VNI {tunnel.vni} is defined twice in {node.name}")
            seen.add(tunnel.vni)


def _check_on(node: Node, port: Attachment, nodes: dict[str, Node], checked: CheckedLab) -> None:
    other = nodes.get(port.node or node.name)
    if other is None:
        return
    own = port.interface if other is node else ""
    names = [name for name, _ in other.held() if name not in ("lo", own)]
    if port.on not in names:
        at = checked.positions.find("node", node.name, "attachment", port.interface)
        there = f"; there is {listed(names, 'and')}" if names else ""
        message = f"{other.name} has no interface `{port.on}` that {port.interface} could be on{there}"
        checked.report.error(at, message, nearest(port.on, names))
