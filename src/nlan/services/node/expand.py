"""What every node has: its namespace, kernel settings, limits; and the lab's hosts file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from nlan.engines.base import Engines
from nlan.kinds.cgroup import Cgroup
from nlan.kinds.hosts import HostsFile
from nlan.kinds.sysctl import Sysctl
from nlan.model import Lab, Node
from nlan.model.codec import IpAddress, IpInterface
from nlan.model.segments import segments_of
from nlan.resources import Resource
from nlan.services import _hosts
from nlan.services.base import Context
from nlan.services.node import underlay
from nlan.services.router.model import Router

RP_FILTER = "net/ipv4/conf/{}/rp_filter"

ROUTER_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # Loose: multi-homed routers answer on another interface than the packet came by (RFC 3704, 2.4).
    RP_FILTER.format("all"): "2",
    # Packets from an own address arrive where a path leads back through a neighbour.
    "net/ipv4/conf/all/accept_local": "1",
    # Spread flows over equal paths by addresses and ports.
    "net/ipv4/fib_multipath_hash_policy": "1",
}

# A namespace inherits IPv4's from the machine, which may forward, and a node that forwarded may cease to.
HOST_SYSCTLS = {"net/ipv4/ip_forward": "0"}
HOST_SYSCTLS_V6 = {"net/ipv6/conf/all/forwarding": "0"}

ROUTER_SYSCTLS_V6 = {
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv6/fib_multipath_hash_policy": "1",
}

NODE_SYSCTLS = {
    # Removing an address must not take the others of its prefix along.
    "net/ipv4/conf/all/promote_secondaries": "1",
}

NODE_SYSCTLS_V6 = {
    # Every address is allocated: waiting a second for duplicates finds none.
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
}


def expand(node: Node, lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the node's namespace, kernel settings, limits, and its port of the underlay."""
    yield from _hosts.namespace(node.name, node, lab)
    for name, value in settings(node, context.engines).items():
        yield Sysctl(namespace=node.name, name=name, value=value)
    if (limits := node.limits) is not None:
        yield Cgroup(namespace=node.name, memory=limits.memory, cpus=limits.cpus, pids=limits.pids)
    yield from underlay.expand(node, lab, context)


def expand_lab(lab: Lab, context: Context) -> Iterator[Resource]:
    """Yield the lab's hosts file and the underlay."""
    yield HostsFile(text=hosts_text(lab))
    yield from underlay.expand_lab(lab, context)


def settings(node: Node, engines: Engines) -> dict[str, str]:
    """Return the node's kernel settings by path: nlan's own, then those of raw configuration and of the user.

    The kernel takes the stricter of an interface's reverse-path filter and that of all, and a new
    interface has the machine's; so what is written of all is set on each.
    """
    engine = engines.of(node)
    raw = engine.raw if engine is not None and node.get(Router).raw else None
    found = NODE_SYSCTLS | (ROUTER_SYSCTLS if node.forwarding else HOST_SYSCTLS)
    if _has_ipv6(node) or (raw is not None and raw.has_ipv6(node)):
        found |= NODE_SYSCTLS_V6 | (ROUTER_SYSCTLS_V6 if node.forwarding else HOST_SYSCTLS_V6)
    if (written := node.sysctls.get(RP_FILTER.format("all"))) is not None:
        found |= {RP_FILTER.format(name): written for name, _ in node.held() if name != "lo"}
    return {**found, **(raw.sysctls(node) if raw is not None else {}), **node.sysctls}


def addresses(node: Node) -> Iterator[IpInterface]:
    """Yield the node's addresses, the one that stands for it first (its first loopback)."""
    for _, own in node.held():
        yield from own


def _has_ipv6(node: Node) -> bool:
    return any(address.version == 6 for address in addresses(node))


def node_addresses(node: Node, shared: Collection[IpAddress] = ()) -> tuple[IpAddress, ...]:
    """Return the addresses that the node's name stands for in the lab: the first of each IP version.

    Of those that others have too, as gateways of distributed routers are, only where it has no other.
    """
    own = list(addresses(node))
    first: dict[int, IpAddress] = {}
    for address in (*(one for one in own if one.ip not in shared), *own) if shared else own:
        first.setdefault(address.version, address.ip)
    return tuple(first.values())


def shared_addresses(lab: Lab) -> frozenset[IpAddress]:
    """Return the addresses that several nodes have on a segment that they share."""
    counts = Counter(address.ip for node in lab.nodes for address in set(addresses(node)))
    if all(count == 1 for count in counts.values()):
        return frozenset()
    segments = segments_of(lab)
    seen: set[tuple[IpAddress, object]] = set()
    shared: set[IpAddress] = set()
    for node in lab.nodes:
        for interface, own in node.held():
            if (segment := segments.get((node.name, interface))) is not None:
                found = {(address.ip, segment) for address in own}
                shared |= {ip for ip, _ in found & seen}
                seen |= found
    return frozenset(shared)


def hosts_text(lab: Lab) -> str:
    """Return the lab's /etc/hosts: loopback, then one line per node and IP version."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    shared = shared_addresses(lab)
    lines += [f"{address} {node.name}" for node in lab.nodes for address in node_addresses(node, shared)]
    return "\n".join(lines) + "\n"
