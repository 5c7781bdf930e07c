"""Each folder of tests/cases/frr-render: a node in, the configuration of its daemons out."""

from __future__ import annotations

import os
from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest

from nlan.engines._routers import router_id
from nlan.engines.frr.capabilities import Capabilities
from nlan.engines.frr.config.tree import canonical, compare, file_text, lines, merge, paths
from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.render import raw as frrtext
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.model import Interface, Node, from_json
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, Router

CASES = Path(__file__).resolve().parents[4] / "cases" / "frr-render"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    node = from_json((CASES / case / "node.json").read_bytes(), Node)
    timers: Any = "standard" if case.startswith("standard") else "lab"
    found = "".join(f"## {d.daemon}\n{file_text(d.config or ())}" for d in frr_daemons(node, timers))
    expected = CASES / case / "expected.conf"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(found)
    assert found == expected.read_text()


def test_the_file_reads_back_as_what_it_was_made_of() -> None:
    for case in CASES.iterdir():
        node = from_json((case / "node.json").read_bytes(), Node)
        for daemon in frr_daemons(node, "lab"):
            change = compare(daemon.config or (), canonical(file_text(daemon.config or ())))
            assert change == ((), ()), (case.name, daemon.daemon)


def node(**router: Any) -> Node:
    return Node(name="r1", services=(Router(**router),))


def test_router_id_is_as_given_else_the_first_address_else_made_of_the_name() -> None:
    loopback = (ip_interface("2001:db8::1/128"), ip_interface("10.0.0.1/32"))
    given = node(loopbacks=loopback, router_id=ip_address("192.0.2.1"))
    assert router_id(given) == IPv4Address("192.0.2.1")
    assert router_id(node(loopbacks=loopback)) == IPv4Address("10.0.0.1")
    link = Interface(name="x", addresses=(ip_interface("192.0.2.9/30"),))
    assert router_id(Node(name="r1", interfaces=(link,), services=(Router(),))) == IPv4Address("192.0.2.9")
    made = router_id(node(loopbacks=loopback[:1]))
    assert made == router_id(node())
    assert made != router_id(Node(name="r2", services=(Router(),)))


def test_the_longest_prefix_gives_an_interface_its_area() -> None:
    areas = tuple(
        OspfArea(area=IPv4Address(n), networks=(ip_network(text),))
        for n, text in ((0, "2001:db8::/32"), (1, "2001:db8:1::/64"))
    )
    interface = Interface(name="eth1", addresses=(ip_interface("2001:db8:1::1/64"),))
    one = Node(name="r1", interfaces=(interface,), services=(Router(ospf=Ospf(areas=areas)),))
    config = {daemon.daemon: daemon.config or () for daemon in frr_daemons(one, "lab")}
    assert " ipv6 ospf6 area 0.0.0.1" in config["ospf6d"]


def test_a_host_has_no_daemons() -> None:
    assert frr_daemons(Node(name="h1"), "lab") == ()


def test_raw_lines_join_the_sections_that_are_derived() -> None:
    peer = BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64497)
    derived = frr_daemons(node(bgp=Bgp(asn=64496, peers=(peer,))), "lab")[2].config or ()
    raw = ("router bgp 64496", " neighbor 192.0.2.2 weight 7", " bgp router-id 10.0.0.9")
    merged = merge(derived, raw)
    assert merged.count("router bgp 64496") == 1
    assert ("router bgp 64496", "neighbor 192.0.2.2 weight 7") in paths(merged)


def test_a_raw_peer_is_known_before_its_families() -> None:
    merged = merge(
        ("router bgp 64496", " address-family ipv4 unicast", "  redistribute connected"),
        (
            "router bgp 64496",
            " neighbor 192.0.2.9 remote-as 64499",
            " address-family ipv4 unicast",
            "  neighbor 192.0.2.9 route-map IN in",
        ),
    )
    assert merged == (
        "router bgp 64496",
        " neighbor 192.0.2.9 remote-as 64499",
        " address-family ipv4 unicast",
        "  redistribute connected",
        "  neighbor 192.0.2.9 route-map IN in",
    )


def split(text: str, running: dict[str, list[str]]) -> dict[str, list[str]]:
    known = {daemon: list(paths(lines_)) for daemon, lines_ in running.items()}
    return {daemon: list(lines(own)) for daemon, own in frrtext.split(text, known).items()}


def test_text_without_indentation_is_read_as_frr_reads_it() -> None:
    flat = """
    router bgp 64496
    neighbor 192.0.2.2 remote-as 64497
    address-family ipv4 unicast
    network 203.0.113.0/24
    exit-address-family
    neighbor 192.0.2.2 weight 5
    ip route 203.0.113.0/24 Null0
    interface x
    ip ospf cost 5
    description this
    """.replace("    ", "")
    found = split(flat, {})
    assert found["bgpd"] == [
        "router bgp 64496",
        " neighbor 192.0.2.2 remote-as 64497",
        " address-family ipv4 unicast",
        "  network 203.0.113.0/24",
        "  neighbor 192.0.2.2 weight 5",
    ]
    assert found["staticd"] == ["ip route 203.0.113.0/24 Null0"]
    assert found["ospfd"] == ["interface x", " ip ospf cost 5"]
    assert found["mgmtd"] == ["interface x", " description this"]


def test_routes_of_a_vrf_stay_in_it() -> None:
    found = split("vrf red\nip route 203.0.113.0/24 192.0.2.1\nexit-vrf\nip route 0.0.0.0/0 192.0.2.1\n", {})
    assert found == {
        "staticd": ["vrf red", " ip route 203.0.113.0/24 192.0.2.1", "ip route 0.0.0.0/0 192.0.2.1"],
    }


def test_policy_goes_to_who_refers_to_it() -> None:
    text = """
ip prefix-list A permit 10.0.0.0/8
ip prefix-list B permit 10.0.0.0/8
ip prefix-list C permit 10.0.0.0/8
route-map M permit 10
 match ip address prefix-list A
ip protocol ospf route-map K
route-map K permit 10
 match ip address prefix-list B
"""
    ospf = ["router ospf", " redistribute connected route-map M"]
    found = split(text, {"ospfd": ospf, "bgpd": []})
    assert found["ospfd"] == [
        "ip prefix-list A seq 5 permit 10.0.0.0/8",
        "route-map M permit 10",
        " match ip address prefix-list A",
    ]
    assert [line for line in found["mgmtd"] if line.startswith(("ip prefix", "route-map"))] == [
        "ip prefix-list B seq 5 permit 10.0.0.0/8",
        "route-map K permit 10",
    ]
    assert found["bgpd"] == ["ip prefix-list C seq 5 permit 10.0.0.0/8"], "nobody refers to it"


def test_the_order_of_a_lists_entries_is_kept_in_numbers() -> None:
    text = """
ip prefix-list P permit 192.0.2.0/24
ip prefix-list P seq 7 deny any
ip prefix-list P permit 198.51.100.0/24
ip prefix-list P permit 192.0.2.0/24
ip prefix-list P description d
access-list 10 permit any
ipv6 access-list P deny 2001:db8::/32
bgp community-list standard C permit 64496:1
bgp large-community-list standard C permit 64496:1:1
bgp as-path access-list A permit ^64497$
bgp as-path access-list A deny .*
"""
    found = split(text, {"bgpd": []})
    assert found["bgpd"] == [
        "ip prefix-list P seq 5 permit 192.0.2.0/24",
        "ip prefix-list P seq 7 deny any",
        "ip prefix-list P seq 12 permit 198.51.100.0/24",
        "ip prefix-list P description d",
        "ipv6 access-list P seq 5 deny 2001:db8::/32",
        "access-list 10 seq 5 permit any",
        "bgp community-list standard C seq 5 permit 64496:1",
        "bgp large-community-list standard C seq 5 permit 64496:1:1",
        "bgp as-path access-list A seq 5 permit ^64497$",
        "bgp as-path access-list A seq 10 deny .*",
    ]


def test_without_mgmtd_zebra_has_what_would_be_its() -> None:
    text = """
vrf red
 ip route 203.0.113.0/24 192.0.2.1
exit-vrf
interface x
 description this
ip protocol rip route-map M
route-map M permit 10
router rip
 redistribute static route-map R
route-map R permit 10
"""
    raw = FrrRaw(text=text)
    older = frr_daemons(node(raw=raw), "lab", capabilities=Capabilities(manager=False))
    found = {daemon.daemon: daemon.config for daemon in older}
    assert found == {
        "zebra": (
            "route-map M permit 10",
            "interface x",
            " description this",
            "ip protocol rip route-map M",
        ),
        "ripd": ("route-map R permit 10", "router rip", " redistribute static route-map R"),
        "staticd": ("vrf red", " ip route 203.0.113.0/24 192.0.2.1"),
    }
