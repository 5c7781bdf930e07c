"""What a node holds of sinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nlan.model.codec import Base, IpAddress, IpInterface, IpNetwork
from nlan.model.lab import Lab
from nlan.model.service import End, Segment, ServiceModel


class Sink(Base, frozen=True, kw_only=True):
    """One sink.

    Attributes:
        name: Of its interface.
        mtu: In bytes.
        addresses: The node's own on it.
        swallows: Prefixes whose packets end in it, by way of the address that follows its own.
        wired: The link whose end it is, which has the addresses then; else empty.
    """

    name: str
    mtu: int = 1500
    addresses: tuple[IpInterface, ...] = ()
    swallows: tuple[IpNetwork, ...] = ()
    wired: str = ""

    def hop(self, version: int) -> IpAddress | None:
        return next((address.ip + 1 for address in self.addresses if address.version == version), None)


class Sinks(ServiceModel, frozen=True, kw_only=True):
    """The sinks of a node, in the order of the file."""

    key: ClassVar[str] = "sinks"
    bare: ClassVar[str] = "sinks"
    sinks: tuple[Sink, ...] = ()

    def labels(self) -> Iterator[tuple[str, str]]:
        return ((sink.name, f"{sink.name}, cut") for sink in self.sinks if sink.wired)

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        for node in lab.nodes:
            ends = (sink for sink in node.get(cls).sinks if sink.wired)
            yield from (((node.name, sink.name), ("cut", sink.wired)) for sink in ends)

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        return ((sink.name, sink.addresses) for sink in self.sinks if not sink.wired)
