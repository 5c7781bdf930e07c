"""What cannot be of host LANs, which addresses they hold, and where their parts stand in a node."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Node
from nlan.schema.checking.addressing import check_mtu
from nlan.schema.resolving.contributors import CheckedLab, Held, PartKey, PartPath
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.vhosts.model import Vhosts


def check(checked: CheckedLab) -> None:
    """Record what cannot be."""
    for node in checked.lab.nodes:
        _check(node, checked.positions, checked.report)


def _check(node: Node, positions: Positions, report: Report) -> None:
    """A LAN's second family: what no file says, but a change of the model may."""
    for lan in node.get(Vhosts).lans:
        at = positions.find("node", node.name, "vhosts", lan.gateway)
        check_mtu(lan.mtu, lan.gateways, at, report)
        second = (*lan.gateways[1:], *(lan.hosts6 or ()))
        if any(value.version == lan.gateway.version for value in second):
            report.error(at, f"the second family of {lan.gateway}'s LAN is the first one")
        elif len(second) != (1 + len(lan.hosts)) * len(lan.gateways[1:]):
            report.error(at, f"{len(lan.hosts6 or ())} of {len(lan.hosts)} hosts of {lan.gateway} have IPv6")


def held(node: Node, positions: Positions) -> Iterator[Held]:
    """Yield the addresses of the node on its LANs, and of the hosts."""
    for lan in node.get(Vhosts).lans:
        at = positions.find("node", node.name, "vhosts", lan.gateway)
        for gateway in lan.gateways:
            yield Held(gateway, node.name, node.name, ("hosts", node.name, lan.gateway.ip), at)
        for addresses in lan.members:
            for value in addresses:
                # Hosts are called after their node and address, so that a node has each address once.
                yield Held(value, f"host {node.name}/{addresses[0].ip}", "", ("hosts", node.name), at)


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where the LANs and their gateways stand."""
    for number, lan in enumerate(node.get(Vhosts).lans):
        yield ("vhosts", lan.gateway), ("vhosts", str(number))
        yield ("address", lan.gateway), ("vhosts", str(number), "gateway")
