"""Vhosts: a switch in the node with the gateways' addresses, and hosts with default routes."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.dataplanes.base import End
from nlan.interfaces import lan_name
from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import addressed, behind
from nlan.services.base import Context
from nlan.services.vhosts.model import Vhosts


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the node's host LANs with their hosts."""
    plane = context.dataplane
    for lan in node.get(Vhosts).lans:
        label = str(lan.gateway.ip)
        interface = lan_name(label)
        yield from plane.switch(lab.name, node.name, interface, lan.mtu)
        yield from addressed(node.name, interface, lan.gateways)
        if not lan.hosts:
            switch = End(node.name, interface)
            yield from plane.carrier(lab.name, switch, label, lan.mtu, exclusive=lab.exclusive)
        gateways = tuple(gateway.ip for gateway in lan.gateways)
        for addresses in lan.members:
            yield from behind(node, lab, plane, interface, lan.mtu, addresses, gateways)
