"""Generated files load, and are what they say."""

from pathlib import Path
from typing import Any

import pytest

from nlan.api.generate import KINDS, generate
from nlan.cli.verbs import VERBS
from nlan.errors import InputError
from nlan.schema import Loaded, load
from nlan.services.dvr.model import Dvr
from nlan.services.router.model import Router
from nlan.services.vhosts.model import Vhosts


def made(kind: str, **options: Any) -> Loaded:
    return load(Path("generated.yaml"), text=generate(kind, **options))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"bgp": True, "hosts": 1}, {"ospf": True, "ipv6": True}], ids=str)
def test_every_kind_loads_without_a_doubt(kind: str, options: dict[str, Any]) -> None:
    if kind == "dvr":
        options = {key: value for key, value in options.items() if key not in ("bgp", "ospf")}
    loaded = made(kind, **options)
    assert loaded.warnings == ()
    assert loaded == made(kind, **options)


def test_ring_of_hosts_has_links_and_addresses_and_no_routing() -> None:
    lab = made("ring", count=1000).lab
    assert len(lab.nodes) == len(lab.links) == 1000
    assert all(
        len(node.interfaces) == 2 and node.find(Router) is None and not node.forwarding for node in lab.nodes
    )
    assert all(interface.addresses for node in lab.nodes for interface in node.interfaces)
    assert lab.underlay is None


def test_bgp_ring_has_an_as_and_two_sessions_each() -> None:
    lab = made("ring", count=50, bgp=True).lab
    speakers = [node.get(Router).bgp for node in lab.nodes if node.get(Router).bgp]
    assert len({bgp.asn for bgp in speakers}) == 50
    assert all(len(bgp.peers) == 2 for bgp in speakers)


def test_wan_has_nine_routers_and_sixteen_hosts() -> None:
    lab = made("wan").lab
    assert len(lab.nodes) == 9
    assert sum(len(lan.hosts) for node in lab.nodes for lan in node.get(Vhosts).lans) == 16


def test_dvr_has_hosts_in_three_subnets_behind_every_node() -> None:
    lab = made("dvr", count=100, hosts=10, ipv6=True).lab
    held = [node.get(Dvr) for node in lab.nodes]
    assert [len(subnet.hosts) for one in held for subnet in one.subnets] == [10] * 300
    assert {len(subnet.peers) for one in held for subnet in one.subnets} == {99}


@pytest.mark.parametrize(("kind", "count"), [("star", 300), ("clos", 300)])
def test_pools_are_large_enough(kind: str, count: int) -> None:
    made(kind, count=count, ospf=True, hosts=1)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("rnig", {}, "did you mean `ring`?"),
        ("ring", {"count": 1}, "1 is not a number of nodes"),
        ("fabric", {"count": 56}, "56 leaves and 2 spines are too many"),
        ("mesh", {"count": 10_000}, "10000 is not a number of nodes"),
        ("ring", {"hosts": 2}, "hosts live behind routers"),
        ("ring", {"bgp": True, "ospf": True}, "not both"),
        ("ring", {"bgp": True, "hosts": 254}, "254 is not a number of hosts from 0 to 253"),
        ("wan", {"hosts": -1}, "-1 is not a number of hosts"),
        ("wan", {"count": 7}, "the WAN has nine routers"),
        ("dvr", {"bgp": True}, "speaks no routing protocol"),
        ("dvr", {"count": 1000, "hosts": 100}, "do not fit into a subnet"),
        ("line", {"name": "a: b"}, "`a: b` cannot be a lab's name"),
        ("clos", {"count": 300, "spines": 300}, "90000 links and 0 hosts are too many"),
        ("star", {"count": 10_000, "bgp": True, "hosts": 100}, "1000000 hosts are too many"),
    ],
)
def test_what_cannot_be_generated(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        generate(kind, **options)
    assert said in str(raised.value)


def test_the_verb_takes_every_kind() -> None:
    verb = next(verb for verb in VERBS if verb.name == "generate")
    kind = next(option for option in verb.options if option.names == ("kind",))
    assert kind.settings["choices"] == KINDS


def test_a_fabric_has_a_session_between_each_leaf_and_spine_alone() -> None:
    lab = made("fabric", count=4, spines=3).lab
    peers = {node.name: len(bgp.peers) for node in lab.nodes if (bgp := node.get(Router).bgp)}
    assert peers == dict.fromkeys(("lf1", "lf2", "lf3", "lf4"), 3) | dict.fromkeys(("sp1", "sp2", "sp3"), 4)
    assert sum(len(lan.hosts) for node in lab.nodes for lan in node.get(Vhosts).lans) == 16


def test_a_campus_grows_by_buildings() -> None:
    lab = made("campus", count=3).lab
    assert len(lab.nodes) == 2 + 3 * 4
    assert len(lab.links) == 1 + 3 * 9
