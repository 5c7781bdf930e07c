"""The typed values that raw FRR configuration is read into: interfaces, instances, peers, routes.

Only what is written is there; `nlan.engines.frr.config.facts` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Literal, NamedTuple

from nlan.engines.frr.config.tree import Path
from nlan.model.codec import IpAddress, IpInterface, IpNetwork

Protocol = Literal[
    "bgp", "ospf", "ospf6", "isis", "openfabric", "rip", "ripng", "eigrp", "babel", "pim", "pim6"
]

PROTOCOLS: tuple[Protocol, ...] = (
    "bgp",
    "ospf",
    "ospf6",
    "isis",
    "openfabric",
    "rip",
    "ripng",
    "eigrp",
    "babel",
    "pim",
    "pim6",
)


class RawPeer(NamedTuple):
    """A BGP peer, what its peer group says included.

    Attributes:
        peer: Its address, or the interface that it is on (``neighbor eth1 interface …``) as text.
        address: The same as an address; None on an interface or where it is no address.
        vrf: The instance's VRF; empty outside of VRFs.
        asn: The instance's own AS, 0 where it is none.
        remote_as: Its AS, or ``internal``, ``external``, ``auto``; None where none is written.
        local_as: The AS that this end shows it instead of its own, or None.
        families: Such as ``ipv4 unicast``: what is activated for it, IPv4's default counted.
        update_source: An address or an interface as written, or None.
        ebgp_multihop: Hops, 1 where nothing is said; 255 where no number is.
        password: Whether there is one.
        shutdown: Whether it is kept down.
        passive: Whether this end does not dial.
        bfd: Whether BFD watches it.
        others: All other lines of it, without ``neighbor PEER``, those of the families too.
    """

    peer: str
    address: IpAddress | None
    vrf: str
    asn: int
    remote_as: int | str | None
    local_as: int | None
    families: frozenset[str]
    update_source: str | None
    ebgp_multihop: int
    password: bool
    shutdown: bool
    passive: bool
    bfd: bool
    others: tuple[str, ...]


class RawInterface(NamedTuple):
    """An interface.

    Attributes:
        name: Its name.
        addresses: Those that FRR is to give it, besides the lab's.
        shutdown: Whether FRR is to set it down.
        speaks: The protocols that a line of the interface itself starts there (``ip ospf area``,
            ``ip router isis``, ``ipv6 ospf6 area``, ``ip pim``). RIP, and OSPF by prefix, are
            started by the instance: see `RawInstance.networks` and `RawInstance.interfaces`.
        areas: By ``ospf`` and ``ospf6``: the area written on the interface.
        tags: By ``isis`` and ``openfabric``: the instance's name.
        versions: By ``isis`` and ``openfabric``: the IP versions.
        passive: Protocols that send nothing there.
        point_to_point: Protocols that take it for a link of two.
        lines: All its lines.
    """

    name: str
    addresses: tuple[IpInterface, ...]
    shutdown: bool
    speaks: frozenset[Protocol]
    areas: Mapping[str, str]
    tags: Mapping[str, str]
    versions: Mapping[str, frozenset[int]]
    passive: frozenset[Protocol]
    point_to_point: frozenset[Protocol]
    lines: tuple[str, ...]


class RawInstance(NamedTuple):
    """A ``router …`` section.

    Attributes:
        protocol: Which.
        name: BGP's AS as written, the tag of IS-IS or OpenFabric, the number of an OSPF instance, else empty.
        vrf: Its VRF; empty outside of VRFs.
        asn: BGP's AS, else 0. A dotted one as its number.
        router_id: As written, or None.
        networks: Prefixes with their area (OSPF; empty otherwise): OSPF's and RIP's ``network``
            start the protocol where an address lies in one, BGP's are announced.
        interfaces: Interfaces, with their area or nothing, that ``network eth1`` (RIP, RIPng, Babel) or
            ``interface eth1 area A`` (OSPFv3 of older FRR) starts it on.
        passive: Interfaces that it sends nothing on; ``default`` stands for all.
        active: Interfaces that are none of these after all (``no passive-interface``).
        redistribute: The sources, such as ``connected``; of BGP with the family, ``ipv4 unicast connected``.
        nets: The NETs of IS-IS and OpenFabric.
        level: ``level-1``, ``level-1-2`` or ``level-2-only`` of IS-IS.
        confederation: BGP's confederation identifier, or None.
        shutdown: Whether BGP is kept down as a whole.
        lines: All its lines, each with the headers below ``router …``.
    """

    protocol: Protocol
    name: str
    vrf: str
    asn: int
    router_id: IPv4Address | None
    networks: tuple[tuple[IpNetwork, str], ...]
    interfaces: tuple[tuple[str, str], ...]
    passive: frozenset[str]
    active: frozenset[str]
    redistribute: tuple[str, ...]
    nets: tuple[str, ...]
    level: str
    confederation: int | None
    shutdown: bool
    lines: tuple[Path, ...]


class RawBfdPeer(NamedTuple):
    """A session of ``bfd`` / ``peer``; those that routing protocols ask for are not here.

    Attributes:
        peer: Its address.
        local: This end's, or None.
        interface: Which, or empty.
        vrf: Which, or empty.
        multihop: Whether it may be farther than a link.
        shutdown: Whether it is kept down.
        passive: Whether this end waits for the other to begin.
    """

    peer: IpAddress
    local: IpAddress | None
    interface: str
    vrf: str
    multihop: bool
    shutdown: bool
    passive: bool


class RawRoute(NamedTuple):
    """A static route.

    Attributes:
        prefix: Where to.
        via: The next hop, or None.
        interface: The way out, or empty.
        vrf: Which, or empty.
        blackhole: Whether it leads nowhere on purpose.
    """

    prefix: IpNetwork
    via: IpAddress | None
    interface: str
    vrf: str
    blackhole: bool


class RawFrr(NamedTuple):
    """What a text says.

    Attributes:
        interfaces: By name.
        instances: In the order of the text.
        peers: BGP's, in the order of the text.
        bfd: Of ``bfd`` / ``peer``.
        routes: Static ones.
        vrfs: The names of ``vrf`` sections.
        daemons: Which some line is for that is no other's.
        ldp: Interfaces that ``mpls ldp`` speaks on.
    """

    interfaces: Mapping[str, RawInterface]
    instances: tuple[RawInstance, ...]
    peers: tuple[RawPeer, ...]
    bfd: tuple[RawBfdPeer, ...]
    routes: tuple[RawRoute, ...]
    vrfs: tuple[str, ...]
    daemons: frozenset[str]
    ldp: tuple[str, ...]

    def instance(self, protocol: Protocol, vrf: str = "") -> RawInstance | None:
        """Return the first instance of a protocol in a VRF."""
        return next((i for i in self.instances if (i.protocol, i.vrf) == (protocol, vrf)), None)
