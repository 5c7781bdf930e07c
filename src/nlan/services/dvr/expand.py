"""Dvr: per subnet a bridge with the gateway's address, a tunnel end and hosts; per node rules of bridges."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.dataplanes.base import End
from nlan.kinds.bridge import Bridge
from nlan.kinds.route import Route
from nlan.model import Lab, Node
from nlan.resources import Resource
from nlan.services._hosts import DEFAULT, addressed, behind
from nlan.services.base import Context
from nlan.services.dvr.model import Dvr, Subnet
from nlan.services.dvr.rules import Bridged, table


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the bridges, tunnel ends, gateways, hosts, routes and rules of the node's subnets."""
    dvr, bridged = node.get(Dvr), []
    for subnet in dvr.subnets:
        switch = list(context.dataplane.switch(lab.name, node.name, subnet.bridge, subnet.mtu))
        macs = [r.mac for r in switch if isinstance(r, Bridge) and r.name == subnet.bridge]
        bridged += [Bridged(subnet, mac) for mac in macs]
        yield from switch
        yield from _subnet(node, lab, context, dvr, subnet)
    if (rules := table(node.name, bridged)) is not None:
        yield rules


def _subnet(node: Node, lab: Lab, context: Context, dvr: Dvr, subnet: Subnet) -> Iterator[Resource]:
    plane, switch = context.dataplane, End(node.name, subnet.bridge)
    if dvr.local is not None:
        yield from plane.tunnel(lab.name, switch, subnet.vni, dvr.local, subnet.peers, subnet.mtu)
    yield from addressed(node.name, subnet.bridge, subnet.addresses)
    for host in subnet.hosts:
        yield from behind(node, lab, plane, subnet.bridge, subnet.mtu, host.addresses, subnet.gateways)
    if (via := subnet.default_gw) is not None:
        yield Route(namespace=node.name, prefix=DEFAULT[via.version], via=via, interface=subnet.bridge)
