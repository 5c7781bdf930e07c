"""Who pings whom: names to addresses, and the matrix of all hosts."""

from __future__ import annotations

from ipaddress import ip_address

from nlan.control.names import find_namespace, second_names, visible
from nlan.control.world import World
from nlan.engine import Engine
from nlan.errors import NotFoundError
from nlan.expand.base import addresses, node_addresses
from nlan.expand.vhosts import host_name
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.resources import Address

Pair = tuple[str, IpAddress]


def pair(world: World, lab: Lab | None, source: str, target: str) -> Pair:
    """Return who asks and the address that is asked.

    Args:
        world: The lab's.
        lab: As it shall be; None where nobody remembers.
        source: A node or host.
        target: A node, a host or any address.

    Raises:
        NotFoundError: No such node, or it has no address.
    """
    name = find_namespace(source, world.place.namespaces(), lambda: second_names(lab))
    return name, address_of(world, lab, target)


def address_of(world: World, lab: Lab | None, word: str) -> IpAddress:
    """Return the address that a word stands for."""
    try:
        return ip_address(word.partition("/")[2] or word)
    except ValueError:
        name = find_namespace(word, world.place.namespaces())
    known = {node.name: node for node in lab.nodes} if lab is not None else {}
    if name in known:
        address = next(iter(node_addresses(known[name])), None)
    else:
        address = _observed_address(world, name)
    if address is None:
        raise NotFoundError(f"{word}: it has no address to ping")
    return address


def matrix(world: World, lab: Lab | None) -> list[Pair]:
    """Return every host to every other by each IP version that both have; without hosts, the nodes.

    Hosts are those behind routers and the nodes without routing. Where nothing routes at all, each
    is paired with those on its own segments: farther it cannot reach.
    """
    if lab is not None and not any(node.forwarding for node in lab.nodes):
        return _neighbours(lab)
    ends = _hosts(lab) if lab is not None else _observed_hosts(world)
    return [
        (name, address)
        for name, own in ends
        for other, address in ends
        if other != name and address.version == own.version
    ]


def _neighbours(lab: Lab) -> list[Pair]:
    segments: dict[IpNetwork, list[Pair]] = {}
    for node in lab.nodes:
        for address in addresses(node):
            segments.setdefault(address.network, []).append((node.name, address.ip))
    return [
        (name, address)
        for ends in segments.values()
        for name, _ in ends
        for other, address in ends
        if other != name
    ]


def _hosts(lab: Lab) -> list[Pair]:
    hosts = [
        (host_name(node.name, members[0]), address.ip)
        for node in lab.nodes
        for lan in node.vhosts
        for members in lan.members
        for address in members
    ]
    hosts += [end for node in lab.nodes if node.router is None for end in _ends(node)]
    if len({name for name, _ in hosts}) > 1:
        return hosts
    return [end for node in lab.nodes for end in _ends(node)]


def _ends(node: Node) -> list[Pair]:
    """Return the node with the address that stands for it, of each IP version."""
    by_version = {address.version: address.ip for address in reversed(list(addresses(node)))}
    return [(node.name, by_version[version]) for version in sorted(by_version)]


def _observed_hosts(world: World) -> list[Pair]:
    names = [name for name in visible(world.place.namespaces()) if "/" in name]
    return [(name, ip_address(name.partition("/")[2])) for name in names]


def _observed_address(world: World, name: str) -> IpAddress | None:
    found = [r for r in Engine(world.drivers({})).observe([name]).values() if isinstance(r, Address)]
    found.sort(key=lambda address: address.interface != "lo")
    return found[0].address.ip if found else None
