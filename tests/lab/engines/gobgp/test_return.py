"""Sessions with GoBGP that drop are back as soon as the other end dials, and others stay.

rr (GoBGP) has two FRR clients, which dial it, and a session with another GoBGP, which it dials.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from nlan.engines.gobgp.driver import can_listen
from nlan.engines.gobgp.render import gobgp_daemons
from nlan.model import Node
from nlan.secrets import Secret
from nlan.services.router.model import Bgp, BgpPeer, Router

replace = msgspec.structs.replace
LISTENS = shutil.which("gobgpd") is not None and can_listen()
AT_MOST_S = 4.0 if LISTENS else 8.0
"""FRR itself waits for two seconds before it dials again; a GoBGP that dials holds the session for 5 s."""

listening = pytest.mark.skipif(not LISTENS, reason="this GoBGP cannot wait for its peers, it dials them all")


def session(address: str, **more: Any) -> BgpPeer:
    return BgpPeer(address=ip_address(address), peer_asn=64496, **more)


def star(network: Any, **client: Any) -> list[Node]:
    network.wire(
        rr={"lo": "10.0.0.9/32", "x1": "192.0.2.1/30", "x2": "192.0.2.5/30", "x3": "192.0.2.9/30"},
        c1={"lo": "10.0.0.1/32", "x1": "192.0.2.2/30"},
        c2={"lo": "10.0.0.2/32", "x2": "192.0.2.6/30"},
        other={"lo": "10.0.0.3/32", "x3": "192.0.2.10/30"},
    )
    clients = (
        session("192.0.2.2", route_reflector_client=True, **client),
        session("192.0.2.6", route_reflector_client=True),
    )
    reflector = Bgp(asn=64496, peers=(*clients, session("192.0.2.10")))
    return [
        network.node("rr", engine="gobgp", bgp=reflector),
        network.node("c1", bgp=Bgp(asn=64496, peers=(session("192.0.2.1", **client),))),
        network.node("c2", bgp=Bgp(asn=64496, peers=(session("192.0.2.5"),), redistribute=("connected",))),
        network.node("other", engine="gobgp", bgp=Bgp(asn=64496, peers=(session("192.0.2.9"),))),
    ]


def up(network: Any, nodes: list[Node], eventually: Callable[..., None]) -> None:
    network.apply(nodes)
    eventually(lambda: all(s.up for name in ("rr", "other") for s in network.gobgp.sessions(name)))


def state(network: Any, peer: str = "192.0.2.2") -> str:
    return next(s.state for s in network.gobgp.sessions("rr") if s.peer == peer)


def kill(network: Any, node: str, program: str) -> None:
    pid = next(pid for pid, name in network.processes(node).items() if name == program)
    ended = os.pidfd_open(pid)
    signal.pidfd_send_signal(ended, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ended)


@listening
def test_those_that_dial_are_waited_for(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    (wanted,) = (r for r in network.resources(nodes) if r.key.namespace == "rr")
    assert list(map(str, wanted.listens)) == ["192.0.2.2", "192.0.2.6"]
    up(network, nodes, eventually)
    assert network.differences(nodes) == []
    assert network.established("rr") == {"192.0.2.2": 1, "192.0.2.6": 1, "192.0.2.10": 1}


def test_a_session_that_is_reset_is_back_soon(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    for count in (2, 3, 4):
        network.frr.command("c1", "bgpd", "clear bgp *")
        begun = time.monotonic()
        eventually(lambda n=count: network.established("c1") == {"192.0.2.1": n})
        assert time.monotonic() - begun < AT_MOST_S
    eventually(lambda: "10.0.0.2/32" in network.frr.command("c1", "bgpd", "show bgp ipv4 unicast"))
    eventually(lambda: network.established("rr") == {"192.0.2.2": 4, "192.0.2.6": 1, "192.0.2.10": 1})
    assert network.differences(nodes) == []


def test_a_peer_that_is_away_is_told_of(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    kill(network, "c1", "bgpd")
    eventually(lambda: state(network) == "Active")
    assert network.gobgp.sessions("rr")[0]._replace(uptime_s=0.0) == (
        "192.0.2.10",
        "Established",
        64496,
        1,
        0.0,
        {"ipv4": 0},
    )
    assert [o.key.name for o in network.differences(nodes)] == ["bgpd"]
    begun = time.monotonic()
    network.apply(nodes)
    eventually(lambda: state(network) == "Established")
    assert time.monotonic() - begun < AT_MOST_S


def test_a_link_that_was_cut_costs_no_more_than_its_hold_time(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    network.ip("c1", "link", "set", "x1", "down")
    eventually(lambda: state(network) == "Active")
    network.ip("c1", "link", "set", "x1", "up")
    begun = time.monotonic()
    eventually(lambda: state(network) == "Established")
    assert time.monotonic() - begun < AT_MOST_S


CHANGES: dict[str, dict[str, Any]] = {
    "no-client": {"route_reflector_client": False},
    "timers": {"keepalive_s": 1, "hold_time_s": 3},
    "description": {"description": "the first"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_peer_that_changes_resets_alone(network: Any, eventually: Callable[..., None], change: str) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    first, *others = nodes[0].get(Router).bgp.peers
    bgp = replace(nodes[0].get(Router).bgp, peers=(replace(first, **CHANGES[change]), *others))
    nodes[0] = nodes[0].having(replace(nodes[0].find(Router), bgp=bgp))
    (operation,) = network.apply(nodes)
    assert operation.impact == "session"
    assert network.differences(nodes) == []
    eventually(lambda: network.established("c1") == {"192.0.2.1": 2})
    eventually(lambda: network.established("rr") == {"192.0.2.2": 2, "192.0.2.6": 1, "192.0.2.10": 1})


def with_password(nodes: list[Node], password: str | None) -> list[Node]:
    """Return the nodes with another key between rr and c1."""
    result = []
    for node in nodes:
        bgp = node.get(Router).bgp
        ends = tuple(
            replace(peer, password=password and Secret(password))
            if str(peer.address) in ("192.0.2.1", "192.0.2.2")
            else peer
            for peer in bgp.peers
        )
        result.append(node.having(replace(node.find(Router), bgp=replace(bgp, peers=ends))))
    return result


def test_keys_come_change_and_go(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network, password=Secret("first"))
    up(network, nodes, eventually)
    network.frr.command("c1", "bgpd", "clear bgp *")
    eventually(lambda: network.established("c1") == {"192.0.2.1": 2})
    for count, password in enumerate((None, "second", "third", None), 3):
        nodes = with_password(nodes, password)
        network.apply(nodes)
        eventually(lambda n=count: network.established("rr")["192.0.2.2"] == n)
        assert network.differences(nodes) == []
    assert network.established("rr")["192.0.2.6"] == 1


def test_a_wrong_key_keeps_the_session_down(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network, password=Secret("first"))
    nodes[1] = with_password(nodes, "other")[1]
    network.apply(nodes)
    eventually(lambda: state(network, "192.0.2.6") == "Established")
    network.frr.command("c1", "bgpd", "clear bgp *")
    eventually(lambda: state(network, "192.0.2.10") == "Established")
    assert state(network) == "Active"


def test_a_peer_of_another_as_is_refused(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    foreign = replace(nodes[1].get(Router).bgp, asn=64500)
    nodes[1] = nodes[1].having(replace(nodes[1].find(Router), bgp=foreign))
    network.apply(nodes)
    eventually(lambda: state(network, "192.0.2.6") == "Established")
    assert network.established("rr")["192.0.2.2"] == 0


@listening
def test_a_peer_deleted_by_hand_dials_again(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    network.gobgp.command("rr", "neighbor", "del", "192.0.2.2")
    eventually(lambda: network.established("c1") == {"192.0.2.1": 2})
    assert network.differences(nodes) == []


def test_a_peer_that_is_dialled_and_deleted_by_hand_is_repaired(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    network.gobgp.command("rr", "neighbor", "del", "192.0.2.10")
    assert [o.impact for o in network.apply(nodes)] == ["hitless"]
    assert network.differences(nodes) == []
    eventually(lambda: state(network, "192.0.2.10") == "Established")
    assert network.established("c1") == {"192.0.2.1": 1}


@listening
def test_another_peer_in_the_place_of_one_that_is_away_is_repaired(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = star(network)
    up(network, nodes, eventually)
    kill(network, "c1", "bgpd")
    eventually(lambda: state(network) == "Active")
    network.gobgp.command("rr", "neighbor", "add", "192.0.2.2", "as", "64499")
    assert {(o.key.name, o.impact) for o in network.apply(nodes)} == {
        ("gobgpd", "session"),
        ("bgpd", "restart"),
    }
    assert network.differences(nodes) == []
    eventually(lambda: state(network) == "Established")
    assert network.established("rr")["192.0.2.6"] == 1


def test_with_standard_timers_all_are_dialled(network: Any, eventually: Callable[..., None]) -> None:
    nodes = star(network)
    (slow,) = gobgp_daemons(nodes[0], "standard")
    assert slow.listens == ()
    up(network, nodes, eventually)
    (fast,) = (r for r in network.resources(nodes) if r.key.namespace == "rr")
    differs = slow.difference(fast)
    assert differs is not None
    assert "192.0.2.2 (changed)" in differs.reason
