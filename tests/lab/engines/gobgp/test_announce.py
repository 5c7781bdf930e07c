"""What GoBGP announces and hands on, for real: prefixes of its own, and itself as next hop.

edge (GoBGP) has an iBGP session with inner and an eBGP session with outer, of both families.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import pytest

from nlan.model import Node
from nlan.services.router.model import Bgp, BgpPeer, Router, StaticRoute

replace = msgspec.structs.replace
SELF = {4: "192.0.2.1", 6: "2001:db8::1"}
OUTER = {4: "198.51.100.2", 6: "2001:db8:1::2"}
EDGE = {*SELF.values(), "198.51.100.1", "2001:db8:1::1"}


def peers(addresses: dict[int, str], asn: int, **more: Any) -> tuple[BgpPeer, ...]:
    return tuple(
        BgpPeer(address=ip_address(a), peer_asn=asn, families=("ipv4" if version == 4 else "ipv6",), **more)
        for version, a in addresses.items()
    )


def line(network: Any, **bgp: Any) -> list[Node]:
    network.wire(
        edge={
            "lo": "10.0.0.1/32 2001:db8:f::1/128",
            "ix": "192.0.2.1/30 2001:db8::1/64",
            "ox": "198.51.100.1/30 2001:db8:1::1/64",
        },
        inner={"lo": "10.0.0.2/32", "ix": "192.0.2.2/30 2001:db8::2/64"},
        outer={"lo": "10.0.0.3/32 2001:db8:f::3/128", "ox": "198.51.100.2/30 2001:db8:1::2/64"},
    )
    inside = peers({4: "192.0.2.2", 6: "2001:db8::2"}, 64496)
    outside = peers(OUTER, 64497)
    edge = Bgp(asn=64496, peers=(*inside, *outside), **bgp)
    return [
        network.node("edge", engine="gobgp", bgp=edge),
        network.node("inner", bgp=Bgp(asn=64496, peers=peers(SELF, 64496))),
        network.node(
            "outer",
            bgp=Bgp(
                asn=64497,
                peers=peers({4: "198.51.100.1", 6: "2001:db8:1::1"}, 64496),
                redistribute=("connected",),
            ),
        ),
    ]


def up(network: Any, nodes: list[Node]) -> None:
    network.apply(nodes)
    network.await_sessions("inner", "outer")


def changed(nodes: list[Node], **bgp: Any) -> list[Node]:
    """Return the nodes with another BGP at edge."""
    router = nodes[0].find(Router)
    return [nodes[0].having(replace(router, bgp=replace(router.bgp, **bgp))), *nodes[1:]]


def table(network: Any, node: str, version: int) -> dict[str, list[dict[str, Any]]]:
    text = network.frr.command(node, "bgpd", f"show bgp ipv{version} unicast json")
    return dict(json.loads(text or "{}").get("routes", {}))


def next_hop(network: Any, node: str, prefix: str) -> set[str]:
    paths = table(network, node, ip_network(prefix).version).get(prefix, [])
    return {hop["ip"] for path in paths for hop in path["nexthops"] if hop.get("scope") != "link-local"}


def learnt(network: Any, node: str) -> set[str]:
    """Return the prefixes of both families that a node has heard from edge."""
    return {
        prefix
        for version in (4, 6)
        for prefix, paths in table(network, node, version).items()
        if any(path.get("peerId") in EDGE for path in paths)
    }


def test_networks_and_connected_prefixes_reach_the_peers(
    network: Any, eventually: Callable[..., None]
) -> None:
    networks = tuple(map(ip_network, ("203.0.113.0/24", "2001:db8:99::/48")))
    nodes = line(network, networks=networks, redistribute=("connected",))
    up(network, nodes)
    own = {"10.0.0.1/32", "192.0.2.0/30", "198.51.100.0/30", "203.0.113.0/24"}
    own |= {"2001:db8:f::1/128", "2001:db8::/64", "2001:db8:1::/64", "2001:db8:99::/48"}
    eventually(lambda: learnt(network, "outer") == own, lambda: str(learnt(network, "outer")))
    origins = {p: paths[0]["origin"] for p, paths in table(network, "outer", 4).items() if p in own}
    assert (origins["203.0.113.0/24"], origins["10.0.0.1/32"]) == ("IGP", "incomplete")
    assert next_hop(network, "inner", "203.0.113.0/24") == {SELF[4]}
    assert next_hop(network, "inner", "2001:db8:99::/48") == {SELF[6]}
    assert network.differences(nodes) == []


def test_prefixes_come_and_go_while_sessions_stay(network: Any, eventually: Callable[..., None]) -> None:
    nodes = line(network, networks=(ip_network("203.0.113.0/25"),))
    up(network, nodes)
    eventually(lambda: learnt(network, "outer") == {"203.0.113.0/25"})
    nodes = changed(nodes, networks=tuple(map(ip_network, ("203.0.113.128/25", "2001:db8:99::/48"))))
    (operation,) = network.apply(nodes)
    assert (operation.impact, operation.reason) == ("hitless", "prefixes: 2 to add, 1 to remove")
    assert operation.details == (
        "- prefix 203.0.113.0/25 igp",
        "+ prefix 203.0.113.128/25 igp",
        "+ prefix 2001:db8:99::/48 igp",
    )
    eventually(lambda: learnt(network, "outer") == {"203.0.113.128/25", "2001:db8:99::/48"})
    assert network.differences(nodes) == []
    assert set(network.established("outer").values()) == {1}


def test_static_routes_are_announced(network: Any, eventually: Callable[..., None]) -> None:
    nodes = line(network, redistribute=("static",))
    route = StaticRoute(prefix=ip_network("203.0.113.0/24"), via=ip_address("192.0.2.2"))
    nodes[0] = nodes[0].having(replace(nodes[0].find(Router), routes=(route,)))
    up(network, nodes)
    eventually(lambda: learnt(network, "outer") == {"203.0.113.0/24"})


def test_drift_of_prefixes_is_seen_and_repaired(network: Any, eventually: Callable[..., None]) -> None:
    nodes = line(network, networks=(ip_network("203.0.113.0/24"),))
    up(network, nodes)
    command = network.gobgp.command
    command("edge", "global", "rib", "del", "203.0.113.0/24")
    command("edge", "global", "rib", "add", "203.0.113.64/26")
    command("edge", "global", "rib", "add", "2001:db8:66::/48", "-a", "ipv6")
    assert [o.impact for o in network.apply(nodes)] == ["hitless"]
    assert network.differences(nodes) == []
    eventually(lambda: learnt(network, "outer") == {"203.0.113.0/24"})
    assert set(network.established("outer").values()) == {1}


def test_a_daemon_that_is_started_again_announces_again(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = line(network, networks=(ip_network("203.0.113.0/24"),))
    up(network, nodes)
    pid = next(pid for pid, name in network.processes("edge").items() if name == "gobgpd")
    ended = os.pidfd_open(pid)
    signal.pidfd_send_signal(ended, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ended)
    assert [o.action for o in network.apply(nodes)] == ["create"]
    eventually(lambda: learnt(network, "outer") == {"203.0.113.0/24"})
    assert network.differences(nodes) == []


def with_next_hop_self(nodes: list[Node], on: bool) -> list[Node]:
    inside = tuple(
        replace(peer, next_hop_self=on) if peer.peer_asn == 64496 else peer
        for peer in nodes[0].get(Router).bgp.peers
    )
    return changed(nodes, peers=inside)


def test_next_hop_self_goes_on_and_off_while_sessions_stay(
    network: Any, eventually: Callable[..., None]
) -> None:
    nodes = line(network)
    up(network, nodes)
    outside = {"10.0.0.3/32": 4, "2001:db8:f::3/128": 6}
    for on, hops in ((False, OUTER), (True, SELF), (False, OUTER), (True, SELF)):
        nodes = with_next_hop_self(nodes, on)
        assert [o.impact for o in network.apply(nodes)] in ([], ["hitless"])
        for prefix, version in outside.items():
            eventually(
                lambda p=prefix, v=version, h=hops: next_hop(network, "inner", p) == {h[v]},
                lambda p=prefix: f"{p} {next_hop(network, 'inner', p)}",
            )
        assert network.differences(nodes) == []
    assert set(network.established("inner").values()) == {1}
    assert set(network.established("outer").values()) == {1}


def test_next_hop_self_is_there_from_the_start(network: Any, eventually: Callable[..., None]) -> None:
    up(network, nodes := with_next_hop_self(line(network), True))
    eventually(lambda: next_hop(network, "inner", "10.0.0.3/32") == {SELF[4]})
    eventually(lambda: next_hop(network, "inner", "2001:db8:f::3/128") == {SELF[6]})
    assert network.differences(nodes) == []


@pytest.mark.parametrize(
    "words",
    [
        ("policy", "neighbor", "del", "next-hop-self", "192.0.2.2"),
        ("global", "policy", "export", "del", "next-hop-self"),
    ],
    ids=["member", "policy"],
)
def test_drift_of_the_next_hop_is_seen_and_repaired(
    network: Any, eventually: Callable[..., None], words: tuple[str, ...]
) -> None:
    up(network, nodes := with_next_hop_self(line(network), True))
    network.gobgp.command("edge", *words)
    assert [o.impact for o in network.apply(nodes)] == ["hitless"]
    assert network.differences(nodes) == []
    eventually(lambda: next_hop(network, "inner", "10.0.0.3/32") == {SELF[4]})
    assert set(network.established("inner").values()) == {1}
