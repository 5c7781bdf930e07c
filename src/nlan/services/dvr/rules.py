"""What a node's bridges do with frames of gateways, so that one address can be on many nodes: rules.

In mode ``dvr`` hosts' requests for the gateway stay off the overlay, where others would answer. What the
gateway itself asks for leaves as an ARP probe (RFC 5227), of which no host learns; a neighbour solicitation
(RFC 4861) leaves in the name of the bridge's link-local address. Otherwise hosts behind other nodes would
take this one for their gateway. In mode ``spoke_dvr`` the gateway is silent and hosts know the hub's;
frames to private destinations get the bridge's own MAC address, so that they are routed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv6Address
from typing import NamedTuple

from nlan.interfaces import short_name, tunnel_name
from nlan.kinds.nft import Chain, Nft
from nlan.model.codec import IpInterface
from nlan.services.dvr.model import Gateway, Subnet

TABLE = "nlan_dvr"
PRIVATE = {4: ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"), 6: ("fc00::/7",)}
"""Private destinations (RFC 1918, RFC 4193), by IP version."""
_IP = {4: "ip", 6: "ip6"}


class Bridged(NamedTuple):
    """A subnet, and the MAC address of its bridge in the node."""

    subnet: Subnet
    mac: str


def table(node: str, bridged: Sequence[Bridged]) -> Nft | None:
    """Return the rules of a node's bridges, None where none are needed."""
    own = [gateway.address for one in bridged for gateway in one.subnet.ip_dvr if gateway.mode != "spoke"]
    chains = (
        Chain("prerouting", tuple(_arriving(bridged, own)), hook="prerouting"),
        Chain("output", tuple(_own(bridged)), hook="output"),
        Chain("postrouting", tuple(_leaving(bridged)), hook="postrouting"),
    )
    used = tuple(chain for chain in chains if chain.rules)
    return Nft(namespace=node, family="bridge", name=TABLE, chains=used) if used else None


def _of_mode(bridged: Iterable[Bridged], mode: str) -> Iterator[tuple[Bridged, Gateway]]:
    return ((one, gateway) for one in bridged for gateway in one.subnet.ip_dvr if gateway.mode == mode)


def _arriving(bridged: Sequence[Bridged], own: Sequence[IpInterface]) -> Iterator[str]:
    """Yield what becomes of hosts' frames in mode ``spoke_dvr``."""
    for one, gateway in _of_mode(bridged, "spoke_dvr"):
        if not (ports := _ports(one.subnet)):
            continue
        version = gateway.address.version
        ip, private = _IP[version], PRIVATE[version]
        others = {str(a.network) for a in own if a.version == version and not a.network.is_private}
        near = f"iifname {_set(ports)} {ip} daddr"
        yield f"{near} {gateway.address.network} accept"
        yield f"{near} {_set((*private, *sorted(others)))} ether daddr set {one.mac} meta pkttype set unicast"


def _own(bridged: Sequence[Bridged]) -> Iterator[str]:
    """Yield what becomes of frames of the node's own gateways in mode ``spoke_dvr``."""
    for one, gateway in _of_mode(bridged, "spoke_dvr"):
        own, address = f"ether saddr {one.mac}", gateway.address.ip
        if address.version == 4:
            yield f"{own} arp operation reply arp saddr ip {address} drop"
        else:
            yield f"{own} icmpv6 type nd-neighbor-advert icmpv6 taddr {address} drop"
        yield _discreetly(own, one.mac, gateway)


def _leaving(bridged: Sequence[Bridged]) -> Iterator[str]:
    """Yield what becomes of frames on their way to the overlay in mode ``dvr``."""
    for one, gateway in _of_mode(bridged, "dvr"):
        out, address = f'oifname "{tunnel_name(one.subnet.vni)}"', gateway.address.ip
        if address.version == 4:
            yield f"{out} arp operation request arp daddr ip {address} drop"
        else:
            yield f"{out} icmpv6 type nd-neighbor-solicit icmpv6 taddr {address} drop"
        yield _discreetly(f"{out} ether saddr {one.mac}", one.mac, gateway)


def _discreetly(match: str, mac: str, gateway: Gateway) -> str:
    """Return the rule by which a gateway asks for neighbours without giving its address away."""
    address = gateway.address.ip
    if address.version == 4:
        return f"{match} arp operation request arp saddr ip {address} arp saddr ip set 0.0.0.0"
    return f"{match} icmpv6 type nd-neighbor-solicit ip6 saddr {address} ip6 saddr set {_link_local(mac)}"


def _link_local(mac: str) -> IPv6Address:
    """Return the link-local address that the kernel makes of a MAC address (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes((octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:])))


def _ports(subnet: Subnet) -> tuple[str, ...]:
    """Return the ports of a subnet's bridge that hosts are behind."""
    names = (*(short_name("", str(host.addresses[0].ip)) for host in subnet.hosts), *subnet.ports)
    return tuple(f'"{name}"' for name in names)


def _set(words: Iterable[str]) -> str:
    return f"{{ {', '.join(words)} }}"
