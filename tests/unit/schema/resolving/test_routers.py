"""What makes a router of a node, what it is told, and what its kernel is set to."""

import pytest

from nlan.engines.base import Engines
from nlan.engines.frr.render.daemons import frr_daemons
from nlan.expand import expand
from nlan.kinds.veth import Veth
from nlan.model import Node
from nlan.resources import Key
from nlan.services.node.expand import settings
from nlan.services.ptn.model import Ptn
from nlan.services.router.model import Router

from ..conftest import Load, Problems

ENGINES = Engines.able()


def running(node: Node) -> dict[str, list[str]]:
    assert node.find(Router) is not None
    return {daemon.daemon: list(daemon.config or ()) for daemon in frr_daemons(node, "lab")}


def ospf_on(node: Node) -> list[str]:
    ospf = node.get(Router).ospf
    return [interface.name for interface in ospf.interfaces if not interface.passive] if ospf else []


def test_routes_make_a_router(read: Load) -> None:
    lab = read(
        "nodes: {a: , r: {routes: {192.0.2.0/24: a}}, h: {role: host, routes: {192.0.2.0/24: a}}}\n"
        "links: [a -- r, a -- h]"
    ).lab
    assert [node.forwarding for node in lab.nodes] == [False, True, False]


@pytest.mark.parametrize(
    ("ases", "runs"),
    [("64496 64496", True), ("64496 64497", False), ("64496 false", True), ("false false", True)],
)
def test_ospf_runs_towards_a_router_without_an_as(ases: str, runs: bool, read: Load) -> None:
    one, other = ases.split()
    lab = read(
        f"nodes: {{a: {{asn: {one}, ospf: true}}, b: {{asn: {other}, ospf: true}}}}\nlinks: [a -- b]"
    ).lab
    assert [ospf_on(node) for node in lab.nodes] == [["eth1"] if runs else []] * 2


def test_a_lan_without_hosts_has_a_carrier(read: Load) -> None:
    lab = read("nodes: {a: {ospf: true, hosts: {192.0.2.1/24: 0}}}").lab
    (plugged,) = (r for r in expand(lab).values() if isinstance(r, Veth))
    assert (plugged.peer_namespace, plugged.peer_master) == ("a", "br_192.0.2.1")
    assert Key("namespace", plugged.namespace, "") in expand(lab)


@pytest.mark.parametrize("line", ["local-as 64500", "confederation"])
def test_an_as_that_raw_lines_show_is_a_peers(line: str, read: Load, problems_of: Problems) -> None:
    raw = (
        "neighbor 10.1.0.2 local-as 64500"
        if line.startswith("local")
        else "bgp confederation identifier 64500"
    )
    text = (
        f'nodes:\n  a: {{asn: 64496, frr: "router bgp 64496\\n {raw}"}}\n'
        "  b: {asn: 64497, bgp: {peers: {a: {remote_as: 64500}}}}\nlinks: [a -- b]\n"
    )
    assert read(text).lab.nodes
    assert any(
        "64501 is not the AS of a" in p.message for p in problems_of(text.replace("as: 64500", "as: 64501"))
    )


def test_ipv4_of_an_ipv6_peer_has_ipv6_next_hops(read: Load) -> None:
    lab = read(
        "ipv6: true\nnodes:\n  a: {asn: 64496, bgp: {peers: {b: {families: [ipv4, ipv6]}}}}\n"
        "  b: {asn: 64497}\nlinks: [a -- b]"
    ).lab
    said = [line for line in running(lab.node("a"))["bgpd"] if "extended-nexthop" in line]
    assert said == [" neighbor 2001:db8:1::2 capability extended-nexthop"]
    assert not [line for line in running(lab.node("b"))["bgpd"] if "extended-nexthop" in line]


def test_who_asks_for_bfd_gets_its_daemon(read: Load) -> None:
    raw = "router bgp 64496\n\n neighbor 10.1.0.2 WORDS"
    text = f"nodes: {{a: {{asn: 64496, frr: '{raw}'}}, b: {{asn: 64497}}}}\nlinks: [a -- b]"
    assert "bfdd" in running(read(text.replace("WORDS", "bfd")).lab.node("a"))
    assert "bfdd" not in running(read(text.replace("WORDS", "description bfd")).lab.node("a"))


def test_routes_may_be_typed_on_every_router(read: Load) -> None:
    lab = read("nodes: {a: {ospf: true}, b: {frr: {text: '!', only: true}}}\nlinks: [a -- b]").lab
    assert all("staticd" in running(node) for node in lab.nodes)


def test_a_node_that_stands_twice_in_a_network_is_said(read: Load, problems_of: Problems) -> None:
    (problem,) = problems_of("nodes: ['r[1-2]']\nnetworks:\n  n:\n    nodes:\n    - r[1-2]\n    - r2")
    assert (problem.line, problem.message) == (
        6,
        "`r2` is defined twice among the nodes; the first is in line 5",
    )
    lab = read(
        "nodes: ['r[1-2]']\nnetworks: {n: {nodes: {'r[1-2]': {cost: 5}, r2: {address: 192.0.2.9/24}}}}"
    ).lab
    assert len(lab.node("r2").get(Ptn).networks) == 1


# -- sysctls

RP_FILTER = "net/ipv4/conf/all/rp_filter"


def test_what_is_said_of_the_kernel_wins(read: Load) -> None:
    said = "{net.ipv4.conf.all.rp_filter: 0, net/ipv4/ip_forward: no}"
    text = f"ospf: true\nnodes: {{a: {{sysctls: {said}}}, b: }}\nlinks: [a -- b]"
    a, b = (settings(node, ENGINES) for node in read(text).lab.nodes)
    assert (a[RP_FILTER], a["net/ipv4/conf/eth1/rp_filter"], a["net/ipv4/ip_forward"]) == ("0", "0", "0")
    assert (b[RP_FILTER], b["net/ipv4/ip_forward"]) == ("2", "1")
    assert "net/ipv4/conf/eth1/rp_filter" not in b


def test_an_interfaces_setting_stands_on_the_interface(read: Load) -> None:
    lab = read("nodes: {a: {sysctls: {net.ipv4.conf.eth1.rp_filter: 0}}, b: }\nlinks: [a -- b]").lab
    found = expand(lab)[Key("sysctl", "a", "net/ipv4/conf/eth1/rp_filter")]
    assert Key("interface", "a", "eth1") in found.requires()


def test_settings_of_all_and_of_one_are_joined(read: Load) -> None:
    wide = "defaults: {sysctls: {net.ipv4.tcp_ecn: 1, net.ipv4.tcp_sack: 0}}"
    text = f"{wide}\nnodes: {{a: {{sysctls: {{net/ipv4/tcp_ecn: 2}}}}}}"
    assert read(text).lab.node("a").sysctls == {"net/ipv4/tcp_ecn": "2", "net/ipv4/tcp_sack": "0"}


def test_setting_with_a_dot_in_the_interface_and_of_several_words(read: Load) -> None:
    text = "nodes: {a: {sysctls: {net.ipv4.conf.eth0/7.mtu: 1, net.ipv4.tcp_rmem: '4096\\t87380  6291456'}}}"
    found = read(text.replace("'4096", '"4096').replace("456'", '456"')).lab.node("a").sysctls
    assert found == {"net/ipv4/conf/eth0.7/mtu": "1", "net/ipv4/tcp_rmem": "4096 87380 6291456"}


@pytest.mark.parametrize(
    "name", ["kernel.hostname", "net", "net/ipv4", "net/../kernel/x", "/proc/sys/net/ipv4/x"]
)
def test_setting_of_the_whole_machine_is_refused(name: str, problems_of: Problems) -> None:
    (problem,) = problems_of(f"nodes: {{a: {{sysctls: {{{name}: 1}}}}}}")
    assert "is not a kernel setting such as" in problem.message
