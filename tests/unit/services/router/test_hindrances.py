"""What the model means and cannot come up, with the reason; what may come up all the same is not named."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface, ip_network

import msgspec
import pytest

from nlan.engines.frr.model import FrrRaw
from nlan.expect import expectation
from nlan.expect.hindrances import Hindrance, details, summary
from nlan.model import Endpoint, Interface, Lab, Link, Node
from nlan.secrets import Secret
from nlan.services.ptn.model import L2Vpn, Ptn, PtnNetwork
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, Router

replace = msgspec.structs.replace


def peer(address: str, asn: int, **more: object) -> BgpPeer:
    families = ("ipv6",) if ":" in address else ("ipv4",)
    return BgpPeer(address=ip_address(address), peer_asn=asn, families=families, **more)  # type: ignore[arg-type]


def speaker(name: str, address: str, asn: int, *peers: BgpPeer, raw: str = "") -> Node:
    bgp = Bgp(asn=asn, peers=peers, redistribute=("connected",))
    frr = FrrRaw(text=raw) if raw else None
    return _node(name, address, router=Router(bgp=bgp, raw=frr))


def ospf(name: str, address: str, area: int = 0, raw: str = "") -> Node:
    networks = (ip_interface(address).network,)
    areas = (OspfArea(area=IPv4Address(area), networks=networks),)
    return _node(name, address, router=Router(ospf=Ospf(areas=areas), raw=FrrRaw(text=raw) if raw else None))


def _node(name: str, address: str, router: Router) -> Node:
    interface = Interface(name="eth1", addresses=(ip_interface(address),))
    return Node(name=name, interfaces=(interface,), services=(router,))


def found(*nodes: Node) -> tuple[Hindrance, ...]:
    ends = (Endpoint(node=node.name, interface="eth1") for node in nodes[:2])
    link = Link(name="l", a=next(ends), b=next(ends))
    return expectation(Lab(name="lab", nodes=nodes, links=(link,))).hindrances


R1 = speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.2", 64497))
R2 = speaker("r2", "192.0.2.2/30", 64497, peer("192.0.2.1", 64496))
FAR = speaker("r2", "192.0.2.6/30", 64497, peer("192.0.2.1", 64496))
TO_FAR = speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.6", 64497))


@pytest.mark.parametrize(
    ("r1", "r2", "cause", "detail"),
    [
        (
            R1,
            speaker("r2", "192.0.2.2/30", 64497),
            "the peer does not list it",
            "r2 does not list r1 as a peer",
        ),
        (
            R1,
            _node("r2", "192.0.2.2/30", Router()),
            "the peer speaks no BGP",
            "r2, which holds 192.0.2.2, speaks no BGP",
        ),
        (
            speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.2", 64499)),
            R2,
            "the AS differs",
            "r1 takes r2 for AS 64499, and it is AS 64497",
        ),
        (
            speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.2", 64497, password=Secret("x"))),
            R2,
            "the password differs",
            "r1 and r2 have not the same password",
        ),
        (
            TO_FAR,
            FAR,
            "more than one hop",
            "192.0.2.6 of r2 is on no segment of r1, and there is no `ebgp_multihop`",
        ),
        (
            speaker("r1", "192.0.2.1/30", 64497, peer("192.0.2.6", 64497)),
            speaker("r2", "192.0.2.6/30", 64497, peer("192.0.2.1", 64497)),
            "no route to the peer",
            "r1 has no route to 192.0.2.6",
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_session_that_cannot_come_up(r1: Node, r2: Node, cause: str, detail: str) -> None:
    assert found(r1, r2) == (Hindrance("BGP session", cause, "r1", "r2", detail),)


def test_what_comes_up_is_not_named() -> None:
    assert found(R1, R2) == ()
    assert found(ospf("r1", "192.0.2.1/30"), ospf("r2", "192.0.2.2/30")) == ()


def test_raw_lines_may_make_it_right() -> None:
    """They may say anything of BGP; they may bring the route that is missing."""
    raw = speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.2", 64499), raw="router bgp 64499")
    assert found(raw, R2) == ()
    one = speaker("r1", "192.0.2.1/30", 64497, peer("192.0.2.6", 64497), raw="router isis x")
    other = speaker("r2", "192.0.2.6/30", 64497, peer("192.0.2.1", 64497))
    assert found(one, other) == ()
    lines = "interface eth1\n ip ospf area 1"
    assert found(ospf("r1", "192.0.2.1/30", raw=lines), ospf("r2", "192.0.2.2/30", area=1)) == ()


def test_an_adjacency_that_cannot_come_up() -> None:
    (areas,) = found(ospf("r1", "192.0.2.1/30"), ospf("r2", "192.0.2.2/30", area=1))
    detail = "eth1 of r1 is in area 0.0.0.0, eth1 of r2 in 0.0.0.1"
    assert areas == Hindrance("OSPFv2 adjacency", "the areas differ", "r1", "r2", detail)
    (subnets,) = found(ospf("r1", "192.0.2.1/30"), ospf("r2", "192.0.2.5/30"))
    detail = "r1 has 192.0.2.1/30 on eth1, r2 has 192.0.2.5/30: another subnet"
    assert subnets == Hindrance("OSPFv2 adjacency", "the subnets differ", "r1", "r2", detail)


@pytest.mark.parametrize(
    ("line", "cause", "detail"),
    [
        ("ip ospf hello-interval 7", "timers", "a hello interval of 7 s, eth1 of r2 one of 3 s"),
        ("ip ospf dead-interval 7", "timers", "a dead interval of 7 s, eth1 of r2 one of 9 s"),
        ("ip ospf dead-interval 9", "", ""),
        ("ip ospf dead-interval minimal hello-multiplier 4", "", ""),
        ("ip ospf network non-broadcast", "", ""),
    ],
)
def test_timers_of_raw_lines_that_differ(line: str, cause: str, detail: str) -> None:
    raw = f"interface eth1\n {line}\n"
    those = found(ospf("r1", "192.0.2.1/30", raw=raw), ospf("r2", "192.0.2.2/30"))
    assert [(h.cause, h.detail) for h in those] == (
        [(f"the {cause} differ", f"eth1 of r1 has {detail}")] if cause else []
    )


def test_default_timers_against_a_labs() -> None:
    """Who configures all by hand has 10 and 40 s; nobody waits for the routes behind."""
    text = "router ospf\n network 192.0.2.0/30 area 0\n"
    only = _node("r1", "192.0.2.1/30", Router(raw=FrrRaw(text=text, only=True)))
    (timers,) = found(only, ospf("r2", "192.0.2.2/30"))
    assert timers.detail == "eth1 of r1 has a hello interval of 10 s, eth1 of r2 one of 3 s"


def _vpn(number: int, mtu: int, of: int, raw: str = "") -> Node:
    peers = tuple(ip_address(f"198.51.100.{n}") for n in range(1, of + 1) if n != number)
    address = ip_interface(f"192.0.2.{number}/24")
    vpn = L2Vpn(vni=100, peers=peers, addresses=(address,), mtu=mtu)
    areas = (OspfArea(area=IPv4Address(0), networks=(address.network,)),)
    return Node(
        name=f"r{number}",
        underlay=ip_interface(f"198.51.100.{number}/24"),
        services=(
            Ptn(networks=(PtnNetwork(name="a", local=ip_address(f"198.51.100.{number}"), l2vpns=(vpn,)),)),
            Router(ospf=Ospf(areas=areas), raw=FrrRaw(text=raw) if raw else None),
        ),
    )


@pytest.mark.parametrize(
    ("mtus", "raw", "named"),
    [
        ((1500, 1500), "", None),
        ((1400, 1500), "", "int_br100 of r1 has an MTU of 1400 bytes, int_br100 of r2 one of 1500"),
        ((1500, 1500, 1400), "", "int_br100 of r3 has an MTU of 1400 bytes, int_br100 of r1 one of 1500"),
        (
            (1400, 1500),
            "ip ospf cost 7",
            "int_br100 of r1 has an MTU of 1400 bytes, int_br100 of r2 one of 1500",
        ),
        ((1400, 1500), "ip ospf mtu-ignore", None),
    ],
)
def test_mtus_that_differ(mtus: tuple[int, ...], raw: str, named: str | None) -> None:
    """One with the smaller MTU stays in ExStart; nothing is expected of the segment then."""
    raws = [f"interface int_br100\n {raw}\n" if raw else "", *[""] * len(mtus)]
    nodes = tuple(_vpn(n, mtu, len(mtus), raws[n - 1]) for n, mtu in enumerate(mtus, 1))
    found = expectation(Lab(name="lab", nodes=nodes))
    assert [h.detail for h in found.hindrances] == ([named] if named else [])
    assert bool(found.adjacencies[4]) == (len(set(mtus)) == 1)


def test_behind_mtus_that_differ_no_route_is_expected() -> None:
    areas = (OspfArea(area=IPv4Address(0), networks=(ip_network("0.0.0.0/0"),)),)

    def routed(number: int, mtu: int) -> Node:
        loopbacks = (ip_interface(f"203.0.113.{number}/32"),)
        return _vpn(number, mtu, 2).having(Router(ospf=Ospf(areas=areas), loopbacks=loopbacks))

    alike = Lab(name="lab", nodes=(routed(1, 1500), routed(2, 1500)))
    assert expectation(alike).routes["r1"] == {ip_network("203.0.113.2/32")}
    assert expectation(Lab(name="lab", nodes=(routed(1, 1500), routed(2, 1400)))).routes == {}


def test_of_ospfv3_the_subnets_say_nothing() -> None:
    assert found(ospf("r1", "2001:db8:1::1/64"), ospf("r2", "2001:db8:2::1/64")) == ()
    (areas,) = found(ospf("r1", "2001:db8:1::1/64"), ospf("r2", "2001:db8:1::2/64", area=1))
    assert (areas.kind, areas.cause) == ("OSPFv3 adjacency", "the areas differ")


def test_an_unnumbered_end_is_in_no_subnet() -> None:
    assert found(ospf("r1", "192.0.2.1/32"), ospf("r2", "192.0.2.5/32")) == ()


def test_a_session_over_what_another_one_brings_is_not_named() -> None:
    """r1 and r3 are two hops apart, and their subnets are announced between them."""
    middle = (ip_interface("192.0.2.2/30"), ip_interface("192.0.2.5/30"))
    bgp = Bgp(
        asn=64497, peers=(peer("192.0.2.1", 64496), peer("192.0.2.6", 64498)), redistribute=("connected",)
    )
    interfaces = tuple(Interface(name=f"eth{n}", addresses=(a,)) for n, a in enumerate(middle, 1))
    r2 = Node(name="r2", interfaces=interfaces, services=(Router(bgp=bgp),))
    far = {"ebgp_multihop": 2}
    r1 = speaker("r1", "192.0.2.1/30", 64496, peer("192.0.2.2", 64497), peer("192.0.2.6", 64498, **far))
    r3 = speaker("r3", "192.0.2.6/30", 64498, peer("192.0.2.5", 64497), peer("192.0.2.1", 64496, **far))
    assert found(r1, r2, r3) == ()


def test_alike_ones_are_told_once_with_a_count() -> None:
    those = [
        Hindrance("BGP session", "no route to the peer", "r1", f"r{n}", f"r1 has no route to {n}")
        for n in (3, 4, 5)
    ]
    areas = Hindrance("OSPFv2 adjacency", "the areas differ", "r1", "r2", "so it is")
    assert summary([*those, areas]) == (
        "3 BGP sessions and 1 OSPFv2 adjacency cannot come up: no route to the peer, the areas differ"
    )
    assert details([*those, areas]) == [
        "r1 – r3: no BGP session: r1 has no route to 3 (and 2 more like it)",
        "r1 – r2: no OSPFv2 adjacency: so it is",
    ]
