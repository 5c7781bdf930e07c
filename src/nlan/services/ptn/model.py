"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from nlan.interfaces import l2vpn_name, tunnel_name
from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.model.segments import Groups
from nlan.model.service import End, Segment, ServiceModel

if TYPE_CHECKING:
    from nlan.model.lab import Lab


class VpnHost(Base, frozen=True, kw_only=True):
    """A host on an L2VPN, behind the bridge of one of its nodes.

    Attributes:
        addresses: One of each family; the host is called ``NODE/ADDRESS`` after the first.
        gateways: Its default routes' next hops, none where nobody routes on the segment.
    """

    addresses: tuple[IpInterface, ...]
    gateways: tuple[IpAddress, ...] = ()


class L2Vpn(Base, frozen=True, kw_only=True):
    """One layer-2 network, as one node takes part in it.

    Attributes:
        vni: VXLAN network identifier, 1 to 16777215.
        vid: VLAN identifier of a switch, 1 to 4094; kept, not used by the linux dataplane.
        peers: Underlay addresses of the other tunnel ends that frames are flooded to.
        addresses: On the interface ``int_br<vni>``.
        mtu: Bytes of ``int_br<vni>`` and of its VXLAN device.
        hosts: Behind ``int_br<vni>``.
    """

    vni: int
    vid: int | None = None
    peers: tuple[IpAddress, ...] = ()
    addresses: tuple[IpInterface, ...] = ()
    mtu: int = 1500
    hosts: tuple[VpnHost, ...] = ()


class PtnNetwork(Base, frozen=True, kw_only=True):
    """A named set of L2VPNs that share a tunnel end.

    Attributes:
        name: Such as ``wan`` or ``access``.
        local: The tunnel end's underlay address.
        l2vpns: In file order.
    """

    name: str
    local: IpAddress
    l2vpns: tuple[L2Vpn, ...] = ()


class Ptn(ServiceModel, frozen=True, kw_only=True):
    """The packet transport networks that end at a node."""

    key: ClassVar[str] = "ptn"
    bare: ClassVar[str] = "networks"
    networks: tuple[PtnNetwork, ...] = ()

    @property
    def l2vpns(self) -> tuple[L2Vpn, ...]:
        """Those of all networks."""
        return tuple(vpn for network in self.networks for vpn in network.l2vpns)

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield ``int_br<vni>`` of each L2VPN."""
        for vpn in self.l2vpns:
            yield l2vpn_name(vpn.vni), vpn.addresses

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield the L2VPNs' interfaces and tunnel ends."""
        for vpn in self.l2vpns:
            yield l2vpn_name(vpn.vni), f"VNI {vpn.vni}'s"
            yield tunnel_name(vpn.vni), f"VNI {vpn.vni}'s"

    def labels(self) -> Iterator[tuple[str, str]]:
        """Yield each L2VPN's VNI."""
        for vpn in self.l2vpns:
            yield l2vpn_name(vpn.vni), f"VNI {vpn.vni}"

    def hosts(self) -> Iterator[tuple[tuple[IpInterface, ...], tuple[IpAddress, ...]]]:
        """Yield the hosts on the L2VPNs."""
        for vpn in self.l2vpns:
            yield from ((host.addresses, host.gateways) for host in vpn.hosts)

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        """Yield a segment for all that flood a VNI to each other, directly or through others."""
        by_vni: dict[int, list[tuple[Any, L2Vpn]]] = {}
        for node in lab.nodes:
            for vpn in node.get(cls).l2vpns:
                by_vni.setdefault(vpn.vni, []).append((node, vpn))
        for vni, members in by_vni.items():
            for index, group in enumerate(flooded(members)):
                for node, _ in group:
                    yield (node.name, l2vpn_name(vni)), ("vni", vni, index)


def flooded(members: list[tuple[Any, L2Vpn]]) -> list[list[tuple[Any, L2Vpn]]]:
    """Return the members of one VNI in groups that flood to each other, directly or through others.

    Members are nodes (of the model, or on their way there) with their L2VPN.
    """
    holder = {node.underlay.ip: index for index, (node, _) in enumerate(members) if node.underlay}
    joined = Groups()
    for index, (_, vpn) in enumerate(members):
        for peer in vpn.peers:
            if peer in holder:
                joined.join(index, holder[peer])
    groups: dict[int, list[tuple[Any, L2Vpn]]] = {}
    for index, member in enumerate(members):
        groups.setdefault(joined.root(index), []).append(member)
    return list(groups.values())
