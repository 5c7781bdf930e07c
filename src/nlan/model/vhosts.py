"""Vhosts: a LAN behind the node with many hosts, each a namespace with a default route of each family."""

from __future__ import annotations

from collections.abc import Iterator

from nlan.model.codec import Base, IpInterface


class VhostLan(Base, frozen=True, kw_only=True):
    """One host LAN: a bridge in the node and `hosts` behind it.

    Attributes:
        gateway: The node's own address, on the bridge ``br_<address>``; the hosts' default route.
        hosts: Each host's address with prefix length: the LAN's next addresses after the gateway.
            A host is called ``NODE/ADDRESS``.
        gateway6: The node's IPv6 address there, where the hosts have both families; None where `gateway`
            says it all.
        hosts6: The same hosts' IPv6 addresses, in the same order; None likewise.
        mtu: In bytes.
    """

    gateway: IpInterface
    hosts: tuple[IpInterface, ...] = ()
    gateway6: IpInterface | None = None
    hosts6: tuple[IpInterface, ...] | None = None
    mtu: int = 1500

    @property
    def gateways(self) -> tuple[IpInterface, ...]:
        """The node's addresses on the LAN, one of each family; the LAN is named after the first."""
        return (self.gateway,) if self.gateway6 is None else (self.gateway, self.gateway6)

    @property
    def members(self) -> Iterator[tuple[IpInterface, ...]]:
        """Each host's addresses, one of each family; the host is named after the first."""
        for index, address in enumerate(self.hosts):
            yield (address, *(self.hosts6 or ())[index : index + 1])
