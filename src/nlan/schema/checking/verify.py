"""Checks of the resolved lab as a whole: what each part cannot see alone.

What a service makes is checked by that service.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlan.interfaces import LOOPBACK, UNDERLAY
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress
from nlan.model.segments import Holders, segments_of
from nlan.schema.checking.addressing import check_addresses, check_mtu, too_small
from nlan.schema.resolving.contributors import CheckedLab, Contributor, installed
from nlan.schema.resolving.drafts import Positions
from nlan.schema.syntax.report import Report
from nlan.values import MTU_IPV6


def verify(
    lab: Lab,
    positions: Positions,
    report: Report,
    services: Sequence[Contributor] | None = None,
) -> None:
    """Record everything that is wrong or rarely meant in the lab.

    Args:
        lab: The lab.
        positions: Where things are written.
        report: Where problems go.
        services: What nodes may hold; those that are installed, where none are given.
    """
    services = installed() if services is None else services
    segments = segments_of(lab)
    checked = CheckedLab(lab, segments, Holders(lab, segments), positions, report)
    for node in lab.nodes:
        _gateways(node, positions, report)
        _mtus(node, positions, report)
        _interfaces(node, positions, report)
    if not _doubled(lab):
        check_addresses(checked, services)
    _underlay(lab, positions, report)
    for service in services:
        service.check(checked)


# -- one node


def _interfaces(node: Node, positions: Positions, report: Report) -> None:
    taken = {LOOPBACK: "the loopback", "all": "all of them to sysctls", "default": "new ones to sysctls"}
    taken |= {UNDERLAY: "on the underlay"} if node.attached else {}
    for service in node.services:
        taken |= service.taken()
    seen: set[str] = set()
    for interface in node.interfaces:
        name = interface.name
        if name in taken:
            at = positions.find("node", node.name, "interface", name)
            report.error(at, f"no end of a link can be called {name}: that is {taken[name]}")
        elif name in seen:
            at = positions.find("node", node.name, "interface", name, "again")
            report.error(at, f"the interface {name} is defined twice in {node.name}")
        seen.add(name)


def _gateways(node: Node, positions: Positions, report: Report) -> None:
    """Default routes: by a node on a segment, one of each family."""
    own = {value.ip for _, values in node.held() for value in values}
    seen: dict[int, IpAddress] = {}
    for hop in dict.fromkeys(node.gateway):
        at = positions.find("node", node.name, "gateway")
        if hop in own:
            report.error(at, f"{hop} is {node.name}'s own address")
        elif node.interface_towards(hop) is None:
            report.error(at, f"{hop} is on no segment of {node.name}")
        elif (other := seen.setdefault(hop.version, hop)) != hop:
            report.error(
                at, f"{node.name} has one default route of IPv{hop.version}; {hop} is one more than {other}"
            )


def _mtus(node: Node, positions: Positions, report: Report) -> None:
    for interface in node.interfaces:
        at = positions.find("node", node.name, "interface", interface.name)
        check_mtu(interface.mtu, interface.addresses, at, report)


def _doubled(lab: Lab) -> bool:
    """Whether an interface's name is doubled, so that it is unknown which segment it is on."""
    return any(len({i.name for i in node.interfaces}) < len(node.interfaces) for node in lab.nodes)


def not_on_the_underlay(node: Node) -> str:
    """Return what is wrong with a node that shall be on the underlay and cannot."""
    return f"{node.name} is not on the underlay, and its tunnels lead nowhere"


# -- across nodes


def _underlay(lab: Lab, positions: Positions, report: Report) -> None:
    """The underlay is one segment of one prefix, and each address is one node's."""
    if lab.underlay is None:
        return
    if lab.underlay.prefix.version == 6 and lab.underlay.mtu < MTU_IPV6:
        report.error(positions.find("underlay", "mtu"), too_small(lab.underlay.mtu))
    seen: dict[IpAddress, str] = {}
    for node in (node for node in lab.nodes if node.attached):
        at = positions.find("node", node.name, "underlay")
        if node.underlay is None:
            report.error(at, not_on_the_underlay(node))
            continue
        other = seen.setdefault(node.underlay.ip, node.name)
        if other != node.name:
            report.error(at, f"{node.underlay.ip} is the underlay address of {node.name} and {other}")
        if node.underlay.network != lab.underlay.prefix:
            message = f"{node.underlay} of {node.name} is not on the underlay, which is {lab.underlay.prefix}"
            report.error(at, message, "`pools: {underlay: PREFIX}` says another one")
