"""Vhosts: a LAN behind the node with many hosts, each a namespace with a default route."""

from __future__ import annotations

from nlan.model.codec import Base, IpInterface


class VhostLan(Base, frozen=True, kw_only=True):
    """One host LAN: a bridge in the node and `hosts` behind it.

    Attributes:
        gateway: The node's own address, on the bridge ``br_<address>``; the hosts' default route.
        hosts: Each host's address with prefix length: the LAN's next addresses after the gateway.
            A host is called ``NODE/ADDRESS``.
        mtu: Octets.
    """

    gateway: IpInterface
    hosts: tuple[IpInterface, ...] = ()
    mtu: int = 1500
