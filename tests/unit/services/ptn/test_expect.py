"""What Ptn says of its ports to those who expect neighbours on them."""

from __future__ import annotations

from pathlib import Path

from nlan.expect.segments import Port
from nlan.schema import load
from nlan.services.ptn.expect import ports

FULL = """\
a: {ptn: {w: {l2vpn: {vni: 7, peers: "${b}", ip: 192.0.2.1/24, mtu: 1400}}}}
b: {ptn: {w: {l2vpn: {vni: 7, peers: ["${a}", "${b}"], ip: 192.0.2.2/24}}}}
"""


def test_each_floods_to_its_peers_and_has_an_mtu_of_its_own() -> None:
    lab = load(Path("x.yaml"), text=FULL).lab
    assert list(ports(lab)) == [
        Port("a", "int_br7", 1400, frozenset({"b"})),
        Port("b", "int_br7", 1500, frozenset({"a", "b"})),
    ]


def test_links_have_no_port_of_that_sort() -> None:
    lab = load(Path("x.yaml"), text="links: [a -- b]\nnetworks: {n: {type: lan, nodes: [a, b]}}\n").lab
    assert list(ports(lab)) == []
