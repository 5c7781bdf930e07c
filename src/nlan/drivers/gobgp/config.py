"""GoBGP's configuration file, and what its command line tool shows of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple

from nlan.model import BgpPeer
from nlan.resources import GobgpDaemon

CONNECT_RETRY_S = 1
IDLE_HOLD_S = 1
"""How long a peer that went away is refused; GoBGP's default is 30 s."""
_FAMILIES: Mapping[str, Literal["ipv4", "ipv6"]] = {"1": "ipv4", "2": "ipv6"}
STATES = ("unknown", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established")
"""Session states by number (apipb.PeerState.SessionState)."""


class GobgpSession(NamedTuple):
    """One BGP peer as GoBGP sees it.

    Attributes:
        peer: Its address.
        state: ``Established``, ``Active``, …
        peer_asn: Its AS as configured.
        established: How often the session came up since the daemon started; GoBGP counts what
            went down, so this is one more while it is up.
        uptime_s: Seconds since it came up; 0 while it is down.
        prefixes: Received, per family (``ipv4``, ``ipv6``).
    """

    peer: str
    state: str
    peer_asn: int
    established: int
    uptime_s: float
    prefixes: dict[str, int]

    @property
    def up(self) -> bool:
        """Whether routes can be exchanged."""
        return self.state == "Established"


def config_text(daemon: GobgpDaemon, peers: Sequence[BgpPeer] | None = None) -> str:
    """Return the configuration file as JSON, with all peers of the daemon or with `peers`."""
    shown = daemon.peers if peers is None else peers
    return json.dumps(
        {
            "global": {"config": {"as": daemon.asn, "router-id": str(daemon.router_id)}},
            "neighbors": [_neighbor(peer, daemon) for peer in shown],
        },
        indent=1,
    )


def _neighbor(peer: BgpPeer, daemon: GobgpDaemon) -> dict[str, Any]:
    config: dict[str, Any] = {"neighbor-address": str(peer.address), "peer-as": peer.peer_asn}
    if peer.password is not None:
        config["auth-password"] = peer.password
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
        result["transport"] = {"config": {_source_key(peer.update_source): peer.update_source}}
    return result


def _source_key(source: str) -> str:
    try:
        ip_address(source)
    except ValueError:
        return "bind-interface"
    return "local-address"


def _timers(peer: BgpPeer) -> dict[str, int]:
    timers = {"connect-retry": CONNECT_RETRY_S, "idle-hold-time-after-reset": IDLE_HOLD_S}
    if peer.hold_time_s is not None:
        timers["hold-time"] = peer.hold_time_s
    if peer.keepalive_s is not None:
        timers["keepalive-interval"] = peer.keepalive_s
    return timers


def parse_peers(text: str) -> dict[str, dict[str, Any]]:
    """Return what ``gobgp -j neighbor`` shows of each peer's configuration, per address."""
    return {entry["conf"]["neighbor_address"]: _shown(entry) for entry in json.loads(text) or []}


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    conf, timers = entry["conf"], entry.get("timers", {}).get("config", {})
    return {
        "peer_asn": conf.get("peer_asn", 0),
        "password": conf.get("auth_password"),
        "description": conf.get("description"),
        "route_reflector_client": entry.get("route_reflector", {}).get("route_reflector_client", False),
        "ebgp_multihop": entry.get("ebgp_multihop", {}).get("multihop_ttl"),
        "families": sorted(_families(entry)),
        "keepalive_s": timers.get("keepalive_interval"),
        "hold_time_s": timers.get("hold_time"),
    }


def _families(entry: dict[str, Any]) -> list[Literal["ipv4", "ipv6"]]:
    numbers = [str(item["config"]["family"].get("afi")) for item in entry.get("afi_safis", [])]
    return [_FAMILIES[number] for number in numbers if number in _FAMILIES]


def peer_from(address: str, shown: dict[str, Any]) -> BgpPeer:
    """Return the peer that GoBGP shows."""
    return BgpPeer(address=ip_address(address), **{**shown, "families": tuple(shown["families"])})


def parse_sessions(text: str, now: float) -> list[GobgpSession]:
    """Return the sessions of ``gobgp -j neighbor`` at the time `now` (seconds of the epoch)."""
    return sorted(_session(entry, now) for entry in json.loads(text) or [])


def _session(entry: dict[str, Any], now: float) -> GobgpSession:
    state = STATES[entry["state"].get("session_state", 0)]
    up = state == "Established"
    since = entry.get("timers", {}).get("state", {}).get("uptime", {}).get("seconds", 0)
    prefixes: dict[str, int] = {}
    for item in entry.get("afi_safis", []):
        family = _FAMILIES.get(str(item["config"]["family"].get("afi")))
        if family is not None:
            prefixes[family] = item.get("state", {}).get("received", 0)
    return GobgpSession(
        entry["conf"]["neighbor_address"],
        state,
        entry["conf"].get("peer_asn", 0),
        entry["state"].get("flops", 0) + (1 if up else 0),
        max(0.0, now - since) if up else 0.0,
        prefixes,
    )
