"""GoBGP for real: a route reflector between FRR routers, changed while it runs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from nlan.engines.gobgp.driver import GobgpDriver
from nlan.errors import NotFoundError
from nlan.model import Node
from nlan.secrets import Secret
from nlan.services.router.model import Bgp, BgpPeer, Router

replace = msgspec.structs.replace


def star(network: Any) -> list[Node]:
    """rr reflects between two clients; nobody else speaks to anybody."""
    network.wire(
        rr={"lo": "10.0.0.9/32", "x1": "192.0.2.1/30", "x2": "192.0.2.5/30"},
        c1={"lo": "10.0.0.1/32", "x1": "192.0.2.2/30"},
        c2={"lo": "10.0.0.2/32", "x2": "192.0.2.6/30"},
    )
    clients = tuple(
        BgpPeer(address=ip_address(a), peer_asn=64496, route_reflector_client=True)
        for a in ("192.0.2.2", "192.0.2.6")
    )
    nodes = [network.node("rr", engine="gobgp", bgp=Bgp(asn=64496, peers=clients))]
    for name, address in (("c1", "192.0.2.1"), ("c2", "192.0.2.5")):
        peer = BgpPeer(address=ip_address(address), peer_asn=64496)
        nodes.append(network.node(name, bgp=Bgp(asn=64496, peers=(peer,), redistribute=("connected",))))
    return nodes


def up(network: Any, nodes: list[Node], eventually: Callable[..., None]) -> None:
    network.apply(nodes)
    network.await_sessions("c1", "c2")
    eventually(lambda: all(s.up for s in network.gobgp.sessions("rr")))


def with_peers(node: Node, *peers: BgpPeer) -> Node:
    return node.having(replace(node.find(Router), bgp=replace(node.get(Router).bgp, peers=peers)))


def test_it_reflects(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    assert network.differences(nodes) == []
    eventually(lambda: "10.0.0.2/32" in network.frr.command("c1", "bgpd", "show bgp ipv4 unicast"))
    assert network.established("c1") == {"192.0.2.1": 1}
    assert "10.0.0.1/32" in network.gobgp.command("rr", "global", "rib")


def test_a_peer_more_and_a_peer_less_leave_the_others_alone(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    one, two = nodes[0].get(Router).bgp.peers
    more = BgpPeer(address=ip_address("192.0.2.9"), peer_asn=64497)
    nodes[0] = with_peers(nodes[0], one, two, more)
    (operation,) = network.apply(nodes)
    assert operation.impact == "hitless"
    assert network.differences(nodes) == []
    nodes[0] = with_peers(nodes[0], one, more)
    (operation,) = network.apply(nodes)
    assert operation.impact == "session"
    assert network.differences(nodes) == []
    assert network.established("rr")["192.0.2.2"] == 1
    assert network.established("c1") == {"192.0.2.1": 1}


def test_a_peer_that_changes_resets_alone(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    one, two = nodes[0].get(Router).bgp.peers
    nodes[0] = with_peers(nodes[0], one, replace(two, route_reflector_client=False, password=Secret("hush")))
    (operation,) = network.apply(nodes)
    assert operation.impact == "session"
    assert "hush" not in "".join(operation.details)
    assert network.differences(nodes) == []
    assert network.established("c1") == {"192.0.2.1": 1}


def test_drift_is_seen_and_repaired(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    command = network.gobgp.command
    command("rr", "neighbor", "add", "192.0.2.9", "as", "64499")
    eventually(lambda: "192.0.2.9" in command("rr", "neighbor"))
    assert [o.impact for o in network.apply(nodes)] == ["session"]
    assert network.differences(nodes) == []
    assert "192.0.2.9" not in command("rr", "neighbor")
    assert network.established("rr") == {"192.0.2.2": 1, "192.0.2.6": 1}


def test_a_killed_daemon_is_started_again(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    pid = next(pid for pid, name in network.processes("rr").items() if name == "gobgpd")
    ended = os.pidfd_open(pid)
    signal.pidfd_send_signal(ended, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ended)
    with pytest.raises(NotFoundError):
        network.gobgp.sessions("rr")
    assert [o.action for o in network.differences(nodes)] == ["create"]
    up(network, nodes, eventually)


def test_a_daemon_whose_number_was_lost_is_ended(network: Any) -> None:
    """As by an nlan that was killed before it wrote the number down."""
    nodes = star(network)[:1]
    network.apply(nodes)
    (network.place.directory("rr") / "gobgpd.pid").unlink()
    assert [o.action for o in network.differences(nodes)] == ["create"]
    network.apply(nodes)
    assert list(network.processes("rr").values()) == ["gobgpd"]


def test_a_kill_between_the_reloads_of_a_change_is_made_good(
    network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rr, *_ = star(network)
    network.apply([rr])
    await_peers = GobgpDriver._await_peers

    def await_peers_and_end(*args: Any, **more: Any) -> None:
        await_peers(*args, **more)
        raise KeyboardInterrupt

    one, other = rr.get(Router).bgp.peers
    rr = with_peers(rr, replace(one, password=Secret("hush")), other)
    monkeypatch.setattr(GobgpDriver, "_await_peers", await_peers_and_end)
    with pytest.raises(KeyboardInterrupt):
        network.apply([rr])
    monkeypatch.undo()
    network.apply([rr])
    assert network.differences([rr]) == []
    assert "0.0.0.1" not in network.gobgp.command("rr", "neighbor")


def test_a_daemon_that_is_busy_for_a_while_is_waited_for(network: Any) -> None:
    network.apply(star(network)[:1])
    (pid,) = network.processes("rr")
    os.kill(pid, signal.SIGSTOP)
    waking = threading.Timer(2, os.kill, (pid, signal.SIGCONT))
    waking.start()
    try:
        assert [session.peer for session in network.gobgp.sessions("rr")] == ["192.0.2.2", "192.0.2.6"]
    finally:
        waking.join()


def test_another_as_is_another_process(network: Any) -> None:
    nodes = star(network)
    network.apply(nodes)
    bgp = replace(nodes[0].get(Router).bgp, asn=64500)
    nodes[0] = nodes[0].having(replace(nodes[0].find(Router), bgp=bgp))
    (operation,) = network.apply(nodes)
    assert (operation.action, operation.impact) == ("replace", "restart")
    assert network.differences(nodes) == []


def test_it_ends_without_a_trace(network: Any) -> None:
    nodes = star(network)
    network.apply(nodes)
    network.apply([])
    assert not network.processes("rr")
    assert not list(network.place.directory("rr").glob("gobgpd*"))
