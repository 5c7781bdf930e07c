"""What all engines do alike: a lab's timers, and the identifier of a router that is given none."""

from __future__ import annotations

from ipaddress import IPv4Address

from nlan.model import Node
from nlan.services.node.expand import addresses
from nlan.services.router.model import Router
from nlan.values import digest

KEEPALIVE_S, HOLD_TIME_S = 3, 9
"""BGP's timers in a lab."""
HELLO_S, DEAD_S = 3, 9
"""OSPF's timers in a lab: nine routers spend less than a hundredth of a processor on hellos."""


def router_id(node: Node) -> IPv4Address:
    """Return the router's identifier: as given, its first IPv4 address, or one made of its name.

    The made one lies in 100.64.0.0/10 and depends on the name alone.
    """
    given = node.get(Router).router_id
    if given is not None:
        return given
    for address in addresses(node):
        if isinstance(address.ip, IPv4Address):
            return address.ip
    return IPv4Address(0x64400000 | int.from_bytes(digest(node.name, 4)) & 0x3FFFFF)
