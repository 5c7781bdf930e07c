"""Raw FRR lines of a node: what they ask of the kernel, and what they come to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nlan.engines.frr.model import FrrRaw
from nlan.model import Node
from nlan.services.router.model import Router

if TYPE_CHECKING:
    from nlan.expect.segments import Topology
    from nlan.schema.resolving.drafts import NodeDraft
    from nlan.schema.resolving.segments import Wiring
    from nlan.services.router.expect.raw import RawExpectation

FORWARDING = {"ip forwarding": "net/ipv4/ip_forward", "ipv6 forwarding": "net/ipv6/conf/all/forwarding"}
"""Lines that switch forwarding, by which zebra writes to the kernel, too."""
_IPV6 = re.compile(r"^\s*ipv6 ", re.MULTILINE)


class RawLines:
    """The lines under a node's key ``frr``."""

    model = FrrRaw

    def resolve(self, node: NodeDraft, wiring: Wiring) -> FrrRaw | None:
        """Return what a node says, or None."""
        from nlan.engines.frr.written import resolve

        return resolve(node, wiring)

    def sysctls(self, node: Node) -> dict[str, str]:
        """Return what the lines say of forwarding: the last counts."""
        if "forw" not in (text := _text(node)):
            return {}
        from nlan.engines.frr.config.read import read

        lines = (line.path[0] for line in read(text))
        return {
            FORWARDING[name]: "1" if name == line else "0"
            for line in lines
            if (name := line.removeprefix("no ")) in FORWARDING
        }

    def has_ipv6(self, node: Node) -> bool:
        """Tell whether the lines speak of IPv6."""
        return bool(_IPV6.search(_text(node)))

    def expectation(self, topology: Topology) -> RawExpectation:
        """Return what the lines of a lab's routers come to."""
        from nlan.engines.frr.expect.expectation import FrrExpectation

        return FrrExpectation(topology)


def _text(node: Node) -> str:
    raw = node.get(Router).find(FrrRaw)
    return raw.text if raw is not None else ""
