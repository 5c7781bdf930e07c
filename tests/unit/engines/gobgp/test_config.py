"""GoBGP's file and what its tool shows."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import msgspec

from nlan.engines.gobgp.config import (
    config_text,
    parse_applied,
    parse_local_paths,
    parse_next_hop_self,
    parse_peers,
    parse_sessions,
    path_words,
    peer_from,
)
from nlan.engines.gobgp.log import count_ups
from nlan.engines.gobgp.resource import GobgpDaemon, LocalPath
from nlan.engines.gobgp.snapshot import is_let_in
from nlan.secrets import Secret
from nlan.services.router.model import BgpPeer

CLIENT = BgpPeer(
    address=ip_address("192.0.2.2"), peer_asn=64496, route_reflector_client=True, keepalive_s=3, hold_time_s=9
)
OTHER = BgpPeer(
    address=ip_address("2001:db8::2"),
    peer_asn=64497,
    password=Secret("hush"),
    ebgp_multihop=3,
    families=("ipv4", "ipv6"),
    update_source="2001:db8::1",
)


def daemon(*peers: BgpPeer, asn: int = 64496) -> GobgpDaemon:
    return GobgpDaemon(namespace="rr", asn=asn, router_id=IPv4Address("10.0.0.9"), peers=peers)


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
    assert other["config"]["auth-password"] == "hush"
    assert other["ebgp-multihop"]["config"] == {"enabled": True, "multihop-ttl": 3}
    assert other["transport"]["config"] == {"local-address": "2001:db8::1"}
    assert [f["config"]["afi-safi-name"] for f in other["afi-safis"]] == ["ipv4-unicast", "ipv6-unicast"]


def test_a_peer_that_dials_is_let_in_by_a_group_of_its_own() -> None:
    config: dict[str, Any] = json.loads(config_text(daemon(CLIENT, OTHER), listens={OTHER.address}))
    assert [n["config"]["neighbor-address"] for n in config["neighbors"]] == ["192.0.2.2"]
    (group,) = config["peer-groups"]
    assert group["config"] == {
        "peer-group-name": "nlan 2001:db8::2",
        "peer-as": 64497,
        "auth-password": "hush",
    }
    assert config["dynamic-neighbors"] == [
        {"config": {"prefix": "2001:db8::2/128", "peer-group": "nlan 2001:db8::2"}}
    ]
    assert "defined-sets" not in config


def test_next_hop_self_is_a_policy() -> None:
    inside = msgspec.structs.replace(CLIENT, next_hop_self=True)
    config: dict[str, Any] = json.loads(config_text(daemon(inside, OTHER), listens={CLIENT.address}))
    assert config["global"]["apply-policy"]["config"]["export-policy-list"] == ["next-hop-self"]
    (members,) = config["defined-sets"]["neighbor-sets"]
    assert members["neighbor-info-list"] == ["192.0.2.2"]
    ((statement,),) = (policy["statements"] for policy in config["policy-definitions"])
    assert statement["conditions"]["bgp-conditions"] == {"route-type": "external"}
    assert statement["actions"] == {"bgp-actions": {"set-next-hop": "self"}}


def test_what_it_shows_of_the_policy() -> None:
    sets = [{"name": "next-hop-self", "list": ["192.0.2.2/32", "2001:db8::2/128"]}, {"name": "x"}]
    assert parse_next_hop_self(json.dumps(sets)) == {"192.0.2.2", "2001:db8::2"}
    assert parse_next_hop_self("null") == frozenset()
    assert parse_applied(json.dumps({"policies": [{"name": "next-hop-self"}]}))
    assert not parse_applied(json.dumps({"name": "global", "default_action": 1}))


def test_a_path_is_its_own_where_no_peer_told_it() -> None:
    rib = {
        "203.0.113.0/24": [{"attrs": [{"type": 1, "value": 2}, {"type": 3, "nexthop": "0.0.0.0"}]}],
        "198.51.100.0/24": [{"attrs": [{"type": 1, "value": 0}], "neighbor-ip": "192.0.2.2"}],
        "2001:db8::/48": [{"attrs": [{"type": 1, "value": 0}]}],
    }
    found = list(parse_local_paths(json.dumps(rib)))
    assert found == [path("203.0.113.0/24", "incomplete"), path("2001:db8::/48", "igp")]
    assert list(parse_local_paths("{}")) == list(parse_local_paths("")) == []


def test_the_words_for_a_path() -> None:
    words = ("global", "rib", "add", "203.0.113.0/24", "origin", "incomplete", "-a", "ipv4")
    assert path_words("add", path("203.0.113.0/24", "incomplete")) == words
    assert path_words("del", path("2001:db8::/48", "igp"))[2:] == ("del", "2001:db8::/48", "-a", "ipv6")


def path(prefix: str, origin: Any) -> LocalPath:
    return LocalPath(prefix=ip_network(prefix), origin=origin)


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
    assert peer_from("192.0.2.2", shown["192.0.2.2"].values) == CLIENT
    assert not is_let_in("192.0.2.2", shown["192.0.2.2"])
    (session,) = parse_sessions(json.dumps(SHOWN), now=130.0, ups={"192.0.2.2": 2})
    assert (session.up, session.established, session.uptime_s, session.prefixes) == (
        True,
        2,
        30.0,
        {"ipv4": 4},
    )


def test_a_peer_that_was_let_in_has_its_address_in_its_state() -> None:
    (entry,) = SHOWN
    conf = {"local_asn": 64496, "peer_asn": 64496, "peer_group": "nlan 192.0.2.2"}
    let_in = json.dumps([{**entry, "conf": conf, "state": {"neighbor_address": "192.0.2.2"}}])
    (found,) = parse_peers(let_in).items()
    assert is_let_in(*found)
    assert [s.peer for s in parse_sessions(let_in, 0.0, {})] == ["192.0.2.2"]


def test_without_peers_it_shows_null() -> None:
    assert parse_peers("null") == {}
    assert parse_sessions("null", 0.0, {}) == []


def test_the_log_counts_sessions() -> None:
    up = 'time="2030-01-01T00:00:00Z" level=info msg="Peer Up" Key={} State=BGP_FSM_OPENCONFIRM Topic=Peer'
    keys = ("192.0.2.2", '"2001:db8::2"', "192.0.2.2")
    text = "\n".join(['level=info msg="gobgpd started"', *(up.format(key) for key in keys)])
    assert count_ups(text) == {"192.0.2.2": 2, "2001:db8::2": 1}
