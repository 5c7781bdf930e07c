"""What is defined twice in a lab is judged by the segment that it is on."""

from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.expect.segments import topology
from nlan.model.segments import Holders
from nlan.schema import Loaded, load
from nlan.services.router.model import Router

UNNUMBERED = """
ospf: true
defaults: {sysctls: {net.ipv4.conf.all.rp_filter: 0}}
nodes: {r1: {loopback: 192.0.2.1/32}, r2: {loopback: 192.0.2.2/32}}
links: [{link: r1 -- r2, ends: {r1: 192.0.2.1/32, r2: 192.0.2.2/32}}]
"""
ANYCAST = """
ospf: true
nodes:
  r1: {loopback: [192.0.2.1/32, 203.0.113.53/32]}
  r2: {loopback: [192.0.2.2/32, 203.0.113.53/32]}
links: [r1 -- r2]
"""
ISLANDS = """
ospf: true
nodes: {r1: {loopback: 192.0.2.1}, r2: , r3: {loopback: 192.0.2.1}, r4: }
links:
- {link: r1 -- r2, prefix: 198.51.100.0/30}
- {link: r3 -- r4, prefix: 198.51.100.0/24}
"""
BORROWED = """
nodes: {r1: {loopback: 198.51.100.1/32}, h1: , h2: }
links:
- {link: r1 -- h1, prefix: 198.51.100.0/24}
- {link: r1 -- h2, ends: {r1: 198.51.100.1/32, h2: 198.51.100.200/32}}
"""


def said(text: str) -> Loaded:
    return load(Path("lab.yaml"), text=text)


@pytest.mark.parametrize("text", [UNNUMBERED, ANYCAST, ISLANDS, BORROWED])
def test_addresses_that_mean_something_each_on_its_segment_are_no_warning(text: str) -> None:
    assert said(text).warnings == ()


def test_unnumbered_ospf_that_the_kernel_drops_is_a_warning() -> None:
    found = said(UNNUMBERED.replace("rp_filter: 0", "rp_filter: 2"))
    assert [warning.hint for warning in found.warnings] == [
        "`sysctls: {net.ipv4.conf.all.rp_filter: 0}` lets it pass"
    ] * 2


def test_prefix_of_two_sites_that_routes_lead_to_is_a_warning() -> None:
    found = said("nodes: {r1: {hosts: {192.0.2.1/24: 1}}, r2: {hosts: {192.0.2.1/24: 1}}}\nlinks: [r1 -- r2]")
    (warning,) = found.warnings
    assert "192.0.2.0/24 of r2 is used on two segments, at r1 too" in warning.message


@pytest.mark.parametrize(
    "text",
    [
        "nodes: [r1, r2]\nlinks: [{link: r1 -- r2, ends: {r1: 192.0.2.1/24, r2: 192.0.2.1/24}}]",
        "nodes: {r1: {hosts: {192.0.2.1/24: 5, 192.0.2.4/24: 5}}}",
        "nodes: {r1: {hosts: {192.0.2.1/24: 1, 192.0.2.1/25: 1}}}",
        "ospf: true\nnodes: {r1: {loopback: 192.0.2.1}, r2: {loopback: 192.0.2.1}}\nlinks: [r1 -- r2]",
    ],
    ids=["one segment", "hosts of one name", "bridges of one name", "router IDs"],
)
def test_what_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        said(text)


def test_a_peer_is_who_holds_the_address_on_a_shared_segment() -> None:
    """Of two nodes with one address, sessions are with the neighbour."""
    loaded = said(
        "nodes: {a: {asn: 64496}, b: {asn: 64497}, c: {asn: 64498}, d: {asn: 64499}}\n"
        "links: [{link: a -- b, prefix: 192.0.2.0/30}, {link: c -- d, prefix: 192.0.2.0/30}]"
    )
    peers = {node.name: node.get(Router).bgp.peers[0] for node in loaded.lab.nodes if node.get(Router).bgp}
    assert {name: (peer.peer_asn, peer.description) for name, peer in peers.items()} == {
        "a": (64497, "b"),
        "b": (64496, "a"),
        "c": (64499, "d"),
        "d": (64498, "c"),
    }
    holders = topology(loaded.lab).holders
    assert [holders.seen_from(name, peer.address) for name, peer in peers.items()] == ["b", "a", "d", "c"]


def test_a_holder_is_sought_near_first() -> None:
    lab = said(ANYCAST.replace("[r1 -- r2]", "[r1 -- r2 -- r3]").replace("nodes:", "nodes:\n  r3:")).lab
    shared, own = (value.ip for value in lab.node("r1").get(Router).loopbacks[::-1])  # type: ignore[union-attr]
    holders = Holders(lab)
    assert holders.seen_from("r1", shared) == "r2"
    assert holders.seen_from("r3", own) == "r1"
    assert holders.any(shared) == "r1"
