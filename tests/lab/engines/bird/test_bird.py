"""BIRD for real: routers that it speaks for, changed while it runs."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nlan.engines.bird.programs import find_program
from nlan.errors import ApplyError, NotFoundError
from nlan.model import Node
from nlan.secrets import Secret
from nlan.services.router.model import Bgp, BgpPeer, Ospf, OspfArea, OspfInterface, Router, StaticRoute

pytestmark = pytest.mark.skipif(find_program("bird") is None, reason="BIRD is not installed")

replace = msgspec.structs.replace
BACKBONE = IPv4Address(0)


def peer(address: str, asn: int, **more: Any) -> BgpPeer:
    return BgpPeer(address=ip_address(address), peer_asn=asn, **more)


def star(birds: Any) -> list[Node]:
    """rr reflects between c1 and c2, which announce their loopbacks."""
    birds.wire(
        rr={"lo": "10.0.0.9/32", "x1": "192.0.2.1/30", "x2": "192.0.2.5/30"},
        c1={"lo": "10.0.0.1/32", "x1": "192.0.2.2/30"},
        c2={"lo": "10.0.0.2/32", "x2": "192.0.2.6/30"},
    )
    clients = tuple(peer(a, 64496, route_reflector_client=True) for a in ("192.0.2.2", "192.0.2.6"))
    nodes = [birds.node("rr", engine="bird", bgp=Bgp(asn=64496, peers=clients, redistribute=("connected",)))]
    for name, address in (("c1", "192.0.2.1"), ("c2", "192.0.2.5")):
        bgp = Bgp(asn=64496, peers=(peer(address, 64496),), redistribute=("connected",))
        nodes.append(birds.node(name, engine="bird", bgp=bgp))
    return nodes


def up(birds: Any, nodes: list[Node], eventually: Callable[..., None]) -> None:
    birds.apply(nodes)
    eventually(lambda: birds.up(*(node.name for node in nodes)))


def with_bgp(node: Node, **values: Any) -> Node:
    assert node.find(Router) is not None
    return node.having(replace(node.get(Router), bgp=replace(node.get(Router).bgp, **values)))


def test_it_reflects_and_installs(birds: Any, eventually: Callable[..., None]) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    assert birds.differences(nodes) == []
    eventually(lambda: birds.routes("c1") == {"10.0.0.2", "10.0.0.9", "192.0.2.4/30"})
    session = birds.sessions("rr")["192.0.2.2"]
    assert (session.peer_asn, session.established, session.prefixes) == (64496, 1, {"ipv4": 2})


def test_a_peer_more_and_a_peer_less_leave_the_others_alone(
    birds: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    one, two = nodes[0].get(Router).bgp.peers  # type: ignore[union-attr]
    more = peer("192.0.2.9", 64497)
    nodes[0] = with_bgp(nodes[0], peers=(one, two, more))
    (operation,) = birds.apply(nodes)
    assert operation.impact == "hitless"
    assert birds.differences(nodes) == []
    nodes[0] = with_bgp(nodes[0], peers=(one, more))
    (operation,) = birds.apply(nodes)
    assert operation.impact == "session"
    assert birds.differences(nodes) == []
    assert birds.established("rr")["192.0.2.2"] == 1
    assert birds.established("c1") == {"192.0.2.1": 1}


def test_what_is_announced_changes_while_sessions_stay(birds: Any, eventually: Callable[..., None]) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    nodes[1] = with_bgp(nodes[1], networks=(ip_network("203.0.113.0/24"),), redistribute=())
    (operation,) = birds.apply(nodes)
    assert operation.impact == "hitless"
    eventually(lambda: birds.routes("c2") == {"10.0.0.9", "192.0.2.0/30", "203.0.113.0/24"})
    assert birds.routes("c1") >= {"10.0.0.2"}, "what is announced is not installed there"
    assert "203.0.113.0/24" not in birds.routes("c1")
    assert [birds.established(name) for name in ("c1", "c2")] == [{"192.0.2.1": 1}, {"192.0.2.5": 1}]


def test_a_peer_that_changes_resets_alone(birds: Any, eventually: Callable[..., None]) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    one, two = nodes[0].get(Router).bgp.peers  # type: ignore[union-attr]
    (other,) = nodes[2].get(Router).bgp.peers  # type: ignore[union-attr]
    key = Secret("hush")
    nodes[0] = with_bgp(nodes[0], peers=(one, replace(two, password=key)))
    nodes[2] = with_bgp(nodes[2], peers=(replace(other, password=key),))
    operations = birds.apply(nodes)
    assert [operation.impact for operation in operations] == ["session", "session"]
    assert not any("hush" in line for operation in operations for line in operation.details)
    eventually(lambda: birds.up("rr", "c2"))
    assert birds.differences(nodes) == []
    assert birds.established("rr") == {"192.0.2.2": 1, "192.0.2.6": 2}
    assert birds.established("c1") == {"192.0.2.1": 1}
    assert Path(birds.place.directory("rr") / "bird.conf").stat().st_mode & 0o077 == 0


def test_what_somebody_does_to_it_is_seen_and_repaired(birds: Any, eventually: Callable[..., None]) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    control = birds.place.directory("rr") / "run-bird" / "bird.ctl"

    def birdc(*words: str) -> None:
        birdc_ = find_program("birdc") or ""
        subprocess.run([birdc_, "-s", control, *words], check=True, capture_output=True)

    birdc("disable", "ibgp_192_0_2_2")
    assert birds.sessions("rr")["192.0.2.2"].shut_down
    (operation,) = birds.differences(nodes)
    assert operation.reason == "ibgp_192_0_2_2 is disabled"
    birds.apply(nodes)
    eventually(lambda: birds.up("rr", "c1"))
    assert birds.differences(nodes) == []

    other = birds.place.directory("rr") / "other.conf"
    text = (birds.place.directory("rr") / "bird.conf").read_text()
    other.write_text(text.replace("rr client;", ""))
    birdc("configure", f'"{other}"')
    (operation,) = birds.differences(nodes)
    assert operation.reason == "somebody else configured it"
    birds.apply(nodes)
    assert birds.differences(nodes) == []
    eventually(lambda: "10.0.0.2" in birds.routes("c1"))

    (birds.place.directory("rr") / "bird.conf").write_text(text + "# mine\n")
    (operation,) = birds.differences(nodes)
    assert operation.reason == "its configuration file was changed"
    birds.apply(nodes)
    assert birds.differences(nodes) == []


def test_one_that_is_killed_starts_again_and_one_that_stands_still_is_replaced(
    birds: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    pid = int(birds.bird.pid_path("c1").read_text())
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: [o.action for o in birds.differences(nodes)] == ["create"])
    with pytest.raises(NotFoundError):
        birds.bird.sessions("c1")
    birds.apply(nodes)
    eventually(lambda: birds.up("rr", "c1"))
    pid = int(birds.bird.pid_path("c1").read_text())
    os.kill(pid, signal.SIGSTOP)
    (operation,) = birds.differences(nodes)
    assert (operation.action, operation.impact) == ("replace", "restart")
    birds.apply(nodes)
    eventually(lambda: birds.up("rr", "c1"))
    assert birds.established("c2") == {"192.0.2.5": 1}
    birds.apply([])
    assert list(birds.place.all_processes(["rr", "c1", "c2"]).values()) == [{}, {}, {}]
    assert birds.routes("c1") == set()


def test_a_configuration_that_it_refuses_leaves_all_as_it_was(
    birds: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(birds)
    up(birds, nodes, eventually)
    one, two = nodes[0].get(Router).bgp.peers  # type: ignore[union-attr]
    wrong = with_bgp(nodes[0], peers=(one, replace(two, hold_time_s=1)))
    with pytest.raises(ApplyError, match="Hold time must be in range 3-65535 or zero"):
        birds.apply([wrong, *nodes[1:]])
    assert birds.differences(nodes) == []
    assert birds.established("rr") == {"192.0.2.2": 1, "192.0.2.6": 1}


def chain(birds: Any, *engines: str) -> list[Node]:
    """Routers in a row that speak OSPF for IPv4 and IPv6, each with a loopback and a segment of hosts."""
    names = [f"r{n}" for n, _ in enumerate(engines, 1)]
    ends: dict[str, dict[str, str]] = {}
    for n, name in enumerate(names, 1):
        ends[name] = {"lo": f"10.0.0.{n}/32 2001:db8::{n}/128"}
        if n > 1:
            ends[name][f"x{n - 1}"] = f"192.0.2.{4 * n - 6}/30 2001:db8:{n - 1}::2/64"
        if n < len(names):
            ends[name][f"x{n}"] = f"192.0.2.{4 * n - 3}/30 2001:db8:{n}::1/64"
    birds.wire(**ends)
    networks = tuple(map(ip_network, ("10.0.0.0/24", "192.0.2.0/24", "2001:db8::/32")))
    return [
        birds.node(
            name,
            engine=engine,
            ospf=Ospf(
                areas=(OspfArea(area=BACKBONE, networks=networks),),
                interfaces=tuple(
                    OspfInterface(name=end, point_to_point=True) for end in ends[name] if end != "lo"
                ),
            ),
        )
        for name, engine in zip(names, engines, strict=True)
    ]


def test_ospf_with_frr_between_and_a_change_that_keeps_adjacencies(
    birds: Any, eventually: Callable[..., None]
) -> None:
    """r1 and r3 (BIRD) reach each other's loopback and r2's (FRR), by OSPFv2 and OSPFv3."""
    nodes = chain(birds, "bird", "frr", "bird")
    birds.apply(nodes)
    eventually(lambda: birds.routes("r1") == {"10.0.0.2", "10.0.0.3", "192.0.2.4/30"})
    eventually(lambda: birds.routes("r1", "-6") >= {"2001:db8::2", "2001:db8::3", "2001:db8:2::/64"})
    eventually(lambda: "10.0.0.1" in birds.ip("r2", "route", "show", "proto", "ospf"))
    neighbors = birds.bird.ospf_neighbors("r1")
    assert [(n.version, n.interface, n.router_id, n.up) for n in neighbors] == [
        (2, "x1", "10.0.0.2", True),
        (3, "x1", "10.0.0.2", True),
    ]
    assert birds.differences(nodes) == []
    log = birds.bird.log_path("r1").read_text().count("from Loading to Full")
    router = nodes[0].find(Router)
    assert router is not None
    assert router.ospf is not None
    (interface,) = router.ospf.interfaces
    dear = replace(router.ospf, interfaces=(replace(interface, cost=77),))
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), blackhole=True)
    nodes[0] = nodes[0].having(replace(router, ospf=dear, routes=(route,)))
    (operation,) = birds.apply(nodes)
    assert operation.impact == "hitless"
    eventually(lambda: "203.0.113.0/24" in birds.ip("r1", "route", "show", "proto", "bird"))
    assert all(neighbor.up for neighbor in birds.bird.ospf_neighbors("r1"))
    assert birds.bird.log_path("r1").read_text().count("from Loading to Full") == log


def test_bgp_of_all_engines(birds: Any, eventually: Callable[..., None]) -> None:
    """A (FRR), B (BIRD) and C (GoBGP) in a row of ASes: B passes on what the others announce, both ways."""
    birds.wire(
        a={"lo": "10.0.0.1/32", "x1": "192.0.2.1/30 2001:db8:1::1/64"},
        b={"lo": "10.0.0.2/32", "x1": "192.0.2.2/30 2001:db8:1::2/64", "x2": "192.0.2.5/30"},
        c={"lo": "10.0.0.3/32", "x2": "192.0.2.6/30"},
    )
    key = Secret("hush")
    six = ("ipv6",)
    a = Bgp(
        asn=64496,
        peers=(peer("192.0.2.2", 64497, password=key), peer("2001:db8:1::2", 64497, families=six)),
        networks=(ip_network("203.0.113.0/25"), ip_network("2001:db8:a::/48")),
    )
    b = Bgp(
        asn=64497,
        peers=(
            peer("192.0.2.1", 64496, password=key),
            peer("2001:db8:1::1", 64496, families=six),
            peer("192.0.2.6", 64498),
        ),
        networks=(ip_network("2001:db8:b::/48"),),
    )
    c = Bgp(asn=64498, peers=(peer("192.0.2.5", 64497),), networks=(ip_network("203.0.113.128/25"),))
    engines = (("a", "frr", a), ("b", "bird", b), ("c", "gobgp", c))
    nodes = [birds.node(name, engine=engine, bgp=bgp) for name, engine, bgp in engines]
    up_ = lambda: birds.up("b") and all(s.up for s in birds.gobgp.sessions("c"))  # noqa: E731
    birds.apply(nodes)
    eventually(up_)
    eventually(lambda: birds.routes("b") == {"203.0.113.0/25", "203.0.113.128/25"})
    eventually(lambda: birds.routes("b", "-6") == {"2001:db8:a::/48"})
    eventually(lambda: "203.0.113.128/25" in birds.ip("a", "route", "show", "proto", "bgp"))
    eventually(lambda: has_ipv6_of_b(birds))
    eventually(lambda: "203.0.113.0/25" in birds.gobgp.command("c", "global", "rib"))
    assert birds.differences(nodes) == []


def has_ipv6_of_b(birds: Any) -> bool:
    """Tell whether A learned B's prefix; a session of FRR's that was there before its interface is healed."""
    birds.network.frr.heal(["a"])
    return "2001:db8:b::/48" in birds.ip("a", "-6", "route", "show", "proto", "bgp")


def opening_s(birds: Any, node: str, protocol: str) -> float:
    """Return how long a session took from its start to its being up, by BIRD's log."""
    log = birds.bird.log_path(node).read_text()
    times = [
        datetime.fromisoformat(line.partition(" <")[0])
        for line in log.splitlines()
        if line.endswith((f"{protocol}: Starting", f"{protocol}: State changed to up"))
    ]
    return (times[-1] - times[0]).total_seconds()


def test_sessions_of_birds_are_opened_sooner_than_either_would_dial(
    birds: Any, eventually: Callable[..., None]
) -> None:
    """Three times at most: a busy machine may take longer than BIRD waits. One with a password waits."""
    birds.wire(
        a={"lo": "10.0.0.1/32", "x1": "192.0.2.1/30 2001:db8:1::1/64", "x2": "192.0.2.5/30"},
        b={"lo": "10.0.0.2/32", "x1": "192.0.2.2/30 2001:db8:1::2/64", "x2": "192.0.2.6/30"},
    )
    six: Any = {"families": ("ipv6",)}
    key: Any = {"password": Secret("hush")}
    a = (peer("192.0.2.2", 64497), peer("2001:db8:1::2", 64497, **six), peer("192.0.2.6", 64497, **key))
    b = (peer("192.0.2.1", 64496), peer("2001:db8:1::1", 64496, **six), peer("192.0.2.5", 64496, **key))
    nodes = [
        birds.node("a", engine="bird", bgp=Bgp(asn=64496, peers=a, redistribute=("connected",))),
        birds.node("b", engine="bird", bgp=Bgp(asn=64497, peers=b, redistribute=("connected",))),
    ]
    for _ in range(3):
        up(birds, nodes, eventually)
        opened = [opening_s(birds, "a", name) for name in ("ebgp_192_0_2_2", "ebgp_2001_db8_1__2")]
        assert opening_s(birds, "a", "ebgp_192_0_2_6") > 0.7
        if max(opened) < 0.7:
            break
        birds.apply([])
    else:
        pytest.fail(f"opened after {opened} s")
    eventually(lambda: birds.routes("a") == {"10.0.0.2"})
    assert birds.established("a") == {"192.0.2.2": 1, "2001:db8:1::2": 1, "192.0.2.6": 1}
    select.poll().poll(10_000)  # longer than the hold time: keepalives come and go
    assert birds.established("a") == {"192.0.2.2": 1, "2001:db8:1::2": 1, "192.0.2.6": 1}
    assert birds.up("a", "b")
