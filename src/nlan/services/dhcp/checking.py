"""What is rarely meant of DHCP in a lab as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model import Node
from nlan.schema.resolving.contributors import CheckedLab, PartKey, PartPath
from nlan.services.dhcp.model import Dhcp


def check(checked: CheckedLab) -> None:
    """Record pools that cannot be, and interfaces that shall take a lease where no node leases any."""
    for node in checked.lab.nodes:
        _pools(node, checked)
    if checked.report.failed:  # who leases is not known before the pools are right
        return
    served = {
        checked.segments.get((node.name, pool.interface))
        for node in checked.lab.nodes
        for pool in node.get(Dhcp).pools
    }
    for node in checked.lab.nodes:
        for interface in node.get(Dhcp).clients:
            if checked.segments.get((node.name, interface)) not in served:
                at = checked.positions.find("node", node.name, "interface", interface)
                message = f"{node.name} takes its address by DHCP, and no node leases any there"
                checked.report.warning(at, message, "say `dhcp` of the router that it hangs on")


def _pools(node: Node, checked: CheckedLab) -> None:
    """What no file says, but a change of the model may."""
    held = dict(node.held())
    for number, pool in enumerate(node.get(Dhcp).pools):
        at = checked.positions.find("node", node.name, "dhcp", number)
        network = pool.address.network
        if pool.address not in held.get(pool.interface, ()):
            message = f"{node.name} leases addresses on {pool.interface}, and has no {pool.address} there"
            checked.report.error(at, message)
        elif pool.first not in network or pool.last not in network or pool.last < pool.first:
            checked.report.error(at, f"{pool.first}-{pool.last} is no range of {network}")


def parts(node: Node) -> Iterator[tuple[PartKey, PartPath]]:
    """Yield where the pools stand."""
    for number, _ in enumerate(node.get(Dhcp).pools):
        yield ("dhcp", number), ("dhcp", "pools", str(number))
