"""What becomes of sessions, adjacencies and routes when one configuration follows another."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface, ip_network
from typing import Any

import msgspec

from nlan.engines.base import SILENT
from nlan.engines.bird.config import Change, compare
from nlan.engines.bird.render import statements
from nlan.engines.bird.resource import BirdDaemon
from nlan.model import Interface, Node
from nlan.secrets import Secret
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface, Router, StaticRoute

IDENTIFIER = ip_address("10.0.0.1")
ONE = BgpPeer(address=ip_address("192.0.2.2"), peer_asn=64496)
TWO = BgpPeer(address=ip_address("192.0.2.6"), peer_asn=64497)
ROUTE = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
INTERFACES = tuple(
    Interface(name=name, addresses=(ip_interface(f"192.0.2.{n}/30"),))
    for name, n in (("eth1", 1), ("eth2", 5))
)


def daemon(identifier: Any = IDENTIFIER, **router: Any) -> BirdDaemon:
    node = Node(name="r1", interfaces=INTERFACES, services=(Router(**router),))
    return BirdDaemon(namespace="r1", statements=statements(node, node.get(Router), identifier, "lab"))


def bgp(*peers: BgpPeer, **more: Any) -> dict[str, Any]:
    return {"bgp": Bgp(asn=64496, peers=peers, **more)}


def ospf(*interfaces: OspfInterface, areas: int = 1, **more: Any) -> dict[str, Any]:
    prefixes = ("192.0.2.0/30", "192.0.2.4/30")
    found = tuple(
        OspfArea(area=IPv4Address(n % areas), networks=(ip_network(prefix),))
        for n, prefix in enumerate(prefixes)
    )
    return {"ospf": Ospf(areas=found, interfaces=interfaces, **more)}


def change(before: dict[str, Any], after: dict[str, Any]) -> Change:
    return compare(daemon(**after).statements, daemon(**before).statements)


def test_equal_ones_differ_in_nothing() -> None:
    assert not change(bgp(ONE, TWO), bgp(ONE, TWO))


def test_one_more_peer_resets_nobody() -> None:
    found = change(bgp(ONE), bgp(ONE, TWO))
    assert found.added == ("ebgp_192_0_2_6",)
    assert found.effects() == ()


def test_a_peer_that_goes_is_all_that_resets() -> None:
    assert change(bgp(ONE, TWO), bgp(ONE)).effects() == ("192.0.2.6 (removed)",)


def test_what_is_announced_changes_while_sessions_stay() -> None:
    more = bgp(ONE, TWO, networks=(ip_network("198.51.100.0/24"),), redistribute=("connected",))
    assert change(bgp(ONE, TWO), more).effects() == ()
    near = msgspec.structs.replace(ONE, next_hop_self=True, description="the other")
    assert change(bgp(ONE, TWO), bgp(near, TWO)).effects() == ()


def test_what_a_session_is_made_of_resets_it() -> None:
    for values in (
        {"password": Secret("hush")},
        {"hold_time_s": 30},
        {"route_reflector_client": True},
        {"families": ("ipv4", "ipv6")},
        {"update_source": "eth1"},
    ):
        other = msgspec.structs.replace(ONE, **values)
        found = change(bgp(ONE, TWO), bgp(other, TWO))
        assert found.effects() == ("192.0.2.2 (changed)",), values


def test_another_password_is_told_without_it() -> None:
    old, new = (msgspec.structs.replace(ONE, password=Secret(key)) for key in ("hush", "quiet"))
    found = change(bgp(old), bgp(new))
    assert found.effects() == ("192.0.2.2 (changed)",)
    assert found.details() == ("+ ibgp_192_0_2_2: password <secret>;",)


def test_another_router_id_resets_all() -> None:
    other = compare(daemon(ip_address("10.0.0.9"), **bgp(ONE)).statements, daemon(**bgp(ONE)).statements)
    assert other.effects() == ("all sessions (router id)",)


def test_another_cost_keeps_adjacencies() -> None:
    one = OspfInterface(name="eth1", point_to_point=True)
    dear = msgspec.structs.replace(one, cost=50)
    assert change(ospf(one), ospf(dear)).effects() == ()
    assert change(ospf(one), ospf(one, redistribute=("connected",))).effects() == ()


def test_another_type_of_an_interface_restarts_ospf() -> None:
    one = OspfInterface(name="eth1", point_to_point=True)
    wide = msgspec.structs.replace(one, point_to_point=False)
    assert change(ospf(one), ospf(wide)).effects() == ("all adjacencies (eth1 changes its type)",)


def test_a_second_area_restarts_ospf() -> None:
    assert change(ospf(), ospf(areas=2)).effects() == ("all adjacencies (an area border router now)",)
    assert change(ospf(areas=2), ospf()).effects() == ("all adjacencies (no area border router any more)",)


def test_an_interface_that_leaves_ospf_loses_its_adjacencies_alone() -> None:
    whole = ospf()
    area = whole["ospf"].areas[0]
    less = {"ospf": Ospf(areas=(area,))}
    assert change(whole, less).effects() == ("adjacencies on eth2",)


def test_a_static_route_that_goes_is_an_outage_for_who_uses_it() -> None:
    found = daemon().difference(daemon(routes=(ROUTE,)))
    assert found is not None
    assert found.impact == "outage"
    assert "no static route to 203.0.113.0/24" in found.reason
    added = daemon(routes=(ROUTE,)).difference(daemon())
    assert added is not None
    assert added.impact == "hitless"


def test_another_number_of_paths_installs_all_routes_anew() -> None:
    found = daemon(**bgp(ONE, maximum_paths=1)).difference(daemon(**bgp(ONE)))
    assert found is not None
    assert found.impact == "outage"
    assert "installs all routes anew (kernel4)" in found.reason


def test_the_daemon_claims_what_it_holds() -> None:
    one = daemon(**bgp(ONE, TWO))
    assert one.claims() == (("port", "r1", "179"),)
    assert one.excludes() == (("address", "r1", "192.0.2.2"), ("address", "r1", "192.0.2.6"))
    assert daemon(**ospf()).claims() == ()
    assert daemon(**ospf()).ospf == {"ospf4": 2}


def test_what_somebody_did_to_it_is_repaired_in_place() -> None:
    observed = msgspec.structs.replace(daemon(), wrong=("ebgp_192_0_2_2 is disabled",))
    found = daemon().difference(observed)
    assert found is not None
    assert (found.impact, found.reason, found.in_place) == ("hitless", "ebgp_192_0_2_2 is disabled", True)
    silent = daemon().difference(msgspec.structs.replace(daemon(), silent=True))
    assert silent is not None
    assert (silent.impact, silent.reason, silent.in_place) == ("restart", SILENT, False)
