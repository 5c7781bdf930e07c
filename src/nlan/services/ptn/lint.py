"""Warnings about tunnels: what a lab may well mean, and yet rarely does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nlan.model import Lab, Node
from nlan.schema.checking.folding import Folding
from nlan.schema.resolving.contributors import CheckedLab
from nlan.schema.resolving.drafts import Positions
from nlan.services.ptn.model import Ptn


def lint(checked: CheckedLab) -> None:
    """Record the warnings."""
    warnings = Folding(checked.report, (node.name for node in checked.lab.nodes))
    _tunnel_peers(checked.lab, checked.positions, warnings)
    _segment_mtus(checked.lab, checked.positions, warnings)
    warnings.close()


def _tunnel_peers(lab: Lab, positions: Positions, report: Folding) -> None:
    """Tunnels that lead to oneself, to a node without the VNI, or that frames pass one way only."""
    names = {node.underlay.ip: node.name for node in lab.nodes if node.underlay}
    floods = {  # by node and VNI: the nodes that it floods to
        (node.name, vpn.vni): {names[peer]: index for index, peer in enumerate(vpn.peers) if peer in names}
        for node in lab.nodes
        for vpn in node.get(Ptn).l2vpns
    }
    twice = {vni for node in lab.nodes for vni, count in _counted(node) if count > 1}
    for (name, vni), peers in floods.items():
        for other, index in peers.items() if vni not in twice else ():
            back = floods.get((other, vni))
            if other != name and back is not None and (name in back or other in back):
                continue
            at = positions.find("node", name, "vni", vni, "peer", index)
            if other == name:
                missing = _missing(name, vni, floods)
                hint = f"did you mean `${{{missing}}}`?" if missing else ""
                report.warning(at, f"{name} is its own peer; nothing is flooded to oneself", hint)
            elif back is None:
                report.warning(at, f"{other} has no VNI {vni}; frames sent there are lost")
            else:
                message = f"{other} does not list {name} among its peers of VNI {vni}"
                report.warning(at, f"{message}; broadcasts pass one way only")


def _counted(node: Node) -> Iterable[tuple[int, int]]:
    return Counter(vpn.vni for vpn in node.get(Ptn).l2vpns).items()


def _missing(name: str, vni: int, floods: dict[tuple[str, int], dict[str, int]]) -> str:
    """Return the node that floods to this one and is not flooded back to, or nothing."""
    for (other, at), peers in floods.items():
        if at == vni and other != name and name in peers and other not in floods[name, vni]:
            return other
    return ""


def _segment_mtus(lab: Lab, positions: Positions, report: Folding) -> None:
    seen: dict[int, tuple[str, int]] = {}
    for node in lab.nodes:
        for vpn in node.get(Ptn).l2vpns:
            first, mtu = seen.setdefault(vpn.vni, (node.name, vpn.mtu))
            if mtu != vpn.mtu:
                at = positions.find("node", node.name, "vni", vpn.vni, "mtu")
                message = f"VNI {vpn.vni} has MTU {vpn.mtu} here and {mtu} at {first}"
                report.warning(at, f"{message}; large packets vanish, and OSPF stays in ExStart (RFC 2328)")
