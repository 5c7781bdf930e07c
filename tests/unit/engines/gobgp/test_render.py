"""A router whose engine is GoBGP: one daemon with its peers, what it announces, whom it waits for."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from typing import Any

import msgspec
import pytest

from nlan.engines.frr.model import FrrRaw
from nlan.engines.gobgp.render import dialled_by, gobgp_daemons, local_paths
from nlan.engines.gobgp.resource import GobgpDaemon
from nlan.expand import expand
from nlan.kinds.route import Route
from nlan.model import Interface, Lab, Node
from nlan.services.router.model import Bgp, BgpPeer, Router, StaticRoute

replace = msgspec.structs.replace
PEERS = (
    BgpPeer(address=ip_address("2001:db8::1"), peer_asn=64496, families=("ipv6",)),
    BgpPeer(address=ip_address("192.0.2.9"), peer_asn=64496, keepalive_s=1, hold_time_s=4),
    BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64496, route_reflector_client=True),
)
NODE = Node(
    name="rr",
    services=(
        Router(loopbacks=(ip_interface("10.0.0.9/32"),), engine="gobgp", bgp=Bgp(asn=64496, peers=PEERS)),
    ),
)


def peer(address: str, asn: int = 64496, **more: Any) -> BgpPeer:
    return BgpPeer(address=ip_address(address), peer_asn=asn, **more)


def reflector(*peers: BgpPeer, routes: tuple[StaticRoute, ...] = (), **bgp: Any) -> Node:
    links = (
        Interface(name="x1", addresses=tuple(map(ip_interface, ("192.0.2.1/30", "2001:db8::2/64")))),
        Interface(name="x2", addresses=(ip_interface("192.0.2.5/30"),)),
    )
    loopbacks = tuple(map(ip_interface, ("10.0.0.9/32", "2001:db8:f::9/128")))
    router = Router(
        loopbacks=loopbacks, engine="gobgp", bgp=Bgp(asn=64496, peers=peers, **bgp), routes=routes
    )
    return Node(name="rr", interfaces=links, services=(router,))


def client(name: str, own: str, *peers: BgpPeer, **router: Any) -> Node:
    link = Interface(name="x1", addresses=(ip_interface(own),))
    return Node(
        name=name, interfaces=(link,), services=(Router(**{"bgp": Bgp(asn=64496, peers=peers), **router}),)
    )


def daemon(node: Node, timers: Any = "lab") -> GobgpDaemon:
    (found,) = gobgp_daemons(node, timers)
    return found


def test_peers_are_sorted_and_keep_timers_of_their_own() -> None:
    found = daemon(NODE)
    assert (found.asn, found.router_id) == (64496, IPv4Address("10.0.0.9"))
    assert [(str(p.address), p.keepalive_s, p.hold_time_s) for p in found.peers] == [
        ("192.0.2.2", 3, 9),
        ("192.0.2.9", 1, 4),
        ("2001:db8::1", 3, 9),
    ]


def test_standard_timers_are_the_daemons_own() -> None:
    assert daemon(NODE, "standard").peers[0].hold_time_s is None


@pytest.mark.parametrize(
    ("said", "timers", "meant"),
    [
        ({"keepalive_s": 2}, "lab", (2, 9)),
        ({"keepalive_s": 10}, "lab", (10, 30)),
        ({"hold_time_s": 30}, "lab", (10, 30)),
        ({"keepalive_s": 2}, "standard", (2, 90)),
        ({"hold_time_s": 30}, "standard", (10, 30)),
    ],
)
def test_one_timer_tells_the_other(said: dict[str, int], timers: str, meant: tuple[int, int]) -> None:
    (found,) = daemon(reflector(peer("192.0.2.2", **said)), timers).peers
    assert (found.keepalive_s, found.hold_time_s) == meant


def test_without_bgp_there_is_no_daemon() -> None:
    assert gobgp_daemons(Node(name="rr", services=(Router(engine="gobgp"),)), "lab") == ()
    assert local_paths(Node(name="rr", services=(Router(engine="gobgp"),))) == ()


def test_an_interface_to_speak_from_is_its_address() -> None:
    sources = {"lo": ("192.0.2.2", "2001:db8::1"), "x2": ("192.0.2.6",), "192.0.2.1": ("192.0.2.3",)}
    peers = [peer(a, update_source=source) for source, those in sources.items() for a in those]
    found = {str(p.address): p.update_source for p in daemon(reflector(*peers)).peers}
    assert found == {
        "192.0.2.2": "10.0.0.9",
        "2001:db8::1": "2001:db8:f::9",
        "192.0.2.6": "192.0.2.5",
        "192.0.2.3": "192.0.2.1",
    }


def test_to_external_peers_it_is_the_next_hop_anyway() -> None:
    found = daemon(
        reflector(peer("192.0.2.2", next_hop_self=True), peer("192.0.2.6", 64497, next_hop_self=True))
    )
    assert [p.next_hop_self for p in found.peers] == [True, False]


def announced(node: Node) -> list[str]:
    return [f"{path.prefix} {path.origin}" for path in daemon(node).paths]


ROUTE = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
NETWORKS = tuple(map(ip_network, ("198.51.100.0/24", "10.0.0.9/32", "2001:db8:99::/48")))


def test_what_is_announced() -> None:
    four = peer("192.0.2.2")
    assert announced(reflector(four)) == []
    assert announced(reflector(four, networks=NETWORKS)) == [
        "10.0.0.9/32 igp",
        "198.51.100.0/24 igp",
        "2001:db8:99::/48 igp",
    ]
    assert announced(reflector(four, networks=NETWORKS[1:2], redistribute=("connected",))) == [
        "10.0.0.9/32 igp",
        "192.0.2.0/30 incomplete",
        "192.0.2.4/30 incomplete",
    ]
    assert announced(reflector(four, routes=(ROUTE,), redistribute=("static",))) == [
        "203.0.113.0/24 incomplete"
    ]


def test_what_is_redistributed_follows_the_families_of_the_peers() -> None:
    both = (peer("192.0.2.2"), peer("2001:db8::1", families=("ipv6",)))
    six = [prefix for prefix in announced(reflector(*both, redistribute=("connected",))) if ":" in prefix]
    assert six == ["2001:db8::/64 incomplete", "2001:db8:f::9/128 incomplete"]
    assert len(announced(reflector(redistribute=("connected",)))) == 3


def test_static_routes_are_the_kernels() -> None:
    six = StaticRoute(prefix=ip_network("::/0"), via=ip_address("2001:db8::1"))
    lab = Lab(name="x", nodes=(reflector(peer("192.0.2.2"), routes=(ROUTE, six)),))
    found = {str(r.prefix): (str(r.via), r.interface) for r in expand(lab).values() if isinstance(r, Route)}
    assert found == {"203.0.113.0/24": ("192.0.2.2", "x1"), "::/0": ("2001:db8::1", "x1")}


DIALS = client("c1", "192.0.2.2/30", peer("192.0.2.1"))


def waits(other: Node, timers: Any = "lab") -> list[str]:
    node = reflector(peer("192.0.2.2"), peer("192.0.2.6"))
    return list(map(str, dialled_by(node, Lab(name="x", nodes=(node, other), timers=timers))))


def test_a_peer_that_dials_is_waited_for() -> None:
    assert waits(DIALS) == ["192.0.2.2"]
    node = reflector(peer("192.0.2.2"), peer("192.0.2.6"))
    resources = expand(Lab(name="x", nodes=(node, DIALS))).values()
    (found,) = (r for r in resources if isinstance(r, GobgpDaemon))
    assert list(map(str, found.listens)) == ["192.0.2.2"]


@pytest.mark.parametrize(
    "other",
    [
        Node(name="c1"),
        client("c1", "192.0.2.2/30", peer("192.0.2.99")),
        client("c1", "192.0.2.10/30", peer("192.0.2.1")),
        client("c1", "192.0.2.2/30", peer("192.0.2.1"), engine="gobgp"),
        client("c1", "192.0.2.2/30", peer("192.0.2.1"), raw=FrrRaw(text="", only=True)),
        client("c1", "192.0.2.2/30", peer("192.0.2.1"), raw=FrrRaw(text="neighbor 192.0.2.1 passive")),
        client("c1", "192.0.2.2/30", bgp=None),
    ],
    ids=["a host", "not listed", "another address", "an earlier gobgp", "raw alone", "raw passive", "no bgp"],
)
def test_a_peer_that_may_not_dial_is_dialled(other: Node) -> None:
    assert waits(other) == []


def test_of_two_gobgp_the_first_by_name_waits() -> None:
    later = client("z1", "192.0.2.2/30", peer("192.0.2.1"), engine="gobgp")
    assert waits(later) == ["192.0.2.2"]
    node = reflector(peer("192.0.2.2"))
    assert dialled_by(later, Lab(name="x", nodes=(node, later))) == frozenset()


def test_with_standard_timers_nobody_is_waited_for() -> None:
    assert waits(DIALS, "standard") == []
