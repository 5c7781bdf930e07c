"""What a distributed router is expanded to, without a kernel."""

from pathlib import Path

from nlan.expand import expand
from nlan.kinds.nft import Nft
from nlan.kinds.route import Route
from nlan.model import Lab
from nlan.schema import load
from nlan.services.node.expand import hosts_text

RED = "routers: {r1: {subnets: {red: 10.0.1.0/24}}}"


def lab(text: str) -> Lab:
    return load(Path("lab.yaml"), text=text).lab


def rules(text: str, node: str) -> dict[str, tuple[str, ...]]:
    tables = [r for r in expand(lab(text)).values() if isinstance(r, Nft) and r.namespace == node]
    return {chain.hook: chain.rules for table in tables for chain in table.chains}


def test_gateways_that_share_an_address_are_kept_apart_by_rules() -> None:
    (leaving,) = rules(f"nodes: [a, b]\n{RED}", "a").values()
    asked, asks = leaving
    assert asked == 'oifname "vxlan1" arp operation request arp daddr ip 10.0.1.1 drop'
    assert asks.endswith("arp operation request arp saddr ip 10.0.1.1 arp saddr ip set 0.0.0.0")


def test_hubs_and_spokes_need_no_rules_and_spokes_no_address() -> None:
    text = "nodes: [a, b]\nrouters: {r1: {hub: a, subnets: {red: 10.0.1.0/24}}}"
    assert rules(text, "a") == rules(text, "b") == {}
    held = {node.name: dict(node.held())["br1"] for node in lab(text).nodes}
    assert {name: len(addresses) for name, addresses in held.items()} == {"a": 1, "b": 0}


def test_private_destinations_of_hosts_are_routed_by_the_spoke() -> None:
    text = "nodes: [a, b]\nrouters: {r1: {hub: a, mode: spoke_dvr, subnets: {red: 10.0.1.0/24}}}"
    near, private = rules(text, "b")["prerouting"]
    assert near == 'iifname { "10.0.1.3" } ip daddr 10.0.1.0/24 accept'
    assert "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16" in private
    assert rules(text, "a") == {}


def test_default_gw_is_the_nodes_own_default_route() -> None:
    subnet = "{Vni: 1, IpDvr: [{Addr: 10.0.1.2/24, Mode: dvr}], DefaultGw: 10.0.1.1}"
    (route,) = (
        r for r in expand(lab(f"a:\n  Dvr: {{Subnets: [{subnet}]}}")).values() if isinstance(r, Route)
    )
    assert (route.namespace, str(route.prefix), str(route.via), route.interface) == (
        "a",
        "0.0.0.0/0",
        "10.0.1.1",
        "br1",
    )


def test_one_more_subnet_or_node_moves_nothing() -> None:
    before = expand(lab(f"name: x\nnodes: [a, b]\n{RED}"))
    wider = f"name: x\nnodes: [a, b, c]\n{RED}".replace(
        "red: 10.0.1.0/24", "red: 10.0.1.0/24, blue: 10.0.3.0/24"
    )
    after = expand(lab(wider))
    moved = {key for key, resource in before.items() if after.get(key) != resource}
    assert {key.kind for key in moved} == {"hosts", "nft"}


def test_a_nodes_name_stands_for_an_address_that_is_its_own() -> None:
    text = hosts_text(lab(f"nodes: [a, b]\n{RED}"))
    assert text.splitlines()[2:] == ["10.10.10.1 a", "10.10.10.2 b"]
