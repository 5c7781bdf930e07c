"""What raw FRR configuration says of a router."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

from nlan.engines.frr.config.facts import facts

BGP = """
router bgp 64496 vrf red
 bgp router-id 192.0.2.1
 bgp confederation identifier 1.10
 neighbor core peer-group
 neighbor core remote-as internal
 neighbor core password secret
 neighbor core update-source lo
 nei 192.0.2.2 peer-group core
 neighbor 192.0.2.3 remote-as 64497
 neighbor 192.0.2.3 ebgp-multihop
 neighbor 192.0.2.3 bfd
 neighbor 192.0.2.3 shutdown
 neighbor eth1 interface remote-as external
 neighbor 2001:db8::2 remote-as 64498
 neighbor 2001:db8::2 local-as 64499
 address-family ipv4
  no neighbor 2001:db8::2 activate
  redistribute connected
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8::2 activate
  network 2001:db8:1::/48
"""


def test_bgp_peers_have_what_their_group_says() -> None:
    raw = facts(BGP)
    peers = {peer.peer: peer for peer in raw.peers}
    assert list(peers) == ["192.0.2.2", "192.0.2.3", "eth1", "2001:db8::2"]
    grouped, external = peers["192.0.2.2"], peers["192.0.2.3"]
    assert (grouped.vrf, grouped.asn, grouped.remote_as, grouped.password) == ("red", 64496, "internal", True)
    assert (grouped.update_source, grouped.families) == ("lo", {"ipv4 unicast"})
    assert (external.ebgp_multihop, external.bfd, external.shutdown) == (255, True, True)
    assert (peers["eth1"].remote_as, peers["eth1"].address) == ("external", None)
    six = peers["2001:db8::2"]
    assert (six.address, six.local_as) == (ip_address("2001:db8::2"), 64499)
    assert six.families == {"ipv6 unicast"}


def test_bgp_instances() -> None:
    instance = facts(BGP).instance("bgp", "red")
    assert instance is not None
    assert (instance.asn, str(instance.router_id)) == (64496, "192.0.2.1")
    assert instance.confederation == 65546
    assert instance.redistribute == ("ipv4 unicast connected",)
    assert instance.networks == ((ip_network("2001:db8:1::/48"), ""),)


def test_no_family_by_default() -> None:
    raw = facts("router bgp 64496\n no bgp default ipv4-unicast\n neighbor 192.0.2.2 remote-as 64497")
    assert raw.peers[0].families == frozenset()


def test_igps_on_interfaces() -> None:
    raw = facts(
        "interface eth1\n ip address 192.0.2.1/24\n ipv6 address 2001:db8::1/64\n ip router isis lab\n"
        " ipv6 router isis lab\n isis passive\n ip ospf area 0.0.0.1\n ip ospf network point-to-point\n"
        "router isis lab\n net 49.0001.0000.0000.0001.00\n is-type level-2-only\n"
        "router ospf\n network 192.0.2.0/24 area 0\n passive-interface default\n no passive-interface eth2\n"
        "router rip\n network eth2\n network 198.51.100.0/24\n"
    )
    eth1 = raw.interfaces["eth1"]
    assert eth1.addresses == (ip_interface("192.0.2.1/24"), ip_interface("2001:db8::1/64"))
    assert eth1.speaks == {"isis", "ospf"}
    assert eth1.versions["isis"] == {4, 6}
    assert (eth1.tags, eth1.areas) == ({"isis": "lab"}, {"ospf": "0.0.0.1"})
    assert (eth1.passive, eth1.point_to_point) == ({"isis"}, {"ospf"})
    isis, ospf, rip = raw.instances
    assert (isis.name, isis.nets, isis.level) == ("lab", ("49.0001.0000.0000.0001.00",), "level-2-only")
    assert ospf.networks == ((ip_network("192.0.2.0/24"), "0"),)
    assert (ospf.passive, ospf.active) == ({"default"}, {"eth2"})
    assert rip.interfaces == (("eth2", ""),)
    assert rip.networks == ((ip_network("198.51.100.0/24"), ""),)
    assert raw.daemons == {"isisd", "ospfd", "ripd", "mgmtd"}


def test_bfd_ldp_and_static_routes() -> None:
    raw = facts(
        "bfd\n peer 192.0.2.2 local-address 192.0.2.1 multihop\n  shutdown\n exit\n"
        " peer 192.0.2.3 interface eth1\n"
        "mpls ldp\n address-family ipv4\n  interface eth1\n"
        "ip route 198.51.100.0 255.255.255.0 192.0.2.2\nip route 203.0.113.0/24 blackhole\n"
        "vrf red\n ipv6 route ::/0 2001:db8::2 eth1\n"
    )
    first, second = raw.bfd
    assert (first.multihop, first.shutdown, str(first.local)) == (True, True, "192.0.2.1")
    assert (second.interface, second.multihop, second.local) == ("eth1", False, None)
    assert raw.ldp == ("eth1",)
    masked, hole, inner = raw.routes
    assert (masked.prefix, masked.via) == (ip_network("198.51.100.0/24"), ip_address("192.0.2.2"))
    assert hole.blackhole
    assert not hole.interface
    assert (inner.vrf, inner.interface, str(inner.via)) == ("red", "eth1", "2001:db8::2")
    assert raw.vrfs == ("red",)


def test_what_is_no_value_says_nothing() -> None:
    raw = facts("interface eth1\n ip address nonsense\nrouter bgp x\n neighbor core peer-group\n")
    assert raw.interfaces["eth1"].addresses == ()
    assert raw.peers == ()
