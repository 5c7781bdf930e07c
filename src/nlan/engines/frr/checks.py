"""What raw FRR lines and derived ones cannot both be."""

from __future__ import annotations

from nlan.engines.frr.config.facts import facts
from nlan.engines.frr.model import FrrRaw
from nlan.model import Node
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.services.router.model import Router


def check(node: Node, positions: Positions, report: Report) -> None:
    """FRR has one AS outside of VRFs: raw lines for another cannot stand beside derived ones."""
    router = node.find(Router)
    if router is None or router.bgp is None:
        return
    raw = router.find(FrrRaw)
    if raw is None or raw.only:
        return
    written = facts(raw.text).instance("bgp")
    if written is not None and written.asn not in (0, router.bgp.asn):
        own = f"{node.name} is in AS {router.bgp.asn}"
        report.error(
            positions.find("node", node.name, "frr"),
            f"the raw lines say `router bgp {written.name}`, yet {own}, and FRR takes one",
            f"give the node `asn: {written.asn}`, "
            "or say `only: true` beside the lines to leave out derived ones",
        )


def raw_asns(node: Node) -> set[int]:
    """Return the ASes that raw lines of a router show to its peers instead of its own."""
    raw = node.get(Router).find(FrrRaw)
    if raw is None:
        return set()
    written = facts(raw.text)
    shown = [peer.local_as for peer in written.peers] + [one.confederation for one in written.instances]
    return {number for number in shown if number is not None}
