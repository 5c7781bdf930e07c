"""What BGP redistributes of OSPF, for real: OSPFv2 into IPv4, OSPFv3 into IPv6."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any, Literal

from nlan.model import Node
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface


def chain(network: Any, *spoken: str) -> list[Node]:
    """r1 tells r2 of its loopbacks by OSPF alone; r2 tells r3, of another AS, what it has from OSPF."""
    network.wire(
        r1={"lo": "10.0.0.1/32 2001:db8:1::1/128", "ax": "192.0.2.1/30 2001:db8::1/64"},
        r2={"ax": "192.0.2.2/30 2001:db8::2/64", "bx": "192.0.2.5/30 2001:db8:0:1::5/64"},
        r3={"bx": "192.0.2.6/30 2001:db8:0:1::6/64"},
    )
    area = OspfArea(area=IPv4Address("0.0.0.0"), networks=tuple(map(ip_network, spoken)))
    inside = Ospf(areas=(area,), interfaces=(OspfInterface(name="ax", point_to_point=True),))
    ends: tuple[tuple[str, str, Literal["ipv4", "ipv6"]], ...] = (
        ("192.0.2.5", "192.0.2.6", "ipv4"),
        ("2001:db8:0:1::5", "2001:db8:0:1::6", "ipv6"),
    )

    def bgp(asn: int, peer_asn: int, end: int) -> Bgp:
        peers = tuple(
            BgpPeer(address=ip_address(pair[end]), peer_asn=peer_asn, families=(pair[2],)) for pair in ends
        )
        return Bgp(asn=asn, peers=peers, redistribute=("ospf",))

    return [
        network.node("r1", ospf=inside),
        network.node("r2", ospf=inside, bgp=bgp(64496, 64497, 1)),
        network.node("r3", bgp=bgp(64497, 64496, 0), router_id=ip_address("192.0.2.6")),
    ]


def test_ospf_of_both_versions_reaches_bgp(network: Any, eventually: Callable[..., None]) -> None:
    nodes = chain(network, "192.0.2.0/30", "10.0.0.1/32", "2001:db8::/64", "2001:db8:1::1/128")
    network.apply(nodes)
    network.await_sessions("r2", "r3")
    eventually(lambda: "10.0.0.1 " in network.ip("r3", "route"))
    eventually(lambda: "2001:db8:1::1" in network.ip("r3", "-6", "route"))
    assert network.differences(nodes) == []


def test_ospfv3_alone_reaches_ipv6_alone(network: Any, eventually: Callable[..., None]) -> None:
    nodes = chain(network, "2001:db8::/64", "2001:db8:1::1/128")
    network.apply(nodes)
    network.await_sessions("r2", "r3")
    eventually(lambda: "2001:db8:1::1" in network.ip("r3", "-6", "route"))
    running = network.frr.command("r2", "bgpd", "show running-config")
    assert "redistribute ospf6" in running
    assert "redistribute ospf\n" not in running
    assert network.differences(nodes) == []
