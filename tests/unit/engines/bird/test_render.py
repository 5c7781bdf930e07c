"""Each folder of tests/cases/bird-render: a node in, bird.conf out."""

from __future__ import annotations

import os
import subprocess
from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest

from nlan.engines.bird.config import Statement, text
from nlan.engines.bird.programs import find_program
from nlan.engines.bird.render import statements
from nlan.model import Interface, Node, from_json
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, Router, StaticRoute

CASES = Path(__file__).resolve().parents[3] / "cases" / "bird-render"
IDENTIFIER = IPv4Address("10.0.0.1")


def rendered(case: str) -> str:
    node = from_json((CASES / case / "node.json").read_bytes(), Node)
    timers: Any = "standard" if case.startswith("standard") else "lab"
    return text(statements(node, node.get(Router), IDENTIFIER, timers))


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    found, expected = rendered(case), CASES / case / "expected.conf"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.skipif(find_program("bird") is None, reason="BIRD is not installed")
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_bird_takes_it(case: str, tmp_path: Path) -> None:
    path = tmp_path / "bird.conf"
    path.write_text(rendered(case))
    done = subprocess.run(
        [find_program("bird") or "", "-p", "-c", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


ETH1 = Interface(name="eth1", addresses=(ip_interface("192.0.2.1/30"), ip_interface("2001:db8:1::1/64")))


def named(**router: Any) -> dict[str, Statement]:
    node = Node(name="r1", interfaces=(ETH1,), services=(Router(**router),))
    return {s.name: s for s in statements(node, node.get(Router), IDENTIFIER, "lab")}


def test_several_next_hops_of_a_prefix_share_its_traffic() -> None:
    prefix = ip_network("203.0.113.0/24")
    routes = tuple(StaticRoute(prefix=prefix, via=ip_address(f"192.0.2.{n}")) for n in (2, 3))
    assert "\troute 203.0.113.0/24 via 192.0.2.2 via 192.0.2.3;" in named(routes=routes)["static4"].lines


def test_a_next_hop_behind_another_router_is_looked_up() -> None:
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("10.9.9.9"))
    assert "\troute 203.0.113.0/24 recursive 10.9.9.9;" in named(routes=(route,))["static4"].lines


def test_a_password_stands_in_the_file_and_in_no_line() -> None:
    from nlan.secrets import Secret

    peer = BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64497, password=Secret("hush"))
    session = named(bgp=Bgp(asn=64496, peers=(peer,)))["ebgp_192_0_2_2"]
    assert '\tpassword "hush";' in session.text()
    assert "hush" not in "".join((*session.lines, *session.shown()))
    assert session.peer == "192.0.2.2"


def test_ipv4_is_announced_by_ipv6_next_hops_over_an_ipv6_session() -> None:
    peer = BgpPeer(address=ip_address("2001:db8:1::2"), peer_asn=64496, families=("ipv4", "ipv6"))
    lines = named(bgp=Bgp(asn=64496, peers=(peer,)))["ibgp_2001_db8_1__2"].lines
    assert "\t\textended next hop on;" in lines
    assert lines.count("\t\tigp table master6;") == 2, "the next hops of both families are looked up there"


def test_the_longest_prefix_gives_an_interface_its_area() -> None:
    areas = tuple(
        OspfArea(area=IPv4Address(n), networks=(ip_network(prefix),))
        for n, prefix in ((0, "2001:db8::/32"), (1, "2001:db8:1::/64"))
    )
    lines = named(ospf=Ospf(areas=areas))["ospf6"].lines
    assert "\tarea 0.0.0.1 {" in lines
    assert "\tarea 0.0.0.0 {" not in lines


def test_one_path_at_most_is_not_merged() -> None:
    peer = BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64497)
    kernel = named(bgp=Bgp(asn=64496, peers=(peer,), maximum_paths=1))["kernel4"]
    assert "\tmerge paths off;" in kernel.lines
