"""The lab, its nodes, and what wires them: links, LANs, the underlay."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from typing import Literal, TypeVar

import msgspec

from nlan.interfaces import LOOPBACK, UNDERLAY
from nlan.model.codec import Base, IpAddress, IpInterface, IpNetwork
from nlan.model.service import ServiceModel

S = TypeVar("S", bound=ServiceModel)


class Endpoint(Base, frozen=True, kw_only=True):
    """One end of a link, or one port of a LAN: an interface of a node."""

    node: str
    interface: str


class Link(Base, frozen=True, kw_only=True):
    """A direct link between two nodes (a veth pair).

    Attributes:
        name: The link's own name, ``pe1--ce1`` (``pe1--ce1.2`` for a second one between the two).
        a: The end written first.
        b: The other end.
        mtu: Bytes, the same at both ends.
    """

    name: str
    a: Endpoint
    b: Endpoint
    mtu: int = 1500


class Lan(Base, frozen=True, kw_only=True):
    """A shared segment: a bridge that belongs to no node, with a port per member."""

    name: str
    ports: tuple[Endpoint, ...] = ()
    mtu: int = 1500


class Interface(Base, frozen=True, kw_only=True):
    """What a link or a LAN gives a node: an interface with its addresses."""

    name: str
    addresses: tuple[IpInterface, ...] = ()
    mtu: int = 1500


class Underlay(Base, frozen=True, kw_only=True):
    """The segment that all nodes of the lab share; tunnels run over it.

    Attributes:
        prefix: Where the nodes' underlay addresses come from.
        mtu: Bytes; large enough that the overlay carries 1500 (values.vxlan_overhead).
    """

    prefix: IpNetwork
    mtu: int = 1550


class Limits(Base, frozen=True, kw_only=True):
    """What a node may use at most, enforced by its cgroup.

    Attributes:
        memory: Bytes, or None for no limit.
        cpus: Processors, such as 0.5, or None for no limit.
        pids: Processes, or None for no limit.
    """

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None


class Node(Base, frozen=True, kw_only=True):
    """One node and what it offers.

    Attributes:
        name: Unique in the lab (values.is_name).
        underlay: Its address on the underlay segment, allocated by name.
        attached: Whether the node has an interface (``eth0``) on the underlay: true where a
            service of the node or a `${node}` of the file uses it.
        interfaces: From links and LANs, in file order.
        services: What it offers, one of each type, in the order of their keys.
        forwarding: Whether the node forwards packets (routers do).
        gateway: Default route's next hops of a plain host (IPv4, IPv6).
        limits: What it may use.
        sysctls: Kernel settings of its network namespace, by path with slashes
            (``net/ipv4/conf/all/rp_filter``); they win over nlan's own.
        exclusive: Whether what somebody else puts into it, or into its hosts, is taken away.
        runtime: What it and its hosts are made by, None for the lab's.
    """

    name: str
    underlay: IpInterface | None = None
    attached: bool = False
    interfaces: tuple[Interface, ...] = ()
    services: tuple[ServiceModel, ...] = ()
    forwarding: bool = False
    gateway: tuple[IpAddress, ...] = ()
    limits: Limits | None = None
    sysctls: dict[str, str] = msgspec.field(default_factory=dict)
    exclusive: bool = False
    runtime: str | None = None

    def __post_init__(self) -> None:
        """Sort the services, so that equal nodes are equal in whatever order they were given theirs."""
        if len(self.services) > 1:
            msgspec.structs.force_setattr(self, "services", tuple(sorted(self.services, key=_key)))

    def find(self, kind: type[S]) -> S | None:
        """Return what the node holds of a service, None where it holds nothing of it."""
        for held in self.services:
            if type(held) is kind:
                return held
        return None

    def get(self, kind: type[S]) -> S:
        """Return what the node holds of a service; where it holds nothing of it, one made of nothing."""
        found = self.find(kind)
        return _nothing(kind) if found is None else found

    def having(self, *services: ServiceModel) -> Node:
        """Return the node with these services, in the place of what it holds of the same types."""
        types = {type(service) for service in services}
        others = (held for held in self.services if type(held) not in types)
        return msgspec.structs.replace(self, services=(*others, *services))

    def held(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield the node's interfaces and their addresses: loopback first, the underlay's last."""
        found = [pair for service in self.services for pair in service.interfaces()]
        for pair in found:
            if pair[0] == LOOPBACK:
                yield pair
        for interface in self.interfaces:
            yield interface.name, interface.addresses
        for pair in found:
            if pair[0] != LOOPBACK:
                yield pair
        if self.attached and self.underlay is not None:
            yield UNDERLAY, (self.underlay,)

    def hosts(self) -> Iterator[tuple[tuple[IpInterface, ...], tuple[IpAddress, ...]]]:
        """Yield the hosts behind the node: the addresses of each, first its name's, and its gateways."""
        for service in reversed(self.services):  # host LANs before L2VPNs
            yield from service.hosts()

    def interface_towards(self, hop: IpAddress) -> str | None:
        """Return the interface whose prefix holds the address, None where no segment does."""
        for name, own in self.held():
            if name != LOOPBACK and any(hop in a.network for a in own if a.version == hop.version):
                return name
        return None

    def address_of(self, source: str, version: int) -> IpAddress | None:
        """Return the address that `source` means: its own, or the interface's of that IP version."""
        try:
            return ip_address(source)
        except ValueError:
            own = dict(self.held()).get(source, ())
        return next((address.ip for address in own if address.version == version), None)


def _key(service: ServiceModel) -> str:
    return service.key


@cache
def _nothing(kind: type[S]) -> S:
    """Return what is made of nothing; it is frozen, so that all may have the same."""
    return kind()


class Lab(Base, frozen=True, kw_only=True):
    """A whole network, ready to be expanded.

    Attributes:
        name: The lab's name; namespaces are called ``LAB.NODE``.
        nodes: In file order.
        links: In file order.
        lans: In file order.
        underlay: The shared segment; None when no node is attached to it.
        timers: ``lab`` for fast convergence, ``standard`` for the daemons' own defaults.
        exclusive: Whether all of it is, each node and the segments.
        dataplane: What segments, ports and tunnel ends are made of, None for the kernel's own.
        runtime: What nodes are made by that say nothing themselves, None for the machine's.
    """

    name: str
    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    lans: tuple[Lan, ...] = ()
    underlay: Underlay | None = None
    timers: Literal["lab", "standard"] = "lab"
    exclusive: bool = False
    dataplane: str | None = None
    runtime: str | None = None

    def keeping(self, before: Lab) -> Lab:
        """Return the lab with what its nodes hold in another one that is no part of what files say."""
        held = {
            node.name: [service for service in node.services if service.is_lasting] for node in before.nodes
        }
        if not any(held.values()):
            return self
        nodes = []
        for node in self.nodes:
            fitting = (service.fitting(node) for service in held.get(node.name, ()))
            nodes.append(node.having(*(service for service in fitting if service is not None)))
        return msgspec.structs.replace(self, nodes=tuple(nodes))

    def node(self, name: str) -> Node:
        """Return the node of that name.

        Raises:
            KeyError: The lab has none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
