"""Labs of FRR and GoBGP, with OSPF and without: what `up` calls converged moves no more.

ospfd computes external routes up to a second after its SPF run. Until then they are missing, and iBGP's
stand in their place, or lead where the run before led them.
"""

from __future__ import annotations

import time
from socket import AF_INET, AF_INET6

import pytest

from nlan.netlink import codec, wire
from nlan.netlink.channel import open_channel
from nlan.netlink.tables.hops import Hop, hops_of
from nlan.netlink.tables.routes import dump_routes
from nlan.paths import Paths
from nlan.runtimes.netns.runtime import NetnsRuntime
from support import Nlan

LABS = {
    "ring": """
asn: auto
nodes: {"r[1-6]": {}, r3: {engine: gobgp}}
links: [{ring: "r[1-6]"}]
""",
    "reflector": """
asn: 64500
nodes:
  "r[1-4]": {hosts: 1}
  rr: {route_reflector: true, engine: gobgp}
  e1: {asn: 64501, hosts: 1}
  e2: {asn: 64502, hosts: 1}
networks: {core: {nodes: ["r[1-4]", rr]}, spare: {nodes: ["r[1-4]", rr]}}
links: [r1 -- e1, r2 -- e1, r3 -- e2, r4 -- e2]
""",
    "equal-paths": """
asn: auto
nodes: {a: {hosts: 1}, b: {}, c: {}, d: {hosts: 1, bgp: {maximum_paths: 4}}, f: {engine: gobgp}}
links: [a -- b, a -- c, b -- d, c -- d, a -- f, f -- d]
""",
    "dual-stack": """
ipv6: true
nodes:
  "r[1-4]": {asn: 64496, ospf: true}
  ce1: {asn: 64497, hosts: 1}
  ce2: {asn: 64498, hosts: 1}
links: [{ring: "r[1-4]"}, ce1 -- r1, ce1 -- r2, r3 -- ce2, r4 -- ce2, ce1 -- ce2]
""",
    "provider": """
asn: 64500
ospf: true
nodes:
  "p[1-4]": {}
  "pe[1-4]": {hosts: 1}
  ce1: {asn: 64501, ospf: false, hosts: 1}
  ce2: {asn: 64502, ospf: false, hosts: 1}
links:
- "p[1-2] -- p[3-4]"
- {link: p1 -- p2, cost: 100}
- "p[1-2] -- pe[1-2]"
- "p[3-4] -- pe[3-4]"
- "pe[1-2] -- ce1"
- "pe[3-4] -- ce2"
- ce1 -- ce2
""",
}
LATER_S = 1.5
"""More than FRR takes for external routes."""


@pytest.mark.parametrize("name", LABS)
def test_next_hops_stay_as_they_are_when_it_says_converged(nlan: Nlan, name: str) -> None:
    lab, file = nlan.name(), nlan.write(LABS[name])
    answer = nlan("up", file, "--lab", lab, "--json")
    place = NetnsRuntime(Paths(), lab)
    first = {node: _routes(place, node) for node in place.namespaces()}
    assert answer.json["converged"]
    time.sleep(LATER_S)
    later = {node: _routes(place, node) - routes for node, routes in first.items()}
    assert not any(later.values()), later


def _routes(place: NetnsRuntime, node: str) -> set[tuple[str, int, frozenset[Hop]]]:
    """Return prefix, protocol number and next hops of what is in the main table."""
    with open_channel(place, node) as channel:
        routes = [route for family in (AF_INET, AF_INET6) for route in dump_routes(channel, family)]
    return {
        (
            str(route.prefix),
            route.protocol,
            frozenset(hops_of(codec.attributes(route.body, wire.RTMSG.size))),
        )
        for route in routes
        if route.body is not None and not route.prefix.is_link_local
    }
