"""What Router keeps of a node while a lab is resolved."""

from __future__ import annotations

from ipaddress import IPv4Address

import msgspec

from nlan.interfaces import LOOPBACK
from nlan.model.codec import IpInterface
from nlan.schema.resolving.drafts import NodeDraft
from nlan.services.router.model import Bgp, Router

CONNECTED = ("connected",)
"""What routers announce besides, unless a file says otherwise."""


class RouterDraft(msgspec.Struct, eq=False):
    """A node's routing on its way to the model.

    Attributes:
        asn: Its AS, or None where it speaks no BGP.
        reflector: Whether it reflects routes to the other routers of its AS.
        ospf_area: Where the short form has it run OSPF, or None.
        router: What it has become so far, or None where the node routes nothing.
    """

    asn: int | None = None
    reflector: bool = False
    ospf_area: IPv4Address | None = None
    router: Router | None = None

    @property
    def bgp(self) -> Bgp | None:
        """The BGP of what it has become so far."""
        return self.router.bgp if self.router is not None else None


def routing_of(node: NodeDraft) -> RouterDraft:
    """Return what is kept of a node."""
    return node.of(RouterDraft)


def loopbacks_of(node: NodeDraft) -> list[IpInterface]:
    """Return the addresses of the node's loopback."""
    return node.stubs.get(LOOPBACK, [])
