"""What the fake kernel holds: plain data that refers to each other by object, never by number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from nlan.engines.base import Daemon
from nlan.kinds.nft import Nft
from nlan.kinds.program import Program

Ip = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Prefix = IPv4Network | IPv6Network

MAIN_TABLE, LOCAL_TABLE = 254, 255
RULES = ((2, 0, 255), (2, 32766, 254), (2, 32767, 253), (10, 0, 255), (10, 32766, 254))
"""The rules of a new namespace: family, priority, table."""
KERNEL = 2
"""Protocol number of routes that the kernel makes itself."""
LOOPBACK_MTU, IPV6_MTU_MIN = 65536, 1280


@dataclass(eq=False, slots=True)
class Address:
    """An address of a link; `secondary` follows one of the same subnet that came first."""

    interface: Interface
    protocol: int
    secondary: bool = False


@dataclass(eq=False, slots=True)
class Route:
    """A unicast route of the main table, or an IPv4 one of the local table to an address of its own.

    `via` is None where the prefix is on the link.
    """

    prefix: Prefix
    via: Ip | None
    link: Link
    protocol: int
    metric: int
    table: int = MAIN_TABLE


@dataclass(eq=False, slots=True)
class Tunnel:
    """What makes a link a VXLAN device; it floods to `remotes`."""

    vni: int
    local: Ip
    port: int
    remotes: list[Ip] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Bucket:
    """A token bucket at a link's root: bytes a second, bytes that may wait, bytes of a burst."""

    handle: int
    rate: int
    limit: int
    burst: int


@dataclass(eq=False, slots=True)
class Link:
    """A network device.

    Attributes:
        netns: Where it is.
        number: Its index there.
        name: Its interface name.
        kind: ``veth``, ``bridge``, ``vxlan``; ``loopback``.
        mac: With colons.
        mtu: In bytes.
        group: Its interface group.
        up: Administrative state.
        alias: Free words.
        master: The bridge it is a port of.
        peer: The other end of a pair.
        parent: The link that it is on, of a VLAN.
        tunnel: Of a VXLAN device.
        bucket: The queue at its root, where somebody put one.
        fixed_mtu: Somebody changed a bridge's MTU; it no longer follows the ports.
        no_ipv6: IPv6 was switched off for it.
        no_arp: It does not ask for MAC addresses.
        settings: Bytes by kind, ``bridge``, ``vxlan`` or ``port``, and number of attribute; those alone
            that somebody has set.
        addresses: In the order in which they came.
    """

    netns: Netns
    number: int
    name: str
    kind: str
    mac: str
    mtu: int
    group: int = 0
    up: bool = False
    alias: str = ""
    master: Link | None = None
    peer: Link | None = None
    parent: Link | None = None
    tunnel: Tunnel | None = None
    bucket: Bucket | None = None
    fixed_mtu: bool = False
    no_ipv6: bool = False
    no_arp: bool = False
    settings: dict[tuple[str, int], bytes] = field(default_factory=dict)
    addresses: list[Address] = field(default_factory=list)

    @property
    def speaks_ipv6(self) -> bool:
        """Whether it is wide enough for IPv6."""
        return self.mtu >= IPV6_MTU_MIN

    def ports(self) -> Iterator[Link]:
        """Yield the links that are ports of this one."""
        return (link for link in self.netns.links.values() if link.master is self)


@dataclass(eq=False, slots=True)
class Netns:
    """A network namespace, its loopback up.

    Attributes:
        name: As the place calls it.
        owned: It bears the lab's mark.
        links: By name.
        routes: In the order in which they came.
        rules: Family, priority and table of each.
        sysctls: Kernel switches by path below /proc/sys.
        switched: Those that the driver has set.
        nft: Tables of nftables, by family and name.
        daemons: What routes in it, by name.
        programs: What else runs in it, by name.
    """

    name: str
    sysctls: dict[str, str]
    owned: bool = True
    links: dict[str, Link] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    switched: set[str] = field(default_factory=set)
    daemons: dict[str, Daemon] = field(default_factory=dict)
    nft: dict[str, Nft] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    numbers: int = 0
    rules: set[tuple[int, int, int]] = field(default_factory=lambda: set(RULES))

    def next_number(self) -> int:
        """Return the index for one more link; none is used twice."""
        self.numbers += 1
        return self.numbers

    def switch(self, name: str) -> bool:
        """Tell whether a kernel switch is on."""
        return self.sysctls.get(name, "0") != "0"
