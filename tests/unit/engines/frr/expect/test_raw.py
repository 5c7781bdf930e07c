"""What raw FRR lines come to: neighbours and sessions on a segment, where both ends agree."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from textwrap import indent

import pytest

from nlan.expect import Expectation, expectation
from nlan.schema import load

R1 = """
interface eth1
 ip address 192.0.2.1/30
interface lo
 ip address 198.51.100.1/32
router ospf
 network 192.0.2.0/30 area 0
 network 198.51.100.0/24 area 0
"""
R2 = """
interface eth1
 ip address 192.0.2.2/30
 ip ospf area 0.0.0.0
interface lo
 ip address 198.51.100.2/32
 ip ospf area 0
router ospf
 passive-interface lo
"""
LINK = "{link: r1 -- r2, addresses: false}"
BOTH = {("r1", "eth1"): 1, ("r2", "eth1"): 1}
B1 = """
interface eth1
 ip address 192.0.2.1/30
router bgp 64496
 neighbor 192.0.2.2 remote-as 64497
"""
B2 = """
interface eth1
 ip address 192.0.2.2/30
router bgp 64497
 neighbor r peer-group
 neighbor r remote-as external
 neighbor 192.0.2.1 peer-group r
"""


def expected(*raw: str) -> Expectation:
    nodes = "".join(f"  r{n}:\n    frr: |\n{indent(text, ' ' * 6)}\n" for n, text in enumerate(raw, 1))
    return expectation(load(Path("x.yaml"), text=f"nodes:\n{nodes}\nlinks: [{LINK}]\n", lab="x").lab)


def ospf(*raw: str) -> dict[tuple[str, str], int]:
    return expected(*raw).adjacencies[4]


def test_neighbours_whose_addresses_stand_in_frrs_lines() -> None:
    found = expected(R1, R2)
    assert found.adjacencies == {4: BOTH, 6: {}}
    assert found.routes == {
        "r1": {ip_network("198.51.100.2/32")},
        "r2": {ip_network("198.51.100.1/32")},
    }
    assert not found.exact


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("area 0.0.0.0", "area 1"),
        ("192.0.2.2/30", "192.0.2.6/30"),
        ("passive-interface lo", "passive-interface default"),
        (" ip ospf area 0.0.0.0\n", " ip ospf area 0.0.0.0\n ip ospf passive\n"),
        (" ip ospf area 0.0.0.0\n", " ip ospf area 0.0.0.0\n ip ospf hello-interval 7\n"),
        (" ip ospf area 0.0.0.0\n", " ip ospf area 0.0.0.0\n ip ospf authentication\n"),
        (" ip ospf area 0.0.0.0\n", " ip ospf area 0.0.0.0\n ip ospf priority 0\n"),
        (" ip ospf area 0.0.0.0\n", " ip ospf area 0.0.0.0\n shutdown\n"),
        (" passive-interface lo\n", " area 0 authentication\n"),
        ("router ospf\n passive-interface lo\n", ""),
        ("router ospf\n", "router ospf 1\n"),
    ],
)
def test_of_ends_that_differ_nothing_is_said(old: str, new: str) -> None:
    assert old in R2
    found = expected(R1, R2.replace(old, new, 1))
    assert (found.adjacencies[4], found.routes) == ({}, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("area 0.0.0.0", "area 0.0.0.0\n ip ospf cost 5\n ip ospf dead-interval 40\n ip ospf priority 7"),
        ("passive-interface lo", "passive-interface default\n no passive-interface eth1"),
    ],
)
def test_what_need_not_be_equal(old: str, new: str) -> None:
    assert ospf(R1, R2.replace(old, new, 1)) == BOTH


def test_what_filters_promises_no_routes() -> None:
    found = expected(R1 + "ip protocol ospf route-map x\n", R2)
    assert (found.adjacencies[4], list(found.routes)) == (BOTH, ["r2"])


@pytest.mark.parametrize(("line", "count"), [("ip ospf cost 7", 2), ("ip ospf hello-interval 7", 0)])
def test_raw_lines_beside_derived_ones(line: str, count: int) -> None:
    raw = f"frr: |\n      interface eth1\n       {line}\n"
    text = f"ospf: true\nnodes:\n  r1:\n    {raw}  r2: {{}}\nlinks: [r1 -- r2]\n"
    found = expectation(load(Path("x.yaml"), text=text, lab="x").lab)
    assert (len(found.adjacencies[4]), len(found.routes)) == (count, count)


def test_ospfv3_needs_an_area_and_an_identifier() -> None:
    text = "interface eth1\n ipv6 ospf6 area 0\nrouter ospf6\n ospf6 router-id 192.0.2.{}\n"
    raw = text.format(1), text.format(2)
    assert expected(*raw).adjacencies == {4: {}, 6: BOTH}
    assert expected(raw[0], raw[0]).adjacencies[6] == {}
    assert expected(raw[0], raw[1].rpartition("\n ")[0]).adjacencies[6] == {}


def test_ospfv3_brings_the_addresses_of_its_interfaces() -> None:
    text = """
interface eth1
 ipv6 address 2001:db8:1::{0}/64
 ipv6 ospf6 area 0
interface lo
 ipv6 address 2001:db8::{0}/128
 ipv6 ospf6 area 0
router ospf6
 ospf6 router-id 192.0.2.{0}
"""
    raw = text.format(1), text.format(2)
    found = {name: {str(prefix) for prefix in routes} for name, routes in expected(*raw).routes.items()}
    assert found == {"r1": {"2001:db8::2/128"}, "r2": {"2001:db8::1/128"}}
    apart = raw[1].replace("eth1\n", "eth1\n ipv6 ospf6 hello-interval 2\n")
    assert expected(raw[0], apart).routes == {}
    assert expected(raw[0] + "ipv6 protocol ospf6 route-map RM\n", raw[1]).routes.keys() == {"r2"}
    hidden = raw[1].replace("/128\n", "/128\n ipv6 ospf6 advertise prefix-list NONE\n")
    assert expected(raw[0], hidden).routes.keys() == {"r2"}


def test_sessions_of_raw_neighbours() -> None:
    assert [(s.node, s.peer, s.peer_node) for s in expected(B1, B2).sessions] == [
        ("r1", "192.0.2.2", "r2"),
        ("r2", "192.0.2.1", "r1"),
    ]


def test_sessions_by_interface() -> None:
    text = "router bgp {0}\n bgp router-id 192.0.2.{1}\n neighbor eth1 interface remote-as external\n"
    found = expected(text.format(64496, 1), text.format(64497, 2))
    assert [(s.node, s.peer) for s in found.sessions] == [("r1", "eth1"), ("r2", "eth1")]
    assert expected(text.format(64496, 1), text.format(64496, 2)).sessions == ()
    assert expected(text.format(64496, 1), text.format(64497, 1)).sessions == ()
    nameless = (text.format(asn, 1).replace(" bgp router-id 192.0.2.1\n", "") for asn in (64496, 64497))
    assert expected(*nameless).sessions == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("router bgp 64497", "router bgp 64498"),
        ("remote-as external", "remote-as internal"),
        ("192.0.2.1 peer-group r", "192.0.2.1 peer-group r\n neighbor 192.0.2.1 shutdown"),
        ("192.0.2.1 peer-group r", "192.0.2.1 peer-group r\n neighbor 192.0.2.1 password x"),
        ("192.0.2.1 peer-group r", "192.0.2.1 peer-group r\n neighbor 192.0.2.1 ttl-security hops 1"),
        ("192.0.2.1 peer-group r", "192.0.2.1 peer-group r\n no bgp default ipv4-unicast"),
        ("router bgp 64497\n", "router bgp 64497\n bgp shutdown\n"),
        ("192.0.2.2/30", "192.0.2.6/30"),
    ],
)
def test_of_peers_that_differ_nothing_is_said(old: str, new: str) -> None:
    assert old in B2
    assert expected(B1, B2.replace(old, new, 1)).sessions == ()


def isis(number: int, *words: str, area: str = "49.0001", type_: str = "level-2-only") -> str:
    return f"""
interface eth1
 ip address 192.0.2.{number}/30
 ip router isis core
{"".join(f" {line}" + chr(10) for line in words)}
interface lo
 ip address 198.51.100.{number}/32
 ip router isis core
router isis core
 net {area}.0000.0000.000{number}.00
 is-type {type_}
"""


def test_isis_neighbours_and_what_they_bring() -> None:
    found = expected(isis(1, "isis metric 7"), isis(2, "isis circuit-type level-1-2"))
    assert found.others == {"IS-IS": BOTH}
    assert found.routes == {
        "r1": {ip_network("198.51.100.2/32")},
        "r2": {ip_network("198.51.100.1/32")},
    }


def test_at_level_1_the_area_counts() -> None:
    one, other = isis(1, type_="level-1"), isis(2, type_="level-1-2")
    assert expected(one, other).others == {"IS-IS": BOTH}
    assert expected(one, other.replace("49.0001", "49.0002")).others == {}
    both = isis(1, type_="level-1-2")
    assert expected(both, other).others == {"IS-IS": BOTH}  # one neighbour at two levels
    assert expected(both, other.replace("49.0001", "49.0002")).others == {"IS-IS": BOTH}


@pytest.mark.parametrize(
    "other",
    [
        isis(2, type_="level-1"),
        isis(2, "isis circuit-type level-1"),
        isis(2, "isis passive"),
        isis(2, "isis password clear x"),
        isis(2, "isis network point-to-point"),
        isis(2, "shutdown"),
        isis(2).replace("192.0.2.2/30", "192.0.2.6/30"),
        isis(2).replace("0002.00", "0001.00"),
        isis(2).replace("ip router isis core", "ip router isis edge"),
        isis(2).replace("ip router", "ipv6 router"),
        isis(2) + " set-overload-bit\n",
        isis(2) + " domain-password clear x\n",
    ],
)
def test_of_isis_ends_that_differ_nothing_is_said(other: str) -> None:
    found = expected(isis(1), other)
    assert (found.others, found.routes) == ({}, {})


def bfd(number: int, *words: str) -> str:
    address = f"interface eth1\n ip address 192.0.2.{number}/30\n"
    return address + f"bfd\n peer 192.0.2.{3 - number}\n" + "".join(f"  {line}\n" for line in words)


def test_bfd_sessions_that_both_ends_ask_for() -> None:
    found = {"BFD": {("r1", "192.0.2.2"): 1, ("r2", "192.0.2.1"): 1}}
    assert expected(bfd(1), bfd(2)).others == found
    assert expected(bfd(1), bfd(2, "passive-mode")).others == found
    by_bgp = B1 + " neighbor 192.0.2.2 bfd\n", B2 + " neighbor r bfd\n"
    assert expected(*by_bgp).others == found
    assert expected(by_bgp[0], B2).others == {}
    assert expected(by_bgp[0], by_bgp[1].replace("64497", "64498")).others == {}
    assert expected(bfd(1, "passive-mode"), bfd(2, "passive-mode")).others == {}
    assert expected(bfd(1), bfd(2, "shutdown")).others == {}
    assert expected(bfd(1), bfd(2, "profile slow")).others == {}
    assert expected(bfd(1), bfd(2).replace("192.0.2.2/30", "192.0.2.6/30")).others == {}
