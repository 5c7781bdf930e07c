"""Who pings whom: names to addresses, and the matrix of all hosts."""

from __future__ import annotations

from ipaddress import ip_address

from nlan.control.names import find_namespace, visible
from nlan.control.world import World
from nlan.engine import Engine
from nlan.errors import NotFoundError
from nlan.expand.base import node_address
from nlan.expand.vhosts import host_name
from nlan.model import Lab
from nlan.model.codec import IpAddress
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
    return find_namespace(source, world.place.namespaces()), address_of(world, lab, target)


def address_of(world: World, lab: Lab | None, word: str) -> IpAddress:
    """Return the address that a word stands for."""
    try:
        return ip_address(word.partition("/")[2] or word)
    except ValueError:
        name = find_namespace(word, world.place.namespaces())
    known = {node.name: node for node in lab.nodes} if lab is not None else {}
    address = node_address(known[name]) if name in known else _observed_address(world, name)
    if address is None:
        raise NotFoundError(f"{word}: it has no address to ping")
    return address


def matrix(world: World, lab: Lab | None) -> list[Pair]:
    """Return every host to every other; where a lab has no hosts, every node to every other.

    Hosts are those behind routers and the nodes without routing.
    """
    ends = _hosts(lab) if lab is not None else _observed_hosts(world)
    return [(name, address) for name, own in ends for _, address in ends if address != own]


def _hosts(lab: Lab) -> list[Pair]:
    hosts = [(host_name(n.name, a), a.ip) for n in lab.nodes for lan in n.vhosts for a in lan.hosts]
    hosts += [(n.name, a) for n in lab.nodes if n.router is None and (a := node_address(n)) is not None]
    if len(hosts) > 1:
        return hosts
    return [(node.name, a) for node in lab.nodes if (a := node_address(node)) is not None]


def _observed_hosts(world: World) -> list[Pair]:
    names = [name for name in visible(world.place.namespaces()) if "/" in name]
    return [(name, ip_address(name.partition("/")[2])) for name in names]


def _observed_address(world: World, name: str) -> IpAddress | None:
    found = [r for r in Engine(world.drivers({})).observe([name]).values() if isinstance(r, Address)]
    found.sort(key=lambda address: address.interface != "lo")
    return found[0].address.ip if found else None
