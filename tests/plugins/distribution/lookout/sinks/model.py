"""What a node holds of sinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.model.codec import Base, IpInterface
from nlan.model.service import ServiceModel


class Sink(Base, frozen=True, kw_only=True):
    """One sink.

    Attributes:
        name: Of its interface.
        mtu: In bytes.
        addresses: The node's own on it.
    """

    name: str
    mtu: int = 1500
    addresses: tuple[IpInterface, ...] = ()


class Sinks(ServiceModel, frozen=True, kw_only=True):
    """The sinks of a node, in the order of the file."""

    key: ClassVar[str] = "sinks"
    bare: ClassVar[str] = "sinks"
    sinks: tuple[Sink, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        return ((sink.name, sink.addresses) for sink in self.sinks)
