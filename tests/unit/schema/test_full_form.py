"""The full form as it was spelled first: our own files, and older ones where somebody has them beside us."""

from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from nlan.schema import Loaded, load
from nlan.services.ptn.model import Ptn
from nlan.services.router.model import Router
from nlan.services.vhosts.model import Vhosts
from support import FULL_FORM, OLDER

FILES = [*FULL_FORM.glob("*.yaml"), *OLDER]


@pytest.fixture(scope="module")
def bgp() -> Loaded:
    return load(FULL_FORM / "campus-bgp.yaml")


@pytest.fixture(scope="module")
def ospf() -> Loaded:
    return load(FULL_FORM / "campus-ospf.yaml")


def test_underlay_counts_up_in_file_order(bgp: Loaded) -> None:
    found = {node.name: str(node.underlay) for node in bgp.lab.nodes}
    order = ["p1", "p2", "hub", "c1", "c2"]
    assert found == {name: f"10.10.10.{number}/24" for number, name in enumerate(order, 1)}
    assert bgp.lab.underlay is not None
    assert bgp.lab.underlay.mtu == 1550
    assert all(node.attached and node.forwarding for node in bgp.lab.nodes)


def test_services_mean_what_they_meant(bgp: Loaded) -> None:
    assert bgp.lab.name == "campus-bgp"
    p1, hub, c1 = (bgp.lab.node(name) for name in ("p1", "hub", "c1"))
    wan, access = p1.get(Ptn).networks
    assert [(vpn.vni, vpn.vid) for vpn in wan.l2vpns] == [(4001, 201), (4002, 202)]
    assert wan.l2vpns[0].peers == tuple(ip_address(f"10.10.10.{number}") for number in (2, 3))
    assert access.l2vpns[1].addresses == (ip_interface("10.65.12.1/24"),)
    assert p1.find(Router) is not None
    assert p1.get(Router).bgp is not None
    assert [(str(peer.address), peer.peer_asn, peer.next_hop_self) for peer in p1.get(Router).bgp.peers] == [
        ("10.64.1.13", 64500, True),
        ("10.65.11.2", 64501, False),
        ("10.65.12.2", 64502, False),
    ]
    assert hub.find(Router) is not None
    assert hub.get(Router).engine == "gobgp"
    assert hub.get(Router).bgp is not None
    assert all(peer.route_reflector_client for peer in hub.get(Router).bgp.peers)
    assert [[str(host) for host in lan.hosts] for lan in c1.get(Vhosts).lans] == [
        ["198.51.100.2/26", "198.51.100.3/26"],
        ["198.51.100.66/26", "198.51.100.67/26"],
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_peer_that_is_the_node_itself_is_the_one_warning(path: Path) -> None:
    (warning,) = load(path).warnings
    assert warning.severity == "warning"
    assert "2 is its own peer" in warning.message
    assert warning.hint in ("did you mean `${p1}`?", "did you mean `${pe1}`?")


def test_ospf_is_point_to_point_where_a_segment_has_two_ends(ospf: Loaded) -> None:
    router = ospf.lab.node("p1").find(Router)
    assert router is not None
    assert router.ospf is not None
    assert {item.name: item.point_to_point for item in router.ospf.interfaces} == {
        "int_br4001": False,
        "int_br4002": False,
        "int_br4111": True,
        "int_br4112": True,
    }
    assert router.ospf.redistribute == ("connected",)


def test_networks_by_name_and_in_a_list_are_the_same(bgp: Loaded, ospf: Loaded) -> None:
    assert [node.get(Ptn).networks for node in bgp.lab.nodes] == [
        node.get(Ptn).networks for node in ospf.lab.nodes
    ]
