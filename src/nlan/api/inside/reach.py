"""Who pings whom: names to addresses, and the matrix of all hosts."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

from nlan.api.environment.context import Context
from nlan.api.inside.names import find_namespace, second_names, visible
from nlan.engine import Engine
from nlan.errors import NotFoundError
from nlan.kinds.address import Address
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpNetwork
from nlan.services._hosts import host_name
from nlan.services.node.expand import addresses, node_addresses, shared_addresses
from nlan.services.router.model import Router

Pair = tuple[str, IpAddress]


def pair(context: Context, lab: Lab | None, source: str, target: str) -> Pair:
    """Return who asks and the address that is asked.

    Args:
        context: The lab's.
        lab: As it shall be; None where its database does not say.
        source: A node or host.
        target: A node, a host or any address.

    Raises:
        NotFoundError: No such node, or it has no address.
    """
    name = find_namespace(source, context.nodes.namespaces(), lambda: second_names(lab))
    return name, address_of(context, lab, target)


def address_of(context: Context, lab: Lab | None, word: str) -> IpAddress:
    """Return the address that a word stands for."""
    try:
        return ip_address(word.partition("/")[2] or word)
    except ValueError:
        name = find_namespace(word, context.nodes.namespaces())
    known = {node.name: node for node in lab.nodes} if lab is not None else {}
    if lab is not None and name in known:
        address = next(iter(node_addresses(known[name], shared_addresses(lab))), None)
    else:
        address = _observed_address(context, name)
    if address is None:
        raise NotFoundError(f"{word}: it has no address to ping")
    return address


def matrix(context: Context, lab: Lab | None) -> list[Pair]:
    """Return every host to every other by each IP version that both have; without hosts, the nodes.

    Hosts are those behind nodes and the nodes that do not route. One without a gateway is paired with
    those on its own segment, and so is each where nothing routes at all: farther it cannot reach.
    """
    ends = _hosts(lab) if lab is not None else _observed_hosts(context)
    routed = lab is None or any(node.forwarding for node in lab.nodes)
    return [
        (one.name, other.address)
        for one in ends
        for other in ends
        if one.name != other.name
        and one.address.version == other.address.version
        and ((routed and one.leaves and other.leaves) or one.segment == other.segment)
    ]


class _End(NamedTuple):
    """Who may be pinged: whether it `leaves` its segment, by a gateway or by routing of its own."""

    name: str
    address: IpAddress
    segment: IpNetwork | None = None
    leaves: bool = True


def _hosts(lab: Lab) -> list[_End]:
    hosts = [
        _End(host_name(node.name, own[0]), address.ip, address.network, bool(gateways))
        for node in lab.nodes
        for own, gateways in node.hosts()
        for address in own
    ]
    routed = any(node.forwarding for node in lab.nodes)
    if not routed:
        return hosts + [
            _End(node.name, address.ip, address.network) for node in lab.nodes for address in addresses(node)
        ]
    hosts += [
        end for node in lab.nodes if node.find(Router) is None and not node.forwarding for end in _ends(node)
    ]
    if len({end.name for end in hosts}) > 1:
        return hosts
    return [end for node in lab.nodes for end in _ends(node)]


def _ends(node: Node) -> list[_End]:
    """Return the node with the address that stands for it, of each IP version."""
    by_version = {address.version: address for address in reversed(list(addresses(node)))}
    return [_End(node.name, by_version[v].ip, by_version[v].network) for v in sorted(by_version)]


def _observed_hosts(context: Context) -> list[_End]:
    names = [name for name in visible(context.nodes.namespaces()) if "/" in name]
    return [_End(name, ip_address(name.partition("/")[2])) for name in names]


def _observed_address(context: Context, name: str) -> IpAddress | None:
    found = [r for r in Engine(context.drivers({})).observe([name]).values() if isinstance(r, Address)]
    found.sort(key=lambda address: address.interface != "lo")
    return found[0].address.ip if found else None
