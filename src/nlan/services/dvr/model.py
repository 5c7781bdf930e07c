"""Dvr, distributed virtual routers: what a node holds of the subnets that it routes between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nlan.interfaces import tunnel_name
from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.model.service import End, Segment, ServiceModel
from nlan.services.ptn.model import flooded

if TYPE_CHECKING:
    from nlan.model.lab import Lab

Mode = Literal["dvr", "hub", "spoke", "spoke_dvr"]


def bridge_name(vni: int) -> str:
    """Return the bridge of a subnet in a node, on which the gateway's address is."""
    return f"br{vni}"


class Gateway(Base, frozen=True, kw_only=True):
    """The gateway of a subnet, as one node takes part in it.

    Attributes:
        address: The hosts' default route.
        mode: ``dvr``: each node routes for its own hosts, and no other hears of its gateway; ``hub``: this
            one routes for all; ``spoke``: another one does, and this has no address; ``spoke_dvr``: another
            one does, but for private destinations, for which this does.
        dhcp: Whether leases are given out here.
    """

    address: IpInterface
    mode: Mode = "dvr"
    dhcp: bool = False


class DvrHost(Base, frozen=True, kw_only=True):
    """A host on a subnet, behind one of its nodes.

    Attributes:
        addresses: One of each family; the host is called ``NODE/ADDRESS`` after the first.
    """

    addresses: tuple[IpInterface, ...]


class Subnet(Base, frozen=True, kw_only=True):
    """One subnet, as one node takes part in it.

    Attributes:
        vni: VXLAN network identifier, 1 to 16777215.
        vid: VLAN identifier of a switch, 1 to 4094; kept, not used by the data plane ``linux``.
        name: The router's and the subnet's, where these have any: ``r1/red``.
        ip_dvr: The gateways, one of each family.
        peers: Underlay addresses of the other tunnel ends that frames are flooded to.
        hosts: Behind the node.
        ports: Interfaces of the node that are ports of the subnet.
        default_gw: The node's own default route's next hop.
        mtu: In bytes.
    """

    vni: int
    vid: int | None = None
    name: str = ""
    ip_dvr: tuple[Gateway, ...] = ()
    peers: tuple[IpAddress, ...] = ()
    hosts: tuple[DvrHost, ...] = ()
    ports: tuple[str, ...] = ()
    default_gw: IpAddress | None = None
    mtu: int = 1500

    @property
    def bridge(self) -> str:
        """Its bridge in the node."""
        return bridge_name(self.vni)

    @property
    def addresses(self) -> tuple[IpInterface, ...]:
        """The gateways' addresses that the node itself has."""
        return tuple(gateway.address for gateway in self.ip_dvr if gateway.mode != "spoke")

    @property
    def gateways(self) -> tuple[IpAddress, ...]:
        """The hosts' default routes, whoever has them."""
        return tuple(gateway.address.ip for gateway in self.ip_dvr)


class Dvr(ServiceModel, frozen=True, kw_only=True):
    """The subnets that a node routes between, and its tunnel end.

    Attributes:
        local: The tunnel end's underlay address.
        subnets: In file order.
    """

    key: ClassVar[str] = "dvr"
    local: IpAddress | None = None
    subnets: tuple[Subnet, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield ``br<vni>`` of each subnet."""
        for subnet in self.subnets:
            yield subnet.bridge, subnet.addresses

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield the subnets' bridges and tunnel ends."""
        for subnet in self.subnets:
            yield subnet.bridge, f"VNI {subnet.vni}'s"
            yield tunnel_name(subnet.vni), f"VNI {subnet.vni}'s"

    def plugged(self) -> Iterator[tuple[str, str]]:
        """Yield the ports of the subnets' bridges."""
        for subnet in self.subnets:
            yield from ((port, subnet.bridge) for port in subnet.ports)

    def hosts(self) -> Iterator[tuple[tuple[IpInterface, ...], tuple[IpAddress, ...]]]:
        """Yield the hosts on the subnets."""
        for subnet in self.subnets:
            yield from ((host.addresses, subnet.gateways) for host in subnet.hosts)

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        """Yield a segment for all that flood a VNI to each other, directly or through others."""
        for vni, index, group in groups(lab):
            for node, _ in group:
                yield (node.name, bridge_name(vni)), ("dvr", vni, index)


def groups(lab: Lab) -> Iterator[tuple[int, int, list[tuple[Any, Subnet]]]]:
    """Yield the VNI, a number, and the nodes with their subnets that flood to each other."""
    by_vni: dict[int, list[tuple[Any, Any]]] = {}
    for node in lab.nodes:
        for subnet in node.get(Dvr).subnets:
            by_vni.setdefault(subnet.vni, []).append((node, subnet))
    for vni, members in by_vni.items():
        groups: list[list[tuple[Any, Any]]] = flooded(members)
        for index, group in enumerate(groups):
            yield vni, index, group
