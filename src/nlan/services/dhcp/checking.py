"""What is rarely meant of DHCP in a lab as a whole."""

from __future__ import annotations

from nlan.schema.resolving.contributors import CheckedLab
from nlan.services.dhcp.model import Dhcp


def check(checked: CheckedLab) -> None:
    """Warn of interfaces that shall take a lease where no node of the lab leases any."""
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
