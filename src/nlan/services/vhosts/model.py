"""Vhosts: a LAN behind the node with many hosts, each a namespace with a default route of each family."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.interfaces import lan_name
from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.model.service import ServiceModel


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


class Vhosts(ServiceModel, frozen=True, kw_only=True):
    """The host LANs behind a node."""

    key: ClassVar[str] = "vhosts"
    bare: ClassVar[str] = "lans"
    lans: tuple[VhostLan, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield ``br_<address>`` of each LAN."""
        for lan in self.lans:
            yield lan_name(str(lan.gateway.ip)), lan.gateways

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield the LANs' bridges."""
        yield from ((lan_name(str(lan.gateway.ip)), "a host LAN's bridge") for lan in self.lans)

    def hosts(self) -> Iterator[tuple[tuple[IpInterface, ...], tuple[IpAddress, ...]]]:
        """Yield the hosts on the LANs."""
        for lan in self.lans:
            gateways = tuple(gateway.ip for gateway in lan.gateways)
            yield from ((addresses, gateways) for addresses in lan.members)
