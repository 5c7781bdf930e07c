"""What small labs of two and three routers come to, and what is changed in them, with real daemons."""

from __future__ import annotations

import pytest

from support import Nlan

PAIR = """
nodes: {{r1: {{asn: 64496}}, r2: {{asn: 64497, engine: {engine}}}}}
links:
- {{nodes: [r1, r2], ends: {{r1: {ends[0]}, r2: {ends[1]}}}}}
"""
AREAS = """
ospf: true
nodes: {r1: {hosts: 1}, r2: , r3: {hosts: 1}}
links:
- {link: r1 -- r2, ospf: 1}
- r2 -- r3
"""
STATIC = """
nodes:
  r1: {asn: 64496, loopback: 10.0.0.1/32, hosts: 1, routes: {10.0.0.2/32: r2}, bgp: {derive: false, peers: [
    {peer: 10.0.0.2, update_source: lo, ebgp_multihop: 2}]}}
  r2: {asn: 64497, loopback: 10.0.0.2/32, hosts: 1, routes: {10.0.0.1/32: r1}, bgp: {derive: false, peers: [
    {peer: 10.0.0.1, update_source: lo, ebgp_multihop: 2}]}}
links: [r1 -- r2]
"""
ROUTES = """
nodes:
  r1: {hosts: 1, routes: {0.0.0.0/0: r2}}
  r2: {routes: {172.21.1.0/24: r1, 172.21.2.0/24: r3}}
  r3: {hosts: 1, routes: {0.0.0.0/0: r2}}
links: [r1 -- r2 -- r3]
"""
BORDER = """
nodes:
  r1: {asn: 64496, ospf: true, hosts: 1}
  r2: {ospf: true, hosts: 1}
  r3: {ospf: true, hosts: {192.0.2.1/24: 0}}
links: [r1 -- r2 -- r3]
"""
UNNUMBERED = """
ospf: true
defaults: {sysctls: {net.ipv4.conf.all.rp_filter: 0}}
nodes: {r1: {loopback: 192.0.2.1, hosts: 1}, r2: {loopback: 192.0.2.2}, r3: {loopback: 192.0.2.3, hosts: 1}}
links:
- {link: r1 -- r2, ends: {r1: 192.0.2.1/32, r2: 192.0.2.2/32}}
- {link: r2 -- r3, ends: {r2: 192.0.2.2/32, r3: 192.0.2.3/32}}
"""
FAMILIES = """
ipv6: true
ipv4: false
nodes:
  r1:
    asn: 64496
    router_id: 192.0.2.1
    hosts: {172.21.1.1/24: 1}
    bgp: {peers: {r2: &both {families: [ipv4, ipv6]}}}
  r2: {asn: 64497, router_id: 192.0.2.2, hosts: {172.21.2.1/24: 1}, bgp: {peers: {r1: *both}}}
links: [r1 -- r2]
"""
VPLS = """
nodes: ["pe[1-3]"]
networks:
  office: {addresses: false, prefix: 192.0.2.0/24, nodes: {"pe[1-3]": {hosts: 2}}}
"""
REACHING = {
    "vpls": VPLS,
    "areas": AREAS,
    "static": STATIC,
    "routes": ROUTES,
    "border": BORDER,
    "unnumbered": UNNUMBERED,
    "families": FAMILIES,
}


@pytest.mark.parametrize("engine", ["frr", "gobgp"])
def test_two_routers_swap_their_addresses(nlan: Nlan, engine: str) -> None:
    """r1 and r2, whichever speaks for r2, peer again by the other's former address."""
    ends = ["192.0.2.1/30", "192.0.2.2/30"]
    for said in (ends, ends[::-1], ends):
        file = nlan.write(PAIR.format(engine=engine, ends=said))
        nlan("up", file, "--lab", nlan.name())
        assert nlan.operations(file, "--lab", nlan.name()) == []


@pytest.mark.parametrize("text", REACHING.values(), ids=list(REACHING))
def test_hosts_reach_each_other_as_soon_as_the_lab_has_converged(nlan: Nlan, text: str) -> None:
    """The hosts at the two ends reach each other: through two areas; by a session over static routes;
    by static routes; from a router with an AS to one without; through unnumbered links; by IPv6 next hops;
    on an L2VPN whose ends do not route."""
    nlan("up", nlan.write(text), "--lab", nlan.name())
    nlan("ping", "--all", "-l", nlan.name())


def test_a_lan_without_hosts_is_announced(nlan: Nlan) -> None:
    """r1 knows the way to r3's LAN, on which nobody is."""
    nlan("up", nlan.write(BORDER), "--lab", nlan.name())
    assert "192.0.2.0/24" in nlan("exec", "r1", "-l", nlan.name(), "--", "ip", "route").out


def test_ipv6_may_go_and_come_back(nlan: Nlan) -> None:
    """r1 learns r2's loopback of IPv6 again after both lost the family and r2 its OSPFv3."""
    text = """
        ipv6: {ipv6}
        nodes: {{r1: {{asn: 64496}}, r2: {{asn: 64497, ospf: true}}}}
        links: [r1 -- r2]
    """
    for ipv6 in ("true", "false", "true"):
        nlan("up", nlan.write(text.format(ipv6=ipv6)), "--lab", nlan.name(), "--timeout", "20")
