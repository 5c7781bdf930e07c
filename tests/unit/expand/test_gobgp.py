"""A router whose engine is GoBGP: one daemon, its peers sorted and with a lab's timers."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface

from nlan.expand.gobgp import gobgp_daemons
from nlan.model import Bgp, BgpPeer, Node, Router

PEERS = (
    BgpPeer(address=ip_address("2001:db8::1"), peer_asn=64496, families=("ipv6",)),
    BgpPeer(address=ip_address("192.0.2.9"), peer_asn=64496, keepalive_s=1, hold_time_s=4),
    BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64496, route_reflector_client=True),
)
NODE = Node(
    name="rr",
    router=Router(loopbacks=(ip_interface("10.0.0.9/32"),), engine="gobgp", bgp=Bgp(asn=64496, peers=PEERS)),
)


def test_peers_are_sorted_and_keep_timers_of_their_own() -> None:
    (daemon,) = gobgp_daemons(NODE, "lab")
    assert (daemon.asn, daemon.router_id) == (64496, IPv4Address("10.0.0.9"))
    assert [(str(p.address), p.keepalive_s, p.hold_time_s) for p in daemon.peers] == [
        ("192.0.2.2", 3, 9),
        ("192.0.2.9", 1, 4),
        ("2001:db8::1", 3, 9),
    ]


def test_standard_timers_are_the_daemons_own() -> None:
    (daemon,) = gobgp_daemons(NODE, "standard")
    assert daemon.peers[0].hold_time_s is None


def test_without_bgp_there_is_no_daemon() -> None:
    assert gobgp_daemons(Node(name="rr", router=Router(engine="gobgp")), "lab") == ()
