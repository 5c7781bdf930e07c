"""What a machine's FRR does otherwise than a lab may expect.

Raw lines are left out where the daemon that they are for is not installed. FRR before version 9 never uses
an iBGP route to the very address of its next hop: a router that has its AS's loopbacks from static routes
alone therefore tells external peers nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlan.engines.base import RawPlace
from nlan.engines.frr.capabilities import Capabilities
from nlan.engines.frr.render.daemons import left_out
from nlan.engines.frr.render.frr8 import loopbacks_of_as
from nlan.errors import Problem
from nlan.model import Lab, Node
from nlan.services.router.model import Router


def warnings(
    lab: Lab, able: Capabilities, lines: Mapping[str, int], raw: Mapping[str, RawPlace], file: str
) -> Iterator[Problem]:
    """Yield them; see `nlan.engines.base.RoutingEngine.warnings`."""
    yield from _left_out(lab, able, file, raw)
    for node in lab.nodes if not able.manager else ():
        if untold := _untold(node, lab):
            message = (
                f"this machine's FRR tells the external peers of {node.name} nothing of {', '.join(untold)}: "
                "each is the next hop of its own iBGP route"
            )
            hint = "OSPF in the AS helps, or FRR 10"
            yield Problem(node.name, message, file, lines.get(node.name, 0), hint=hint, severity="warning")


def _left_out(lab: Lab, able: Capabilities, file: str, raw: Mapping[str, RawPlace]) -> Iterator[Problem]:
    """Yield what raw lines need and this machine lacks."""
    for node in lab.nodes if able.absent else ():
        for daemon, number in left_out(node, able.absent).items():
            name, at = raw.get(node.name, RawPlace(file, ()))
            message = f"{daemon} is not installed: the lines for it are left out"
            line = at[number - 1] if number <= len(at) else 0
            yield Problem(f"{node.name}.frr", message, name, line, severity="warning")


def _untold(node: Node, lab: Lab) -> list[str]:
    """Return the loopbacks of its AS that a border router without OSPF has by iBGP with themselves."""
    router = node.find(Router)
    if router is None or router.bgp is None or router.ospf or router.raw or router.engine != "frr":
        return []
    asn = router.bgp.asn
    if all(peer.peer_asn == asn for peer in router.bgp.peers):
        return []
    inside = [bgp for n in lab.nodes if (bgp := n.get(Router).bgp) and bgp.asn == asn]
    spoken_from = {peer.address for bgp in inside for peer in bgp.peers if peer.peer_asn == asn}
    return [str(value.ip) for value in loopbacks_of_as(node, lab) if value.ip in spoken_from]
