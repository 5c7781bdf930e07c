"""GoBGP's configuration file, and what its command line tool shows of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Literal, NamedTuple

from nlan.engines.base import BgpSession
from nlan.engines.gobgp.resource import GobgpDaemon, LocalPath
from nlan.model.codec import IpAddress
from nlan.secrets import Secret
from nlan.services.router.model import BgpPeer

CONNECT_RETRY_S = 1
IDLE_HOLD_S = 1
"""How long a peer whose session was reset by hand is refused; GoBGP's default is 30 s."""
NEXT_HOP_SELF = "next-hop-self"
"""The policy that makes GoBGP the next hop, its statement, and the set of peers it is for."""
MARKER = ip_address("0.0.0.1")
"""Nobody's address: a peer of it is there to be seen, and speaks to nobody."""
_ORIGIN = 1
"""The path attribute (RFC 4271, section 4.3)."""
_FAMILIES: Mapping[str, Literal["ipv4", "ipv6"]] = {"1": "ipv4", "2": "ipv6"}
STATES = ("unknown", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established")
"""Session states by number (apipb.PeerState.SessionState)."""


def config_text(
    daemon: GobgpDaemon, peers: Sequence[BgpPeer] | None = None, listens: Collection[IpAddress] = ()
) -> str:
    """Return the configuration file as JSON, with all peers of the daemon or with `peers`.

    Args:
        daemon: What shall run.
        peers: Who shall be in the file, if not all of the daemon's.
        listens: Those of them that GoBGP waits for.
    """
    shown = daemon.peers if peers is None else peers
    dialled = [peer for peer in shown if peer.address not in listens]
    awaited = [peer for peer in shown if peer.address in listens]
    config = {
        "global": {"config": {"as": daemon.asn, "router-id": str(daemon.router_id)}},
        "neighbors": [_neighbor(peer, daemon) for peer in dialled],
        "peer-groups": [_group(peer, daemon) for peer in awaited],
        "dynamic-neighbors": [_dynamic(peer) for peer in awaited],
    }
    _add_policy(config, [peer for peer in shown if peer.next_hop_self])
    return json.dumps(config, indent=1)


def _add_policy(config: dict[str, Any], peers: Sequence[BgpPeer]) -> None:
    """Be the next hop, to these peers, of what external ones told: GoBGP has no such option of a peer."""
    if not peers:
        return
    members = [str(peer.address) for peer in peers]
    neighbors = {"neighbor-set-name": NEXT_HOP_SELF, "neighbor-info-list": members}
    statement = {
        "name": NEXT_HOP_SELF,
        "conditions": {
            "match-neighbor-set": {"neighbor-set": NEXT_HOP_SELF, "match-set-options": "any"},
            "bgp-conditions": {"route-type": "external"},
        },
        "actions": {"bgp-actions": {"set-next-hop": "self"}},
    }
    config["defined-sets"] = {"neighbor-sets": [neighbors]}
    config["policy-definitions"] = [{"name": NEXT_HOP_SELF, "statements": [statement]}]
    applied = {"export-policy-list": [NEXT_HOP_SELF], "default-export-policy": "accept-route"}
    config["global"]["apply-policy"] = {"config": applied | {"default-import-policy": "accept-route"}}


def marker(daemon: GobgpDaemon) -> BgpPeer:
    """Return a peer that is none: GoBGP shows it once it has read the file."""
    return BgpPeer(address=MARKER, peer_asn=daemon.asn)


def group_name(address: IpAddress | str) -> str:
    """Return the peer group of a peer that GoBGP waits for; it is the group's only one."""
    return f"nlan {address}"


def prefix_of(address: IpAddress) -> str:
    """Return the prefix that holds this address alone."""
    return f"{address}/{address.max_prefixlen}"


def _group(peer: BgpPeer, daemon: GobgpDaemon) -> dict[str, Any]:
    group = _neighbor(peer, daemon)
    del group["config"]["neighbor-address"]
    group["config"]["peer-group-name"] = group_name(peer.address)
    return group


def _dynamic(peer: BgpPeer) -> dict[str, Any]:
    return {"config": {"prefix": prefix_of(peer.address), "peer-group": group_name(peer.address)}}


def _neighbor(peer: BgpPeer, daemon: GobgpDaemon) -> dict[str, Any]:
    config: dict[str, Any] = {"neighbor-address": str(peer.address), "peer-as": peer.peer_asn}
    if peer.address == MARKER:
        config["admin-down"] = True
    if peer.password is not None:
        config["auth-password"] = peer.password.reveal()
    if peer.description:
        config["description"] = peer.description
    result: dict[str, Any] = {
        "config": config,
        "timers": {"config": _timers(peer)},
        "afi-safis": [{"config": {"afi-safi-name": f"{family}-unicast"}} for family in peer.families],
    }
    if peer.route_reflector_client:
        reflector = {"route-reflector-client": True, "route-reflector-cluster-id": str(daemon.router_id)}
        result["route-reflector"] = {"config": reflector}
    if peer.ebgp_multihop is not None and peer.peer_asn != daemon.asn:
        result["ebgp-multihop"] = {"config": {"enabled": True, "multihop-ttl": peer.ebgp_multihop}}
    if peer.update_source is not None:
        result["transport"] = {"config": {"local-address": peer.update_source}}
    return result


def _timers(peer: BgpPeer) -> dict[str, int]:
    timers = {"connect-retry": CONNECT_RETRY_S, "idle-hold-time-after-reset": IDLE_HOLD_S}
    if peer.hold_time_s is not None:
        timers["hold-time"] = peer.hold_time_s
    if peer.keepalive_s is not None:
        timers["keepalive-interval"] = peer.keepalive_s
    return timers


class Shown(NamedTuple):
    """A peer as GoBGP shows it.

    Attributes:
        group: The peer group that it was let in by; empty where it was configured by itself.
        values: Its configuration.
    """

    group: str
    values: dict[str, Any]


def parse_peers(text: str) -> dict[str, Shown]:
    """Return what ``gobgp -j neighbor`` shows of each peer's configuration, per address."""
    return {_address(entry): _shown(entry) for entry in json.loads(text) or []}


def _address(entry: dict[str, Any]) -> str:
    """Return a peer's address, which one that was let in has in its state alone."""
    return str(entry["conf"].get("neighbor_address") or entry["state"]["neighbor_address"])


def _shown(entry: dict[str, Any]) -> Shown:
    conf, timers = entry["conf"], entry.get("timers", {}).get("config", {})
    values = {
        "peer_asn": conf.get("peer_asn", 0),
        "password": conf.get("auth_password"),
        "description": conf.get("description"),
        "route_reflector_client": entry.get("route_reflector", {}).get("route_reflector_client", False),
        "ebgp_multihop": entry.get("ebgp_multihop", {}).get("multihop_ttl"),
        "families": sorted(_families(entry)),
        "keepalive_s": timers.get("keepalive_interval"),
        "hold_time_s": timers.get("hold_time"),
    }
    return Shown(conf.get("peer_group", ""), values)


def _families(entry: dict[str, Any]) -> list[Literal["ipv4", "ipv6"]]:
    numbers = [str(item["config"]["family"].get("afi")) for item in entry.get("afi_safis", [])]
    return [_FAMILIES[number] for number in numbers if number in _FAMILIES]


def peer_from(address: str, values: Mapping[str, Any]) -> BgpPeer:
    """Return the peer that GoBGP shows."""
    password = None if values["password"] is None else Secret(values["password"])
    typed = {**values, "families": tuple(values["families"]), "password": password}
    return BgpPeer(address=ip_address(address), **typed)


def parse_next_hop_self(text: str) -> frozenset[str]:
    """Return the peers of ``gobgp -j policy neighbor`` that GoBGP is the next hop to."""
    members = {entry["name"]: entry.get("list", []) for entry in json.loads(text) or []}
    return frozenset(member.partition("/")[0] for member in members.get(NEXT_HOP_SELF, ()))


def parse_applied(text: str) -> bool:
    """Tell whether ``gobgp -j global policy export`` shows the policy of `config_text` applied."""
    policies = (json.loads(text) or {}).get("policies") or []
    return any(policy["name"] == NEXT_HOP_SELF for policy in policies)


def parse_local_paths(text: str) -> Iterator[LocalPath]:
    """Yield what ``gobgp -j global rib`` shows of prefixes that no peer told."""
    for prefix, paths in (json.loads(text or "null") or {}).items():
        for path in paths:
            if "neighbor-ip" not in path:
                origin = next((a.get("value") for a in path["attrs"] if a["type"] == _ORIGIN), 0)
                yield LocalPath(prefix=ip_network(prefix), origin="incomplete" if origin else "igp")


def path_words(action: Literal["add", "del"], path: LocalPath) -> tuple[str, ...]:
    """Return the words that make ``gobgp`` announce a prefix or leave it."""
    family = ("-a", f"ipv{path.prefix.version}")
    origin = ("origin", path.origin) if action == "add" else ()
    return "global", "rib", action, str(path.prefix), *origin, *family


def parse_sessions(text: str, now: float, ups: Mapping[str, int]) -> list[BgpSession]:
    """Return the sessions of ``gobgp -j neighbor``.

    Args:
        text: Its output.
        now: Seconds of the epoch.
        ups: How often each peer's session came up.
    """
    return sorted(_session(entry, now, ups) for entry in json.loads(text) or [])


def _session(entry: dict[str, Any], now: float, ups: Mapping[str, int]) -> BgpSession:
    address, state = _address(entry), STATES[entry["state"].get("session_state", 0)]
    up = state == "Established"
    since = entry.get("timers", {}).get("state", {}).get("uptime", {}).get("seconds", 0)
    prefixes: dict[str, int] = {}
    for item in entry.get("afi_safis", []):
        family = _FAMILIES.get(str(item["config"]["family"].get("afi")))
        if family is not None:
            prefixes[family] = item.get("state", {}).get("received", 0)
    return BgpSession(
        address,
        state,
        entry["conf"].get("peer_asn", 0),
        ups.get(address, 0),
        max(0.0, now - since) if up else 0.0,
        prefixes,
    )
