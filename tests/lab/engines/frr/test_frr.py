"""FRR for real: what was asked is what is seen, and a change touches nothing else."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import msgspec
import pytest

from nlan.engines.frr.model import FrrRaw
from nlan.engines.frr.programs import has_manager
from nlan.engines.frr.run import parse_log
from nlan.engines.frr.run.load import Loader
from nlan.errors import ApplyError
from nlan.model import Node
from nlan.secrets import Secret
from nlan.services.router import model
from nlan.services.router.model import BgpPeer, OspfArea, OspfInterface, Router, StaticRoute
from nlan.system import safefiles

replace = msgspec.structs.replace
Bgp = partial(model.Bgp, redistribute=("connected",))
Ospf = partial(model.Ospf, redistribute=("connected",))


def peer(address: str, asn: int, **more: Any) -> BgpPeer:
    return BgpPeer(address=ip_address(address), peer_asn=asn, **more)


def triangle(network: Any) -> list[Node]:
    """pe1 and pe2 are one AS, with iBGP between loopback-less ends; ce1 has a session to both."""
    network.wire(
        pe1={"lo": "10.0.0.1/32", "core": "192.0.2.1/30", "ax": "198.51.100.1/30"},
        pe2={"lo": "10.0.0.2/32", "core": "192.0.2.2/30", "bx": "198.51.100.5/30"},
        ce1={"lo": "10.0.0.3/32", "ax": "198.51.100.2/30", "bx": "198.51.100.6/30"},
    )
    pe1 = Bgp(asn=64496, peers=(peer("192.0.2.2", 64496, next_hop_self=True), peer("198.51.100.2", 64497)))
    pe2 = Bgp(asn=64496, peers=(peer("192.0.2.1", 64496, next_hop_self=True), peer("198.51.100.6", 64497)))
    ce1 = Bgp(asn=64497, peers=(peer("198.51.100.1", 64496), peer("198.51.100.5", 64496)))
    return [
        network.node("pe1", bgp=pe1),
        network.node("pe2", bgp=pe2),
        network.node("ce1", bgp=ce1),
    ]


def up(network: Any, nodes: list[Node]) -> None:
    network.apply(nodes)
    network.await_sessions(*(node.name for node in nodes))


def with_peer(node: Node, address: str, **changes: Any) -> Node:
    bgp = node.get(Router).bgp
    peers = tuple(replace(p, **changes) if str(p.address) == address else p for p in bgp.peers)
    return node.having(replace(node.find(Router), bgp=replace(bgp, peers=peers)))


def with_bgp(node: Node, **changes: Any) -> Node:
    return node.having(replace(node.find(Router), bgp=replace(node.get(Router).bgp, **changes)))


def test_sessions_come_up_long_before_bgpds_own_second(network: Any) -> None:
    up(network, triangle(network))
    for node in ("pe1", "pe2", "ce1"):
        assert set(network.established(node).values()) == {1}


def test_what_one_node_lacks_fails_that_node_alone(network: Any) -> None:
    """An error of the file system's was told of all daemons of all nodes, with one node's path."""
    nodes = triangle(network)
    where = network.place.directory("pe2")
    safefiles.remove(where)
    where.touch()
    todo = network.differences(nodes)
    outcomes = {o.key: failure for o, failure in zip(todo, network.frr.apply(todo), strict=True)}
    failed = {key: str(failure) for key, failure in outcomes.items() if failure is not None}
    assert {key.namespace for key in failed} == {"pe2"}
    assert {words for key, words in failed.items() if key.name == "bgpd"} == {
        f"pe2: stop bgpd: Not a directory ({where}/etc-frr/bgpd.conf)"
    }
    where.unlink()
    assert {operation.key for operation in network.differences(nodes)} == failed.keys()
    up(network, nodes)


RAW = """
hostname ignored
ip prefix-list OURS permit 10.0.0.0/8 le 32
ipv6 prefix-list SIX permit ::/0
access-list 10 permit 10.0.0.0 0.255.255.255
bgp community-list standard GREEN permit 64496:1
bgp as-path access-list SHORT permit ^64497$
route-map IN permit 10
match ip address prefix-list OURS
set local-preference 200
set community 64496:1 additive
exit
route-map IN deny 20
router bgp 64497
 neighbor 198.51.100.1 route-map IN in
 neighbor 198.51.100.1 send-community
 bgp bestpath as-path multipath-relax
 neighbor FOO peer-group
 address-family ipv4 unicast
  neighbor 198.51.100.1 soft-reconfiguration inbound
  network 203.0.113.0/24
 exit-address-family
interface ax
 description towards pe1
ip route 203.0.113.0/24 Null0
ip route 203.0.113.128/25 blackhole 5
"""

FULL = {
    "bgp": Bgp(
        asn=64496,
        peers=(
            peer(
                "192.0.2.2",
                64496,
                route_reflector_client=True,
                password=Secret("hush"),
                description="the other",
            ),
            peer("2001:db8::2", 64500, families=("ipv6",), ebgp_multihop=3, keepalive_s=1, hold_time_s=3),
            peer("192.0.2.6", 64501, families=("ipv4", "ipv6"), ebgp_multihop=255, update_source="lo"),
        ),
        networks=(ip_network("203.0.113.0/24"), ip_network("2001:db8:1::/48")),
        maximum_paths=8,
    ),
    "ospf": Ospf(
        areas=(
            OspfArea(
                area=IPv4Address("0.0.0.0"),
                networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")),
            ),
            OspfArea(area=IPv4Address("0.0.0.7"), networks=(ip_network("198.51.100.0/24"),)),
        ),
        interfaces=(
            OspfInterface(name="core", point_to_point=True, cost=20),
            OspfInterface(name="ax", passive=True),
        ),
    ),
    "routes": (
        StaticRoute(prefix=ip_network("203.0.113.0/25"), via=ip_address("192.0.2.2")),
        StaticRoute(prefix=ip_network("203.0.113.128/25"), blackhole=True),
        StaticRoute(prefix=ip_network("198.51.100.128/25"), interface="ax"),
        StaticRoute(prefix=ip_network("2001:db8:9::/48"), via=ip_address("2001:db8::9"), interface="core"),
        StaticRoute(prefix=ip_network("0.0.0.0/0"), via=ip_address("192.0.2.2")),
    ),
}


def test_everything_the_model_has_is_seen_as_asked(network: Any) -> None:
    network.wire(
        r1={"lo": "10.0.0.1/32", "core": "192.0.2.1/30 2001:db8::1/64", "ax": "198.51.100.1/30"},
        r2={"core": "192.0.2.2/30 2001:db8::2/64", "ax": "198.51.100.2/30"},
    )
    nodes = [network.node("r1", **FULL)]
    done = network.apply(nodes)
    manager = "mgmtd" if has_manager() else "staticd"
    assert {o.key.name for o in done} == {"zebra", manager, "bgpd", "ospfd", "ospf6d", "staticd"}
    assert network.differences(nodes) == []
    asked = {r.key.name: set(r.config) for r in network.resources(nodes)}
    for daemon in ("bgpd", "ospfd", "ospf6d", manager):
        shown = network.frr.command("r1", daemon, "show running-config").splitlines()
        shown = [line.rstrip().removesuffix(" 255") for line in shown]  # hops, before FRR 9
        missing = asked[daemon] - set(shown)
        assert not missing, f"{daemon} spells these otherwise"
    routes = network.frr.command("r1", manager, "show running-config").splitlines()
    assert asked["staticd"] <= set(routes)


def test_raw_lines_that_frr_spells_otherwise_are_no_difference(
    network: Any, eventually: Callable[..., None]
) -> None:
    pe1, pe2, ce1 = triangle(network)
    ce1 = ce1.having(replace(ce1.find(Router), raw=FrrRaw(text=RAW)))
    nodes = [pe1, pe2, ce1]
    up(network, nodes)
    assert network.differences(nodes) == []
    eventually(lambda: "203.0.113.0/24" in network.ip("pe2", "route"))


def test_raw_text_alone(network: Any, eventually: Callable[..., None]) -> None:
    network.wire(
        r1={"lo": "10.0.0.1/32", "ax": "192.0.2.1/30"}, r2={"lo": "10.0.0.2/32", "ax": "192.0.2.2/30"}
    )
    text = (
        "interface ax\n ip router isis X\n isis network point-to-point\n"
        "router isis X\n net 49.0001.0000.0000.000{}.00\n"
    )
    nodes = [
        network.node(f"r{i}", raw=FrrRaw(text=text.format(i), daemons=("isisd",), only=True)) for i in (1, 2)
    ]
    network.apply(nodes)
    assert network.differences(nodes) == []
    eventually(lambda: "Up" in network.frr.command("r1", "isisd", "show isis neighbor"))


EDITS: dict[str, tuple[Callable[[Node], Node], str, set[str]]] = {
    "description": (lambda n: with_peer(n, "192.0.2.2", description="core"), "hitless", set()),
    "next-hop-self": (lambda n: with_peer(n, "192.0.2.2", next_hop_self=False), "hitless", set()),
    "timers": (lambda n: with_peer(n, "192.0.2.2", keepalive_s=5, hold_time_s=15), "hitless", set()),
    "network": (lambda n: with_bgp(n, networks=(ip_network("203.0.113.0/24"),)), "hitless", set()),
    "maximum-paths": (lambda n: with_bgp(n, maximum_paths=4), "hitless", set()),
    "redistribute": (lambda n: with_bgp(n, redistribute=()), "hitless", set()),
    "reflector": (lambda n: with_peer(n, "192.0.2.2", route_reflector_client=True), "session", {"192.0.2.2"}),
    "family": (lambda n: with_peer(n, "192.0.2.2", families=("ipv4", "ipv6")), "session", {"192.0.2.2"}),
    "update-source": (
        lambda n: with_peer(n, "192.0.2.2", update_source="192.0.2.1"),
        "session",
        {"192.0.2.2"},
    ),
    "another peer": (
        lambda n: with_bgp(n, peers=(*n.get(Router).bgp.peers, peer("192.0.2.9", 64499))),
        "hitless",
        set(),
    ),
    "peer removed": (lambda n: with_bgp(n, peers=n.get(Router).bgp.peers[1:]), "session", {"192.0.2.2"}),
    "router-id": (
        lambda n: n.having(replace(n.find(Router), router_id=ip_address("10.9.9.9"))),
        "session",
        {"192.0.2.2", "198.51.100.2"},
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_resets_the_sessions_it_names_and_no_other(network: Any, edit: str) -> None:
    nodes = triangle(network)
    up(network, nodes)
    change, impact, reset = EDITS[edit]
    before = network.established("pe1")
    nodes[0] = change(nodes[0])
    (operation,) = network.differences(nodes)
    assert (operation.key.name, operation.impact) == ("bgpd", impact), operation.reason
    network.apply(nodes)
    assert network.differences(nodes) == []
    stays = before.keys() - reset
    assert {p: n for p, n in network.established("pe1").items() if p in stays} == {
        p: before[p] for p in stays
    }
    if reset and edit not in ("peer removed", "update-source"):
        network.await_sessions("pe1")


def test_another_as_of_a_peer_resets_its_session_alone(network: Any) -> None:
    nodes = triangle(network)
    up(network, nodes)
    nodes[2] = with_bgp(nodes[2], asn=64498)
    nodes[0] = with_peer(nodes[0], "198.51.100.2", peer_asn=64498)
    nodes[1] = with_peer(nodes[1], "198.51.100.6", peer_asn=64498)
    done = network.apply(nodes)
    assert {o.impact for o in done} == {"session"}
    network.await_sessions("pe1", "pe2", "ce1")
    assert network.established("pe1")["192.0.2.2"] == 1
    assert network.differences(nodes) == []


def test_a_password_on_both_ends(network: Any) -> None:
    nodes = triangle(network)
    up(network, nodes)
    nodes[0] = with_peer(nodes[0], "192.0.2.2", password=Secret("hush"))
    nodes[1] = with_peer(nodes[1], "192.0.2.1", password=Secret("hush"))
    done = network.apply(nodes)
    assert "hush" not in "".join(line for o in done for line in o.details)
    network.await_sessions("pe1", "pe2")
    assert network.established("pe1")["198.51.100.2"] == 1


def configure(network: Any, node: str, daemon: str, *lines: str) -> None:
    """Type configuration commands as somebody with vtysh would; again, while mgmtd has locked its own."""
    from nlan.engines.frr.run.vty import Vty

    path, end = network.place.directory(node) / "run-frr" / f"{daemon}.vty", time.monotonic() + 10
    while True:
        with Vty(path) as vty:
            answers = [vty.ask(line) for line in ("enable", "configure terminal", *lines, "end")]
        refused = [answer for answer in answers if answer.failed]
        if not any("could not lock" in answer.text for answer in refused) or time.monotonic() > end:
            break
    assert not refused


def test_drift_is_seen_and_repaired(network: Any) -> None:
    nodes = triangle(network)
    nodes[0] = with_peer(nodes[0], "192.0.2.2", route_reflector_client=True)
    up(network, nodes)
    configure(
        network,
        "pe1",
        "bgpd",
        "router bgp 64496",
        "address-family ipv4 unicast",
        "no neighbor 192.0.2.2 route-reflector-client",
        "network 203.0.113.0/24",
    )
    (operation,) = network.differences(nodes)
    family = "router bgp 64496 / address-family ipv4 unicast"
    assert operation.details == (
        f"- {family} / network 203.0.113.0/24",
        f"+ {family} / neighbor 192.0.2.2 route-reflector-client",
    )
    network.apply(nodes)
    assert network.differences(nodes) == []
    shown = network.frr.command("pe1", "bgpd", "show running-config")
    assert "route-reflector-client" in shown
    assert "203.0.113.0" not in shown


def test_drift_of_a_line_that_frr_spells_otherwise(network: Any) -> None:
    pe1, pe2, ce1 = triangle(network)
    ce1 = ce1.having(replace(ce1.find(Router), raw=FrrRaw(text=RAW)))
    nodes = [pe1, pe2, ce1]
    up(network, nodes)
    configure(network, "ce1", "bgpd", "no ip prefix-list OURS")
    manager = "mgmtd" if has_manager() else "staticd"
    configure(network, "ce1", manager, "no ip route 203.0.113.0/24 Null0")
    changed = {o.key.name: o.details for o in network.differences(nodes)}
    assert changed == {
        "bgpd": ("+ ip prefix-list OURS seq 5 permit 10.0.0.0/8 le 32",),
        "staticd": ("+ ip route 203.0.113.0/24 Null0",),
    }
    network.apply(nodes)
    assert network.differences(nodes) == []


def test_an_entry_before_the_others_of_a_list_comes_before_them(network: Any) -> None:
    network.wire(r1={"ax": "192.0.2.1/30"}, r2={"ax": "192.0.2.2/30"})
    lines = ["router bgp 64496", "ip prefix-list P permit 10.0.0.0/8 le 32"]
    network.apply([network.node("r1", raw=FrrRaw(text="\n".join(lines)))])
    lines.insert(1, "ip prefix-list P deny 10.1.0.0/16 le 32")
    nodes = [network.node("r1", raw=FrrRaw(text="\n".join(lines)))]
    network.apply(nodes)
    assert network.differences(nodes) == []
    shown = network.frr.command("r1", "bgpd", "show running-config").splitlines()
    assert [line for line in shown if line.startswith("ip prefix-list")] == [
        "ip prefix-list P seq 5 deny 10.1.0.0/16 le 32",
        "ip prefix-list P seq 10 permit 10.0.0.0/8 le 32",
    ]


BGP_OF_TWO = "router bgp 64496\n neighbor 192.0.2.9 remote-as 64497\n"
NO_FAMILY = BGP_OF_TWO.replace("\n", "\n no bgp default ipv4-unicast\n", 1)
IN_IPV4 = " address-family ipv4 unicast\n  {}neighbor 192.0.2.9 {}\n"
OSPF = "router ospf\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("route-map M permit 10\n description two words\n", "route-map M permit 10\n"),
        (BGP_OF_TWO + IN_IPV4.format("", "send-community all"), BGP_OF_TWO),
        (NO_FAMILY, BGP_OF_TWO),
        (BGP_OF_TWO, NO_FAMILY),
        (BGP_OF_TWO + IN_IPV4.format("no ", "activate"), NO_FAMILY + IN_IPV4.format("no ", "activate")),
        (OSPF + " area 1 stub no-summary\n", OSPF),
        (
            "interface ax\n ip ospf cost 5\n ip ospf hello-interval 10\n" + OSPF,
            "interface ax\n ip ospf hello-interval 10\n" + OSPF,
        ),
        (OSPF + " area 1 stub\n area 1 default-cost 10\n", OSPF),
    ],
)
def test_raw_lines_that_change_end_as_they_start(network: Any, before: str, after: str) -> None:
    """What runs after a change is what runs after a start."""
    network.wire(r1={"ax": "192.0.2.1/29"}, r2={"ax": "192.0.2.2/29"})
    daemon = "ospfd" if OSPF in before else "bgpd"

    def nodes(*texts: str) -> list[Node]:
        raw = [FrrRaw(text=text, daemons=(daemon,), only=True) for text in texts]
        return [network.node(f"r{n}", raw=one) for n, one in enumerate(raw, 1)]

    def shown(node: str) -> str:
        text = network.frr.command(node, daemon, "show running-config")
        return str(text.replace(f"hostname {node}", ""))

    network.apply(nodes(before))
    network.apply(nodes(after, after))
    assert network.differences(nodes(after, after)) == []
    assert shown("r1") == shown("r2")


def pid_of(network: Any, node: str, daemon: str) -> int:
    return next(pid for pid, name in network.processes(node).items() if name == daemon)


def kill(network: Any, node: str, daemon: str) -> None:
    pid = pid_of(network, node, daemon)
    ended = os.pidfd_open(pid)
    signal.pidfd_send_signal(ended, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ended)


def test_a_killed_daemon_is_started_again(network: Any) -> None:
    nodes = triangle(network)
    up(network, nodes)
    kill(network, "pe1", "bgpd")
    (operation,) = network.differences(nodes)
    assert (operation.action, operation.key.name) == ("create", "bgpd")
    up(network, nodes)
    assert network.established("ce1")["198.51.100.5"] == 1
    assert network.established("pe1") == {"192.0.2.2": 1, "198.51.100.2": 1}


def test_a_crash_before_the_receipt_leaves_no_difference(network: Any) -> None:
    nodes = triangle(network)
    up(network, nodes)
    from nlan.engines.frr.run.files import Files, Receipt

    files = Files(network.place.directory("pe1"), "bgpd")
    receipt = Receipt.read(files)
    assert receipt is not None
    Receipt(receipt.asked, None).write(files)
    assert network.differences(nodes) == []
    configure(network, "pe1", "bgpd", "router bgp 64496", "no neighbor 192.0.2.2")
    assert len(network.differences(nodes)) == 1


def test_a_static_route_is_changed_where_it_is_kept(network: Any, eventually: Callable[..., None]) -> None:
    network.wire(r1={"lo": "10.0.0.1/32", "ax": "192.0.2.1/29"}, r2={"ax": "192.0.2.2/29"})
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
    network.apply([network.node("r1")])
    nodes = [network.node("r1", routes=(route,))]
    assert [o.key.name for o in network.apply(nodes)] == ["staticd"]
    assert network.differences(nodes) == []
    eventually(lambda: "203.0.113.0/24" in network.ip("r1", "route"))
    nodes = [network.node("r1", routes=(replace(route, via=ip_address("192.0.2.3")),))]
    network.apply(nodes)
    eventually(lambda: "via 192.0.2.3" in network.ip("r1", "route"))
    assert network.differences(nodes) == []


def apply_until(network: Any, nodes: list[Node], step: str) -> None:
    """Apply as an nlan that is killed at a step."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, killed)
        with pytest.raises(KeyboardInterrupt):
            network.apply(nodes)


def test_a_crash_before_a_manager_was_told_is_made_good(
    network: Any, eventually: Callable[..., None]
) -> None:
    network.wire(r1={"ax": "192.0.2.1/29"}, r2={"ax": "192.0.2.2/29"})
    network.apply([network.node("r1")])
    kill(network, "r1", "staticd")
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
    nodes = [network.node("r1", routes=(route,))]
    apply_until(network, nodes, "nlan.engines.frr.run.FrrDriver._settle")
    network.apply(nodes)
    assert network.differences(nodes) == []
    eventually(lambda: "203.0.113.0/24" in network.ip("r1", "route"))


def test_a_static_daemon_that_comes_again_does_not_bring_old_routes(
    network: Any, eventually: Callable[..., None]
) -> None:
    network.wire(r1={"ax": "192.0.2.1/29"}, r2={"ax": "192.0.2.2/29"})
    routes = tuple(
        StaticRoute(prefix=ip_network(p), via=ip_address("192.0.2.2"))
        for p in ("203.0.113.0/25", "203.0.113.128/25")
    )
    network.apply([network.node("r1", routes=routes)])
    kill(network, "r1", "staticd")
    nodes = [network.node("r1", routes=routes[:1])]
    network.apply(nodes)
    assert network.differences(nodes) == []
    manager = "mgmtd" if has_manager() else "staticd"
    assert "203.0.113.128/25" not in network.frr.command("r1", manager, "show running-config")
    eventually(lambda: "203.0.113.0/25" in network.ip("r1", "route"))
    assert "203.0.113.128/25" not in network.ip("r1", "route")


def test_static_routes_that_go_take_their_lines_along(network: Any) -> None:
    network.wire(r1={"ax": "192.0.2.1/29"}, r2={"ax": "192.0.2.2/29"})
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
    network.apply([network.node("r1", routes=(route,))])
    network.apply([network.node("r1")])
    daemon = "mgmtd" if has_manager() else "staticd"
    assert "203.0.113.0/24" not in network.frr.command("r1", daemon, "show running-config")


def test_a_crash_before_the_election_leaves_nobody_out_of_it(
    network: Any, eventually: Callable[..., None]
) -> None:
    network.wire(r1={"lan": "192.0.2.1/24 2001:db8::1/64"}, r2={"lan": "192.0.2.2/24 2001:db8::2/64"})
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/64"))
    ospf = Ospf(areas=(OspfArea(area=IPv4Address("0.0.0.0"), networks=networks),))
    nodes = [network.node(name, ospf=ospf) for name in ("r1", "r2")]
    apply_until(network, nodes, "nlan.engines.frr.run.ospf_fast_start.open_adjacencies")
    assert {line for o in network.differences(nodes) for line in o.details} == {
        "- interface lan / ip ospf priority 0",
        "- interface lan / ipv6 ospf6 priority 0",
    }
    network.apply(nodes)
    assert network.differences(nodes) == []
    eventually(lambda: [n.state for n in network.frr.ospf_neighbors("r1")] == ["Full", "Full"])


def test_ospf_on_a_segment_of_three_is_full_at_once(network: Any, eventually: Callable[..., None]) -> None:
    network.wire(
        **{f"r{i}": {"lo": f"10.0.0.{i}/32", "lan": f"192.0.2.{i}/24 2001:db8::{i}/64"} for i in (1, 2, 3)}
    )
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/64"))
    ospf = Ospf(areas=(OspfArea(area=IPv4Address("0.0.0.0"), networks=networks),))
    nodes = [network.node(f"r{i}", ospf=ospf) for i in (1, 2, 3)]
    network.apply(nodes)
    assert network.differences(nodes) == []

    def full() -> bool:
        found = [n for node in nodes for n in network.frr.ospf_neighbors(node.name)]
        return len(found) == 12 and all(n.up for n in found)

    eventually(full, lambda: str([network.frr.ospf_neighbors(n.name) for n in nodes]))
    eventually(
        lambda: all(f"10.0.0.{i}" in network.ip("r1", "route") for i in (2, 3)),
        lambda: "\n".join(
            network.frr.command(node.name, "ospfd", f"show ip ospf {what}")
            for node in nodes
            for what in ("", "database router", "route")
        ),
    )
    assert "priority" not in network.frr.command("r1", "ospfd", "show running-config")


@pytest.mark.parametrize(("version", "prefix"), [(2, "192.0.2.0/24"), (3, "2001:db8::/64")])
def test_an_area_moves(network: Any, eventually: Callable[..., None], version: int, prefix: str) -> None:
    network.wire(
        **{f"r{i}": {"lo": f"10.0.0.{i}/32", "ax": f"192.0.2.{i}/30 2001:db8::{i}/64"} for i in (1, 2)}
    )

    def nodes(area: str) -> list[Node]:
        areas = (OspfArea(area=IPv4Address(area), networks=(ip_network(prefix),)),)
        point = (OspfInterface(name="ax", point_to_point=True),)
        return [network.node(n, ospf=Ospf(areas=areas, interfaces=point)) for n in ("r1", "r2")]

    def full() -> bool:
        found = [n for name in ("r1", "r2") for n in network.frr.ospf_neighbors(name)]
        return [(n.version, n.up) for n in found] == [(version, True)] * 2

    def report() -> str:
        return str([network.frr.ospf_neighbors(name) for name in ("r1", "r2")])

    network.apply(nodes("0.0.0.0"))
    eventually(full, report)
    done = network.apply(nodes("0.0.0.5"))
    assert {o.impact for o in done} == {"session"}
    assert network.differences(nodes("0.0.0.5")) == []
    eventually(full, report)


def test_an_ibgp_session_over_ospf(network: Any, eventually: Callable[..., None]) -> None:
    network.wire(
        r1={"lo": "10.0.0.1/32 2001:db8:1::1/128", "ax": "192.0.2.1/30"},
        r2={"lo": "10.0.0.2/32 2001:db8:1::2/128", "ax": "192.0.2.2/30", "bx": "192.0.2.5/30 2001:db8::5/64"},
        r3={"lo": "10.0.0.3/32 2001:db8:1::3/128", "bx": "192.0.2.6/30 2001:db8::6/64"},
    )
    area = OspfArea(area=IPv4Address("0.0.0.0"), networks=(ip_network("192.0.2.0/24"),))
    points = tuple(OspfInterface(name=name, point_to_point=True) for name in ("ax", "bx"))

    def router(own: str, *peers: BgpPeer) -> Node:
        return network.node(own, bgp=Bgp(asn=64496, peers=peers), ospf=Ospf(areas=(area,), interfaces=points))

    nodes = [
        router("r1", peer("10.0.0.3", 64496, update_source="10.0.0.1")),
        router("r2", peer("2001:db8::6", 64496, families=("ipv6",))),
        router(
            "r3",
            peer("10.0.0.1", 64496, update_source="10.0.0.3"),
            peer("2001:db8::5", 64496, families=("ipv6",)),
        ),
    ]
    up(network, nodes)
    assert network.differences(nodes) == []
    assert network.established("r3") == {"10.0.0.1": 1, "2001:db8::5": 1}
    eventually(lambda: "2001:db8:1::2" in network.ip("r3", "-6", "route"))


REFUSED = """router bgp 64496
 neighbour 192.0.2.2 remote-as 1
 neighbor 192.0.2.2 remote-as 64497
 no-such-section
mpls ldp-typo
debug bgp nonsense
router bgp 64496
 neighbor 192.0.2.3 remote-as 64497
"""


def test_a_raw_line_that_frr_refuses_is_left_out_and_told_in_its_words(network: Any) -> None:
    network.wire(r1={"ax": "192.0.2.1/30"}, r2={"ax": "192.0.2.2/30"})
    nodes = [network.node("r1", raw=FrrRaw(text=REFUSED))]
    network.apply(nodes)
    told = {
        (one.line, one.daemon, one.path[-1], "nknown command" in one.words) for one in network.frr.refusals
    }
    assert told == {
        (2, "bgpd", "neighbour 192.0.2.2 remote-as 1", True),
        (4, "bgpd", "no-such-section", True),
        (5, "zebra", "mpls ldp-typo", True),
        (6, "bgpd", "debug bgp nonsense", True),
    }
    assert set(network.established("r1")) == {"192.0.2.2", "192.0.2.3"}
    assert network.differences(nodes) == []
    network.frr.refusals.clear()
    nodes = [network.node("r1", raw=FrrRaw(text=REFUSED.replace("debug bgp nonsense", "debug bgp other")))]
    network.apply(nodes)
    assert "debug bgp other" in [one.path[-1] for one in network.frr.refusals]
    assert network.differences(nodes) == []


def test_a_raw_line_that_frr_refuses_is_an_error_where_asked(network: Any) -> None:
    network.wire(r1={"ax": "192.0.2.1/30"}, r2={"ax": "192.0.2.2/30"})
    network.frr.is_strict = True
    nodes = [network.node("r1", raw=FrrRaw(text="router bgp 64496\n neighbour 192.0.2.2 remote-as 1\n"))]
    for _ in range(2):
        with pytest.raises(ApplyError, match=r"neighbour 192\.0\.2\.2 remote-as 1"):
            network.apply(nodes)
    (operation,) = network.differences(nodes)
    assert operation.details == ("+ router bgp 64496 / neighbour 192.0.2.2 remote-as 1",)
    assert network.apply([network.node("r1", raw=FrrRaw(text="router bgp 64496\n"))]) == []


def test_a_daemon_that_hangs_is_replaced(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = triangle(network)
    up(network, nodes)
    pid = pid_of(network, "pe1", "bgpd")
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("nlan.engines.frr.run.vty.TIMEOUT_S", 1)
    assert [(o.action, o.key.name) for o in network.differences(nodes)] == [("replace", "bgpd")]
    monkeypatch.setattr("nlan.processes.TERM_S", 0.2)
    up(network, nodes)
    assert pid_of(network, "pe1", "bgpd") != pid


def test_daemons_that_accept_and_never_answer_are_waited_for_once(
    network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of them afterwards, until they are started again."""
    nodes = triangle(network)
    up(network, nodes)
    mute = [(node.name, "bgpd") for node in nodes]
    listeners = [socket.socket(socket.AF_UNIX) for _ in mute]
    for (node, daemon), listener in zip(mute, listeners, strict=True):
        path = network.place.directory(node) / "run-frr" / f"{daemon}.vty"
        path.unlink()
        listener.bind(str(path))
        listener.listen()
    monkeypatch.setattr("nlan.engines.frr.run.vty.TIMEOUT_S", 2)
    began = time.monotonic()
    differences = network.differences(nodes)
    assert [(o.action, o.key.namespace, o.key.name) for o in differences] == [
        ("replace", *one) for one in mute
    ]
    assert [network.frr.sessions(node) for node, _ in mute] == [[]] * len(mute)
    assert time.monotonic() - began < 4
    for listener in listeners:
        listener.close()
    up(network, nodes)
    assert network.frr.sessions("pe1")


def test_a_daemon_that_dies_in_the_middle_of_a_change_is_named(
    network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = triangle(network)
    up(network, nodes)
    run = Loader.run

    def kill_and_run(loader: Loader, change: Any) -> None:
        kill(network, "pe1", "bgpd")
        run(loader, change)

    nodes[0] = with_bgp(nodes[0], networks=(ip_network("203.0.113.0/24"),))
    monkeypatch.setattr(Loader, "run", kill_and_run)
    with pytest.raises(ApplyError, match=r"pe1: configure bgpd: .*(Broken pipe|reset|closed)"):
        network.apply(nodes)
    monkeypatch.undo()
    up(network, nodes)
    assert network.differences(nodes) == []


@pytest.mark.parametrize("lost", ["bgpd.pid", "bgpd.*", "*"])
def test_a_daemon_whose_files_were_removed_is_ended_before_the_next_starts(network: Any, lost: str) -> None:
    nodes = triangle(network)
    up(network, nodes)
    before = pid_of(network, "pe1", "bgpd")
    for path in (network.place.directory("pe1") / "run-frr").glob(lost):
        path.unlink()
    action = "replace" if lost == "bgpd.pid" else "create"
    assert (action, "bgpd") in [(o.action, o.key.name) for o in network.differences(nodes)]
    up(network, nodes)
    assert pid_of(network, "pe1", "bgpd") != before
    assert list(network.processes("pe1").values()).count("bgpd") == 1
    (network.place.directory("pe1") / "run-frr" / "bgpd.pid").unlink()
    network.apply(nodes[1:])
    assert not network.processes("pe1")


def test_the_log_tells_of_sessions_and_of_commands(network: Any, eventually: Callable[..., None]) -> None:
    nodes = triangle(network)
    up(network, nodes)
    configure(network, "pe1", "bgpd", "router bgp 64496", "neighbor 192.0.2.2 shutdown")
    path = network.frr.log_path("pe1", "bgpd")

    def events() -> list[Any]:
        return [found for line in path.read_text().splitlines() if (found := parse_log(line))]

    eventually(lambda: ("session-down", "192.0.2.2") in events(), path.read_text)
    assert ("session-up", "198.51.100.2") in events()
    assert ("configured", "neighbor 192.0.2.2 shutdown") in events()


def test_all_ends_without_a_trace(network: Any) -> None:
    nodes = triangle(network)
    up(network, nodes)
    network.apply([])
    for node in nodes:
        assert not network.processes(node.name)
        left = [p.name for p in network.place.directory(node.name).rglob("*") if p.is_file()]
        assert not [name for name in left if name.startswith(("bgpd", "zebra", "receipt"))], left
