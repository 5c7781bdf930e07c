"""Ptn, the packet transport network: layer-2 networks over VXLAN (RFC 7348) between the nodes."""

from __future__ import annotations

from nlan.model.codec import Base, IpAddress, IpInterface


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
