"""What a node holds of interfaces that it names itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from nlan.model.codec import Base, IpAddress, IpInterface
from nlan.model.service import End, Segment, ServiceModel
from nlan.values import vxlan_overhead

if TYPE_CHECKING:
    from nlan.model.lab import Lab

Mode = Literal["gre", "gretap", "ipip", "sit", "vxlan", "vlan", "dummy"]
TUNNELS = frozenset({"gre", "gretap", "ipip", "sit", "vxlan"})
FRAMES = frozenset({"gretap", "vxlan", "vlan"})
"""Those that carry frames, and so have a MAC address and a neighbour's."""
TTL = 64
"""Of outer packets, where nothing is written."""
_HEADERS = {"gre": 4, "gretap": 18, "ipip": 0, "sit": 0}
"""Bytes between the outer IP header and the inner packet."""


class Device(Base, frozen=True, kw_only=True):
    """An interface that a node names.

    Attributes:
        name: Its name.
        mode: What it is.
        addresses: The node's own on it.
        mtu: In bytes.
        local: A tunnel's own end.
        remote: Its other end.
        key: What tells GRE tunnels between the same two apart (RFC 2890).
        ttl: Of a tunnel's outer packets.
        vni: VXLAN network identifier.
        port: VXLAN's UDP port.
        parent: The interface that a VLAN is on.
        vid: The VLAN's identifier.
    """

    name: str
    mode: Mode
    addresses: tuple[IpInterface, ...] = ()
    mtu: int = 1500
    local: IpAddress | None = None
    remote: IpAddress | None = None
    key: int | None = None
    ttl: int | None = None
    vni: int | None = None
    port: int | None = None
    parent: str | None = None
    vid: int | None = None

    @property
    def tunnel(self) -> Hashable:
        """What both ends of a tunnel have in common."""
        return self.mode, frozenset((self.local, self.remote)), self.key, self.vni, self.port


def overhead(mode: str, version: int, *, keyed: bool = False) -> int:
    """Return the bytes that a tunnel adds to a packet."""
    if mode == "vxlan":
        return vxlan_overhead(version)
    return (20 if version == 4 else 40) + _HEADERS[mode] + (4 if keyed else 0)


class Devices(ServiceModel, frozen=True, kw_only=True):
    """The interfaces that a node names, in file order."""

    key: ClassVar[str] = "devices"
    named: tuple[Device, ...] = ()

    def interfaces(self) -> Iterator[tuple[str, tuple[IpInterface, ...]]]:
        """Yield each with its addresses."""
        yield from ((device.name, device.addresses) for device in self.named)

    def taken(self) -> Iterator[tuple[str, str]]:
        """Yield their names."""
        yield from ((device.name, f"{device.mode} of `interfaces`") for device in self.named)

    def labels(self) -> Iterator[tuple[str, str]]:
        """Yield what each is."""
        yield from ((device.name, device.mode) for device in self.named)

    @classmethod
    def segments(cls, lab: Lab) -> Iterator[tuple[End, Segment]]:
        """Yield a segment for each tunnel, and each VLAN of a link or LAN, that several nodes are on."""
        found: dict[Segment, list[End]] = {}
        under = _joined(lab)
        own = [(node.name, device) for node in lab.nodes for device in node.get(cls).named]
        for name, device in sorted(
            own, key=lambda one: one[1].mode not in TUNNELS
        ):  # VLANs may be on tunnels
            if device.mode in TUNNELS:
                segment: Segment = ("tunnel", device.tunnel)
            elif (name, device.parent) in under:
                segment = ("vlan", under[name, device.parent or ""], device.vid)
            else:
                continue
            under[name, device.name] = segment
            found.setdefault(segment, []).append((name, device.name))
        for segment, ends in found.items():
            if len(ends) > 1:
                yield from ((end, segment) for end in ends)


def _joined(lab: Lab) -> dict[End, Segment]:
    """Return what links and LANs join."""
    found: dict[End, Segment] = {}
    for link in lab.links:
        found |= {(end.node, end.interface): ("link", link.name) for end in (link.a, link.b)}
    for lan in lab.lans:
        found |= {(port.node, port.interface): ("lan", lan.name) for port in lan.ports}
    return found
