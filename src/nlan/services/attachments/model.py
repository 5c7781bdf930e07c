"""What a node holds of links to what is no node: taps, macvlans, NICs of the machine; and of VXLAN links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.model.service import End, Segment, ServiceModel

if TYPE_CHECKING:
    from nlan.model.lab import Lab

Type = Literal["tap", "macvlan", "macvtap", "nic"]
Mode = Literal["private", "vepa", "bridge", "passthru"]


class Attachment(Base, frozen=True, kw_only=True):
    """An interface that hangs on something else than a link's other end.

    Attributes:
        interface: Its name.
        type: What it is.
        addresses: The node's on it.
        mtu: In bytes; None for a NIC's own, and for that of what a macvlan is on.
        nic: The machine's NIC that it is, or is on; empty where there is none.
        on: The interface that it is on, of `node`; empty where it is on none.
        node: Whose interface that is; empty for the node's own.
        mode: Who hears whom of the macvlans on one interface.
        owner: The user who may open a tap besides root; None for root alone.
    """

    interface: str
    type: Type
    addresses: tuple[IpInterface, ...] = ()
    mtu: int | None = None
    nic: str = ""
    on: str = ""
    node: str = ""
    mode: Mode = "bridge"
    owner: str | None = None


class Tunnel(Base, frozen=True, kw_only=True):
    """A node's end of a link of type `vxlan`.

    Attributes:
        interface: Its name, one of the node's.
        link: The link's name.
        vni: VXLAN network identifier, 1 to 16777215.
        local: The node's underlay address.
        remote: The other one's.
        mtu: In bytes.
    """

    interface: str
    link: str
    vni: int
    local: IpAddress
    remote: IpAddress
    mtu: int = 1500


class Attachments(ServiceModel, frozen=True, kw_only=True):
    """Those of a node, in the order of the file."""

    key: ClassVar[str] = "attachments"
    ports: tuple[Attachment, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield those that no link gives the node."""
        return ((port.interface, port.addresses) for port in self.ports)

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield their names."""
        return ((port.interface, f"a {port.type} of the node") for port in self.ports)

    def labels(self) -> Iterator[tuple[str, str]]:
        """Yield the VNIs."""
        return ((one.interface, f"{one.interface}, VNI {one.vni}") for one in self.tunnels)

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        """Yield the links of type `vxlan`, and of each macvlan the segment of what it is on."""
        known = dict(_segments_of_ends(lab))
        for node in lab.nodes:
            for one in node.get(cls).tunnels:
                known[node.name, one.interface] = "vxlan", one.link
                yield (node.name, one.interface), ("vxlan", one.link)
        for node in lab.nodes:
            for port in node.get(cls).ports:
                on = port.node or node.name, port.on
                if port.nic:
                    yield (node.name, port.interface), ("nic", port.nic)
                elif port.on:
                    yield (node.name, port.interface), known.get(on, ("on", *on))


def _segments_of_ends(lab: Lab) -> Iterator[tuple[End, Segment]]:
    """Yield the segments of links and LANs, as `nlan.model.segments.segments_of` has them."""
    for link in lab.links:
        yield from (((end.node, end.interface), ("link", link.name)) for end in (link.a, link.b))
    for lan in lab.lans:
        yield from (((port.node, port.interface), ("lan", lan.name)) for port in lan.ports)
