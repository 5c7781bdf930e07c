"""What a node holds of sinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.model.codec import Base, IpAddress, IpInterface, IpNetwork
from nlan.model.service import ServiceModel


class Sink(Base, frozen=True, kw_only=True):
    """One sink.

    Attributes:
        name: Of its interface.
        mtu: In bytes.
        addresses: The node's own on it.
        swallows: Prefixes whose packets end in it, by way of the address that follows its own.
    """

    name: str
    mtu: int = 1500
    addresses: tuple[IpInterface, ...] = ()
    swallows: tuple[IpNetwork, ...] = ()

    def hop(self, version: int) -> IpAddress | None:
        return next((address.ip + 1 for address in self.addresses if address.version == version), None)


class Sinks(ServiceModel, frozen=True, kw_only=True):
    """The sinks of a node, in the order of the file."""

    key: ClassVar[str] = "sinks"
    bare: ClassVar[str] = "sinks"
    sinks: tuple[Sink, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        return ((sink.name, sink.addresses) for sink in self.sinks)
