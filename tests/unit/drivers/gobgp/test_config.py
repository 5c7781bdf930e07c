"""GoBGP's file and what its tool shows."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

from nlan.drivers.gobgp.config import config_text, parse_peers, parse_sessions, peer_from
from nlan.model import BgpPeer
from nlan.resources import GobgpDaemon

CLIENT = BgpPeer(
    address=ip_address("192.0.2.2"), peer_asn=64496, route_reflector_client=True, keepalive_s=3, hold_time_s=9
)
OTHER = BgpPeer(
    address=ip_address("2001:db8::2"),
    peer_asn=64497,
    password="secret",
    ebgp_multihop=3,
    families=("ipv4", "ipv6"),
    update_source="2001:db8::1",
)


def daemon(*peers: BgpPeer, asn: int = 64496) -> GobgpDaemon:
    return GobgpDaemon(namespace="rr", asn=asn, router_id=ip_address("10.0.0.9"), peers=peers)


def test_the_file() -> None:
    config: dict[str, Any] = json.loads(config_text(daemon(CLIENT, OTHER)))
    assert config["global"]["config"] == {"as": 64496, "router-id": "10.0.0.9"}
    client, other = config["neighbors"]
    assert client["route-reflector"]["config"] == {
        "route-reflector-client": True,
        "route-reflector-cluster-id": "10.0.0.9",
    }
    assert client["timers"]["config"] == {
        "connect-retry": 1,
        "idle-hold-time-after-reset": 1,
        "hold-time": 9,
        "keepalive-interval": 3,
    }
    assert other["config"]["auth-password"] == "secret"
    assert other["ebgp-multihop"]["config"] == {"enabled": True, "multihop-ttl": 3}
    assert other["transport"]["config"] == {"local-address": "2001:db8::1"}
    assert [f["config"]["afi-safi-name"] for f in other["afi-safis"]] == ["ipv4-unicast", "ipv6-unicast"]


SHOWN = [
    {
        "conf": {"local_asn": 64496, "neighbor_address": "192.0.2.2", "peer_asn": 64496},
        "route_reflector": {"route_reflector_client": True, "route_reflector_cluster_id": "10.0.0.9"},
        "state": {"session_state": 6},
        "timers": {
            "config": {"hold_time": 9, "keepalive_interval": 3},
            "state": {"uptime": {"seconds": 100}},
        },
        "afi_safis": [{"config": {"family": {"afi": 1, "safi": 1}}, "state": {"received": 4}}],
    }
]


def test_what_it_shows_is_the_peer_again() -> None:
    shown = parse_peers(json.dumps(SHOWN))
    assert peer_from("192.0.2.2", shown["192.0.2.2"]) == CLIENT
    (session,) = parse_sessions(json.dumps(SHOWN), now=130.0)
    assert (session.up, session.established, session.uptime_s, session.prefixes) == (
        True,
        1,
        30.0,
        {"ipv4": 4},
    )


def test_without_peers_it_shows_null() -> None:
    assert parse_peers("null") == {}
    assert parse_sessions("null", now=0.0) == []


def test_a_difference_names_the_peers_that_reset() -> None:
    assert daemon(CLIENT).difference(daemon(CLIENT)) is None
    added = daemon(CLIENT, OTHER).difference(daemon(CLIENT))
    assert added is not None
    assert (added.impact, "secret" in "".join(added.details)) == ("hitless", False)
    removed = daemon(CLIENT).difference(daemon(CLIENT, OTHER))
    assert removed is not None
    assert (removed.impact, removed.reason) == (
        "session",
        "peers: 0 to add, 1 to remove, 0 to change; resets 2001:db8::2 (removed)",
    )
    another = daemon(CLIENT).difference(daemon(CLIENT, asn=64500))
    assert another is not None
    assert (another.impact, another.in_place) == ("restart", False)
