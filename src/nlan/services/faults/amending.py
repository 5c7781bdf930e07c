"""What faults change of a lab: of its resources, and of what it comes to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nlan.kinds.address import Address
from nlan.kinds.queue import Queue
from nlan.kinds.route import Route
from nlan.model import Lab, Node
from nlan.model.codec import IpNetwork
from nlan.resources import Key, Resource
from nlan.services.faults.model import Fault, Faults


def amend(lab: Lab, desired: dict[Key, Resource]) -> None:
    """Change the resources of a lab to what they are with its faults."""
    faults = [(node.name, fault) for node in lab.nodes for fault in _faults(node)]
    for name, fault in faults:
        if fault.queue:
            _slow(name, fault, desired)
    down = {(name, fault.interface) for name, fault in faults if fault.down}
    if down:
        _take_down(down, desired)


def _faults(node: Node) -> tuple[Fault, ...]:
    """Return the faults of interfaces that the node has."""
    fitting = node.get(Faults).fitting(node)
    return fitting.ports if fitting else ()


def _slow(node: str, fault: Fault, desired: dict[Key, Resource]) -> None:
    none = Queue(namespace=node, interface=fault.interface)
    as_described = desired.get(none.key, none)
    queue = msgspec.structs.replace(as_described, **fault.queue)
    if isinstance(queue, Queue) and queue.jitter_us > queue.delay_us:
        queue = msgspec.structs.replace(queue, jitter_us=queue.delay_us)
    if queue == none:
        desired.pop(none.key, None)
    else:
        desired[none.key] = queue


def _take_down(down: set[tuple[str, str]], desired: dict[Key, Resource]) -> None:
    """Lower the links' ends. The kernel drops addresses and routes of what is down, so none are wanted."""
    for key, resource in list(desired.items()):
        if resource.is_link:
            for end in down.intersection(resource.ends()):
                desired[key] = resource = resource.lowered(*end)
    addresses = [r for r in desired.values() if isinstance(r, Address) and (r.namespace, r.interface) in down]
    lost = {(address.namespace, address.address.network) for address in addresses}
    routes = [r for r in desired.values() if isinstance(r, Route) and _is_lost(r, down, lost)]
    for gone in (*addresses, *routes):
        del desired[gone.key]


def _is_lost(route: Route, down: set[tuple[str, str]], lost: set[tuple[str, IpNetwork]]) -> bool:
    if route.interface is not None:
        return (route.namespace, route.interface) in down
    return any(namespace == route.namespace and route.via in network for namespace, network in lost)


def apparent(lab: Lab) -> Lab:
    """Return the lab without the links and ports that nothing gets through, and their interfaces."""
    severed = {(node.name, fault.interface) for node in lab.nodes for fault in _severed(node)}
    links = tuple(
        link
        for link in lab.links
        if severed.isdisjoint(((link.a.node, link.a.interface), (link.b.node, link.b.interface)))
    )
    lans = tuple(
        msgspec.structs.replace(
            lan, ports=tuple(port for port in lan.ports if (port.node, port.interface) not in severed)
        )
        for lan in lab.lans
    )
    nodes = tuple(_without(node, severed) for node in lab.nodes)
    return msgspec.structs.replace(lab, links=links, lans=lans, nodes=nodes)


def _severed(node: Node) -> Iterator[Fault]:
    return (fault for fault in _faults(node) if fault.is_severed)


def _without(node: Node, severed: set[tuple[str, str]]) -> Node:
    kept = tuple(one for one in node.interfaces if (node.name, one.name) not in severed)
    return node if len(kept) == len(node.interfaces) else msgspec.structs.replace(node, interfaces=kept)
