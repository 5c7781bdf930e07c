"""The original state files load unmodified; they lie beside the repository and are skipped where absent."""

from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from nlan.schema import Loaded, load

COMPAT = Path(__file__).parents[4] / "shared" / "compat"


def compat(name: str) -> Loaded:
    path = COMPAT / name
    if not path.exists():
        pytest.skip(f"{path.name}: the original state file is not beside this repository")
    return load(path)


@pytest.fixture(scope="module")
def bgp() -> Loaded:
    return compat("ptn-bgp.yaml")


@pytest.fixture(scope="module")
def ospf() -> Loaded:
    return compat("ptn-ospf.yaml")


def test_underlay_counts_up_in_file_order(bgp: Loaded) -> None:
    order = ["pe1", "pe2", "pe3", "pe4", "rr", "ce1", "ce2", "ce3", "ce4"]
    found = {node.name: str(node.underlay) for node in bgp.lab.nodes}
    assert found == {name: f"10.10.10.{number}/24" for number, name in enumerate(order, 1)}
    assert bgp.lab.underlay is not None
    assert bgp.lab.underlay.mtu == 1550
    assert all(node.attached and node.forwarding for node in bgp.lab.nodes)


def test_bgp_file_as_the_original_read_it(bgp: Loaded) -> None:
    assert bgp.lab.name == "ptn-bgp"
    pe1, rr, ce1 = (bgp.lab.node(name) for name in ("pe1", "rr", "ce1"))
    wan = pe1.ptn[0]
    assert [vpn.vni for vpn in wan.l2vpns] == [1, 2]
    assert wan.l2vpns[0].peers == tuple(ip_address(f"10.10.10.{number}") for number in (2, 3, 4, 5))
    assert wan.l2vpns[0].addresses == (ip_interface("10.200.1.101/24"),)
    assert pe1.router is not None
    assert pe1.router.bgp is not None
    assert [(str(peer.address), peer.peer_asn, peer.next_hop_self) for peer in pe1.router.bgp.peers] == [
        ("10.200.1.105", 100, True),
        ("10.201.11.2", 1001, False),
        ("10.201.12.2", 1002, False),
    ]
    assert rr.router is not None
    assert rr.router.engine == "gobgp"
    assert rr.router.bgp is not None
    assert all(peer.route_reflector_client for peer in rr.router.bgp.peers)
    assert [[str(host) for host in lan.hosts] for lan in ce1.vhosts] == [
        ["172.21.1.2/24", "172.21.1.3/24"],
        ["172.22.1.2/24", "172.22.1.3/24"],
    ]


@pytest.mark.parametrize("name", ["ptn-bgp.yaml", "ptn-ospf.yaml"])
def test_peer_that_is_the_node_itself_is_the_one_warning(name: str) -> None:
    (warning,) = compat(name).warnings
    assert warning.severity == "warning"
    assert "pe2 is its own peer" in warning.message
    assert warning.hint == "did you mean `${pe1}`?"


def test_ospf_file_is_point_to_point_where_a_segment_has_two_ends(ospf: Loaded) -> None:
    router = ospf.lab.node("pe1").router
    assert router is not None
    assert router.ospf is not None
    assert {item.name: item.point_to_point for item in router.ospf.interfaces} == {
        "int_br1": False,
        "int_br2": False,
        "int_br111": True,
        "int_br112": True,
    }
    assert router.ospf.redistribute == ("connected",)


def test_both_files_have_the_same_tunnels(bgp: Loaded, ospf: Loaded) -> None:
    assert [[p.name for p in n.ptn] for n in bgp.lab.nodes] == [
        [p.name for p in n.ptn] for n in ospf.lab.nodes
    ]
