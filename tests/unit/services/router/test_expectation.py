"""What small labs come to: sessions, adjacencies and routes, told by the model alone."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from nlan.engines.frr.model import FrrRaw
from nlan.expect import Session, expectation
from nlan.model import Endpoint, Interface, Lab, Lan, Node
from nlan.schema import load
from nlan.secrets import Secret
from nlan.services.ptn.model import Ptn
from nlan.services.router.model import (
    Bgp,
    BgpPeer,
    Ospf,
    OspfArea,
    OspfInterface,
    Router,
    StaticRoute,
)

replace = msgspec.structs.replace


def peer(address: str, asn: int, **more: object) -> BgpPeer:
    families = ("ipv6",) if ":" in address else ("ipv4",)
    values = {"families": families} | more
    return BgpPeer(address=ip_address(address), peer_asn=asn, **values)  # type: ignore[arg-type]


def node(name: str, *addresses: str, router: Router | None = None) -> Node:
    interfaces = tuple(
        Interface(name=f"eth{n}", addresses=(ip_interface(text),)) for n, text in enumerate(addresses, 1)
    )
    return Node(name=name, interfaces=interfaces, services=(router or Router(),))


def speaker(loopback: str, asn: int, *peers: BgpPeer, **more: object) -> Router:
    bgp = Bgp(asn=asn, peers=peers, redistribute=("connected",))
    return Router(loopbacks=(ip_interface(loopback),), bgp=bgp, **more)  # type: ignore[arg-type]


def ospf(loopback: str, *areas: tuple[int, str], passive: str = "") -> Router:
    described = tuple(OspfArea(area=IPv4Address(n), networks=(ip_network(text),)) for n, text in areas)
    interfaces = (OspfInterface(name=passive, passive=True),) if passive else ()
    spoken = Ospf(areas=described, interfaces=interfaces, redistribute=("connected",))
    return Router(loopbacks=(ip_interface(loopback),), ospf=spoken)


def routes(*nodes: Node) -> dict[str, set[str]]:
    expected = expectation(Lab(name="lab", nodes=nodes))
    return {name: {str(prefix) for prefix in prefixes} for name, prefixes in expected.routes.items()}


def sessions(*nodes: Node) -> list[tuple[str, str]]:
    return [(s.node, s.peer_node) for s in expectation(Lab(name="lab", nodes=nodes)).sessions]


A = node("a", "192.0.2.1/30", router=speaker("10.0.0.1/32", 64501, peer("192.0.2.2", 64502)))
B = node(
    "b",
    "192.0.2.2/30",
    "192.0.2.5/30",
    router=speaker("10.0.0.2/32", 64502, peer("192.0.2.1", 64501), peer("192.0.2.6", 64503)),
)
C = node("c", "192.0.2.6/30", router=speaker("10.0.0.3/32", 64503, peer("192.0.2.5", 64502)))


def test_external_bgp_passes_everything_on() -> None:
    assert routes(A, B, C) == {
        "a": {"10.0.0.2/32", "10.0.0.3/32", "192.0.2.4/30"},
        "b": {"10.0.0.1/32", "10.0.0.3/32"},
        "c": {"10.0.0.1/32", "10.0.0.2/32", "192.0.2.0/30"},
    }
    assert Session("a", "192.0.2.2", "b") in expectation(Lab(name="lab", nodes=(A, B, C))).sessions


def test_a_session_needs_both_ends_and_the_right_numbers() -> None:
    silent = node("b", "192.0.2.2/30", router=speaker("10.0.0.2/32", 64502))
    wrong = node("b", "192.0.2.2/30", router=speaker("10.0.0.2/32", 64502, peer("192.0.2.1", 64999)))
    assert sessions(A, silent) == []
    assert sessions(A, wrong) == []
    assert routes(A, silent) == {}


def test_an_own_as_in_the_path_stops_a_route() -> None:
    c = node("c", "192.0.2.6/30", router=speaker("10.0.0.3/32", 64501, peer("192.0.2.5", 64502)))
    b = node(
        "b",
        "192.0.2.2/30",
        "192.0.2.5/30",
        router=speaker("10.0.0.2/32", 64502, peer("192.0.2.1", 64501), peer("192.0.2.6", 64501)),
    )
    assert routes(A, b, c)["c"] == {"10.0.0.2/32", "192.0.2.0/30"}


def internal(own: str, *others: str, reflects: bool = False) -> Router:
    more = {"route_reflector_client": True} if reflects else {}
    peers = [peer(f"192.0.2.{other}", 64500, **more) for other in others]
    return speaker(f"10.0.0.{own}/32", 64500, *peers)


def test_internal_bgp_is_not_passed_on_without_a_reflector() -> None:
    spokes = [node(name, f"192.0.2.{n}/24", router=internal(n, "9")) for name, n in (("a", "1"), ("b", "2"))]
    hub = node("rr", "192.0.2.9/24", router=internal("9", "1", "2"))
    assert routes(*spokes, hub)["a"] == {"10.0.0.9/32"}


def test_a_reflector_passes_on_with_the_next_hop_kept() -> None:
    spokes = [node(name, f"192.0.2.{n}/24", router=internal(n, "9")) for name, n in (("a", "1"), ("b", "2"))]
    hub = node("rr", "192.0.2.9/24", router=internal("9", "1", "2", reflects=True))
    assert routes(*spokes, hub)["a"] == {"10.0.0.9/32", "10.0.0.2/32"}


def test_gobgp_reflects_and_announces_but_installs_nothing() -> None:
    spokes = [node(name, f"192.0.2.{n}/24", router=internal(n, "9")) for name, n in (("a", "1"), ("b", "2"))]
    inside = internal("9", "1", "2", reflects=True)
    assert inside.bgp is not None
    hub = node(
        "rr", "192.0.2.9/24", router=Router(engine="gobgp", bgp=inside.bgp, loopbacks=inside.loopbacks)
    )
    assert routes(*spokes, hub) == {"a": {"10.0.0.2/32", "10.0.0.9/32"}, "b": {"10.0.0.1/32", "10.0.0.9/32"}}
    named = replace(inside.bgp, redistribute=(), networks=(ip_network("203.0.113.0/24"),))
    hub = hub.having(replace(hub.find(Router), bgp=named))
    assert routes(*spokes, hub)["a"] == {"10.0.0.2/32", "203.0.113.0/24"}


def test_a_next_hop_that_nobody_knows_is_not_used() -> None:
    outside = node("x", "198.51.100.2/30", router=speaker("10.9.9.9/32", 64999, peer("198.51.100.1", 64500)))
    edge_peers = (peer("198.51.100.2", 64999), peer("192.0.2.2", 64500))
    edge = node("a", "192.0.2.1/24", "198.51.100.1/30", router=speaker("10.0.0.1/32", 64500, *edge_peers))
    core = node("b", "192.0.2.2/24", router=speaker("10.0.0.2/32", 64500, peer("192.0.2.1", 64500)))
    assert "10.9.9.9/32" not in routes(outside, edge, core).get("b", set())
    edge_peers = (peer("198.51.100.2", 64999), peer("192.0.2.2", 64500, next_hop_self=True))
    edge = node("a", "192.0.2.1/24", "198.51.100.1/30", router=speaker("10.0.0.1/32", 64500, *edge_peers))
    assert "10.9.9.9/32" in routes(outside, edge, core)["b"]


def test_ospf_spreads_connected_prefixes_through_an_area() -> None:
    a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", (0, "192.0.2.0/24")))
    b = node("b", "192.0.2.2/30", "192.0.2.5/30", router=ospf("10.0.0.2/32", (0, "192.0.2.0/24")))
    c = node("c", "192.0.2.6/30", router=ospf("10.0.0.3/32", (0, "192.0.2.0/24")))
    assert routes(a, b, c)["a"] == {"10.0.0.2/32", "10.0.0.3/32", "192.0.2.4/30"}
    assert expectation(Lab(name="lab", nodes=(a, b, c))).adjacencies[4] == {
        ("a", "eth1"): 1,
        ("b", "eth1"): 1,
        ("b", "eth2"): 1,
        ("c", "eth1"): 1,
    }


def test_on_a_larger_segment_each_has_all_the_others_but_not_those_of_another_one() -> None:
    """The same subnet elsewhere is another segment."""
    nodes = [
        node(f"r{n}", f"192.0.2.{n}/24", router=ospf(f"10.0.0.{n}/32", (0, "192.0.2.0/24")))
        for n in range(1, 6)
    ]
    lans = [("a", ("r1", "r2", "r3")), ("b", ("r4", "r5"))]
    ports = {
        name: tuple(Endpoint(node=member, interface="eth1") for member in members) for name, members in lans
    }
    lab = Lab(name="lab", nodes=tuple(nodes), lans=tuple(Lan(name=n, ports=p) for n, p in ports.items()))
    assert expectation(lab).adjacencies[4] == {
        **{(name, "eth1"): 2 for name in ("r1", "r2", "r3")},
        **{(name, "eth1"): 1 for name in ("r4", "r5")},
    }


def test_ospf_areas_meet_at_the_backbone_only() -> None:
    def line(middle: int) -> dict[str, set[str]]:
        a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", (1, "192.0.2.0/30")))
        b = node(
            "b",
            "192.0.2.2/30",
            "192.0.2.5/30",
            router=ospf("10.0.0.2/32", (1, "192.0.2.0/30"), (middle, "192.0.2.4/30")),
        )
        c = node("c", "192.0.2.6/30", router=ospf("10.0.0.3/32", (middle, "192.0.2.4/30")))
        return routes(a, b, c)

    assert "10.0.0.3/32" in line(0)["a"]
    assert "10.0.0.3/32" not in line(2).get("a", set())


def test_a_passive_interface_makes_no_neighbour() -> None:
    a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", (0, "192.0.2.0/24"), passive="eth1"))
    b = node("b", "192.0.2.2/30", router=ospf("10.0.0.2/32", (0, "192.0.2.0/24")))
    assert routes(a, b) == {}


def test_raw_configuration_may_filter_so_no_routes_are_promised() -> None:
    raw = Router(loopbacks=C.get(Router).loopbacks, bgp=C.get(Router).bgp, raw=FrrRaw(text="!"))  # type: ignore[union-attr]
    expected = expectation(Lab(name="lab", nodes=(A, B, node("c", "192.0.2.6/30", router=raw))))
    assert not expected.exact
    assert expected.routes == {}
    assert len(expected.sessions) == 4


def test_a_password_on_one_side_only_makes_no_session() -> None:
    b = node(
        "b",
        "192.0.2.2/30",
        router=speaker("10.0.0.2/32", 64502, peer("192.0.2.1", 64501, password=Secret("x"))),
    )
    assert sessions(A, b) == []


def test_external_peers_that_are_not_connected_need_multihop() -> None:
    far = {"ebgp_multihop": 4}
    a = node("a", "192.0.2.1/30", router=speaker("10.0.0.1/32", 64501, peer("192.0.2.6", 64503)))
    c = node("c", "192.0.2.6/30", router=speaker("10.0.0.3/32", 64503, peer("192.0.2.1", 64501, **far)))
    assert sessions(a, c) == []


def test_each_family_of_two_neighbours_has_its_own_session_and_routes() -> None:
    def dual(name: str, number: int, other: int) -> Node:
        peers = (peer(f"192.0.2.{other}", 64500 + other), peer(f"2001:db8::{other}", 64500 + other))
        router = speaker(f"10.0.0.{number}/32", 64500 + number, *peers)
        loopbacks = (*router.loopbacks, ip_interface(f"2001:db8:ff::{number}/128"))
        own = (ip_interface(f"192.0.2.{number}/30"), ip_interface(f"2001:db8::{number}/64"))
        interface = Interface(name="eth1", addresses=own)
        return Node(name=name, interfaces=(interface,), services=(replace(router, loopbacks=loopbacks),))

    a, b = dual("a", 1, 2), dual("b", 2, 1)
    assert sessions(a, b) == [("a", "b"), ("a", "b"), ("b", "a"), ("b", "a")]
    assert routes(a, b)["a"] == {"10.0.0.2/32", "2001:db8:ff::2/128"}


def test_each_of_two_links_has_its_own_password() -> None:
    def twice(number: int, other: int) -> Router:
        first, second = f"192.0.2.{other}", f"192.0.2.{other + 4}"
        asn = 64500 + other
        return speaker(
            f"10.0.0.{number}/32", 64500 + number, peer(first, asn), peer(second, asn, password=Secret("x"))
        )

    a = node("a", "192.0.2.1/30", "192.0.2.5/30", router=twice(1, 2))
    b = node("b", "192.0.2.2/30", "192.0.2.6/30", router=twice(2, 1))
    assert len(sessions(a, b)) == 4


def test_static_routes_lead_to_peers_that_are_not_connected() -> None:
    def led(number: int, other: int, *ways: tuple[str, str]) -> Router:
        said = {"update_source": f"10.0.0.{number}"}
        router = speaker(
            f"10.0.0.{number}/32", 64500, *([peer(f"10.0.0.{other}", 64500, **said)] if other else [])
        )
        statics = (StaticRoute(prefix=ip_network(to), via=ip_address(via)) for to, via in ways)
        return replace(router, routes=tuple(statics))

    a = node("a", "192.0.2.1/30", router=led(1, 3, ("10.0.0.3/32", "192.0.2.2")))
    ways = (("10.0.0.1/32", "192.0.2.1"), ("10.0.0.3/32", "192.0.2.6"))
    b = node("b", "192.0.2.2/30", "192.0.2.5/30", router=led(2, 0, *ways))
    c = node("c", "192.0.2.6/30", router=led(3, 1, ("10.0.0.1/32", "192.0.2.5")))
    assert sessions(a, b, c) == [("a", "c"), ("c", "a")]
    assert routes(a, b, c)["a"] == {"10.0.0.3/32", "192.0.2.4/30"}
    assert sessions(a, b.having(led(2, 0, ways[0])), c) == []


def test_what_a_router_names_is_announced_whether_connected_or_not() -> None:
    assert A.find(Router) is not None
    assert A.get(Router).bgp is not None
    bgp = replace(A.get(Router).bgp, networks=(ip_network("203.0.113.0/24"),), redistribute=())
    a = A.having(replace(A.find(Router), bgp=bgp))
    assert routes(a, B)["b"] == {"203.0.113.0/24"}


@pytest.mark.parametrize(
    "frr",
    [FrrRaw(text="router bgp 64502\n neighbor 192.0.2.1 shutdown"), FrrRaw(text="!", only=True)],
    ids=["shut down", "only"],
)
def test_raw_lines_may_keep_a_session_down(frr: FrrRaw) -> None:
    b = B.having(replace(B.find(Router), raw=frr))
    assert sessions(A, b) == []
    quiet = FrrRaw(text="router bgp 64502\n neighbor 192.0.2.1 route-map x in")
    assert len(sessions(A, B.having(replace(B.find(Router), raw=quiet)))) == 2


def test_raw_lines_may_keep_ospf_neighbours_apart() -> None:
    a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", (0, "192.0.2.0/24")))
    slow = FrrRaw(text="interface eth1\n ip ospf hello-interval 7")
    b = node("b", "192.0.2.2/30", router=replace(ospf("10.0.0.2/32", (0, "192.0.2.0/24")), raw=slow))
    assert not expectation(Lab(name="lab", nodes=(a, b))).adjacencies[4]


def test_the_longest_prefix_tells_the_area() -> None:
    a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", (0, "192.0.2.0/24"), (1, "192.0.2.0/30")))
    b = node("b", "192.0.2.2/30", router=ospf("10.0.0.2/32", (1, "192.0.2.0/30")))
    assert routes(a, b)["a"] == {"10.0.0.2/32"}


def test_ospf_announces_a_loopbacks_address_alone() -> None:
    a = node("a", "192.0.2.1/30", router=ospf("10.0.1.1/24", (0, "192.0.2.0/24"), (0, "10.0.0.0/16")))
    b = node("b", "192.0.2.2/30", router=ospf("10.0.2.1/24", (0, "192.0.2.0/24"), (0, "10.0.0.0/16")))
    assert routes(a, b) == {"a": {"10.0.2.1/32"}, "b": {"10.0.1.1/32"}}


def test_a_part_of_the_backbone_that_is_cut_off_is_not_heard_of_in_the_backbone() -> None:
    lan, edge, core = (0, "10.0.0.0/24"), (1, "192.0.2.0/30"), (0, "192.0.2.4/30")
    a = node("a", "192.0.2.1/30", router=ospf("10.0.0.1/32", lan, edge))
    b = node("b", "192.0.2.2/30", "192.0.2.5/30", router=ospf("10.0.0.2/32", lan, edge, core))
    c = node("c", "192.0.2.6/30", router=ospf("10.0.0.3/32", lan, core))
    assert routes(a, b, c) == {
        "a": {"10.0.0.2/32", "10.0.0.3/32", "192.0.2.4/30"},
        "b": {"10.0.0.3/32"},
        "c": {"10.0.0.2/32", "192.0.2.0/30"},
    }


def test_where_not_all_flood_to_all_nothing_is_said_of_neighbours() -> None:
    """pe2 floods to itself where it should to pe1, as a slip of the pen has it."""
    text = """
    ospf: true
    nodes: {'pe[1-3]': {}}
    networks: {wan: {nodes: ['pe[1-3]'], vni: 7}}
    """
    lab = load(Path("x.yaml"), text=dedent(text), lab="x").lab
    assert set(expectation(lab).adjacencies[4].values()) == {2}
    first, second, third = lab.nodes
    assert first.underlay is not None
    assert second.underlay is not None
    vpn = second.get(Ptn).networks[0].l2vpns[0]
    peers = tuple(second.underlay.ip if p == first.underlay.ip else p for p in vpn.peers)
    network = replace(second.get(Ptn).networks[0], l2vpns=(replace(vpn, peers=peers),))
    deaf = replace(lab, nodes=(first, second.having(Ptn(networks=(network,))), third))
    assert expectation(deaf).adjacencies[4] == {}
