"""What the routing daemons say of their sessions, and what their logs tell of changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nlan.engines.base import BgpSession, LogEvent, OspfNeighbor
from nlan.errors import PeerError
from nlan.secrets import hide

_FAMILIES = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}


def parse_bgp(summary: dict[str, Any]) -> list[BgpSession]:
    """Return the peers of ``show bgp summary json``, sorted by address."""
    found: dict[str, BgpSession] = {}
    for key, family in summary.items():
        for address, peer in family.get("peers", {}).items() if key in _FAMILIES else ():
            prefixes = {**(found[address].prefixes if address in found else {})}
            prefixes[_FAMILIES[key]] = peer.get("pfxRcd", 0)
            found[address] = BgpSession(
                address,
                peer["state"],
                peer["remoteAs"],
                peer.get("connectionsEstablished", 0),
                peer.get("peerUptimeMsec", 0) / 1000,
                prefixes,
            )
    return [found[address] for address in sorted(found)]


def without_next_hop(neighbors: dict[str, Any]) -> Iterator[str]:
    """Yield, of ``show bgp ipv6 neighbors json``, the peers that nothing can be announced to or learnt from.

    Their session came up before bgpd knew the interface below (it has no IPv4 next hop then, where it
    takes the router ID at least), or has outlived its own address.
    """
    for peer, values in neighbors.items():
        if ":" not in peer or not isinstance(values, dict) or values.get("bgpState") != "Established":
            continue
        own, next_hop = values.get("hostLocal", ""), values.get("nexthopGlobal", "")
        lost = bool(own) and not own.startswith("fe80:") and next_hop != own
        if lost or values.get("nexthop") == "0.0.0.0":
            yield peer


def parse_ospf(answer: dict[str, Any]) -> list[OspfNeighbor]:
    """Return the neighbours of ``show ip ospf neighbor json``."""
    return _with_dr(_ospf(answer))


def _with_dr(neighbors: Iterable[OspfNeighbor]) -> list[OspfNeighbor]:
    """Return them sorted, told of each whether its interface has a full neighbour."""
    found = sorted(neighbors)
    full = {neighbor.interface for neighbor in found if neighbor.state == "Full"}
    return [neighbor._replace(has_dr=neighbor.interface in full) for neighbor in found]


def _ospf(answer: dict[str, Any]) -> Iterator[OspfNeighbor]:
    for router_id, entries in answer.get("neighbors", answer).items():
        for entry in entries:
            state, _, role = entry.get("nbrState", entry.get("state", "")).partition("/")
            yield OspfNeighbor(
                router_id,
                entry.get("ifaceAddress", entry.get("address", "")),
                entry.get("ifaceName", "").partition(":")[0],
                state,
                role or "-",
                entry.get("upTimeInMsec", 0) / 1000,
                2,
            )


def parse_ospf6(answer: dict[str, Any]) -> list[OspfNeighbor]:
    """Return the neighbours of ``show ipv6 ospf6 neighbor json``."""
    return _with_dr(
        OspfNeighbor(
            entry["neighborId"],
            "",
            entry["interfaceName"],
            entry["state"],
            entry.get("ifState", "-"),
            _clock(entry.get("duration", "")),
            3,
        )
        for entry in answer.get("neighbors", [])
    )


def parse_isis(text: str) -> Iterator[tuple[str, str]]:
    """Yield the neighbours of ``show isis neighbor`` that are up: interface and neighbour, by level.

    FRR's JSON tells of one neighbour only, however many an interface has.
    """
    for match in re.finditer(r"^ (\S+) +(\S+) +[1-3] +Up ", text, re.MULTILINE):
        yield match[2], match[1]


def parse_bfd(answer: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Yield the peers of ``show bfd peers json`` that are up: address and session."""
    for peer in answer:
        if peer.get("status") == "up":
            yield peer["peer"], peer["id"]


def _clock(text: str) -> float:
    """Return the seconds of ``00:01:02``; other spellings count as 0."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d)", text)
    return 0.0 if match is None else int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])


_LOG = (
    (re.compile(r"%ADJCHANGE: neighbor (\S+?)(?:\(|\s).* Up"), "session-up"),
    (re.compile(r"%ADJCHANGE: neighbor (\S+?)(?:\(|\s).* Down"), "session-down"),
    (re.compile(r"AdjChg: Nbr (\S+?)[ (:].*-> Full"), "session-up"),
    (re.compile(r"AdjChg: Nbr (\S+?)[ (:].*Full -> "), "session-down"),
    (re.compile(r"vty\[\d+\]@\S*\(config[^)]*\)# (.+)"), "configured"),
)


def parse_log(line: str) -> LogEvent | None:
    """Return what a line of a daemon's log tells, None where it is of no concern."""
    for pattern, kind in _LOG:
        if match := pattern.search(line):
            return LogEvent(kind, hide(match[1]))  # type: ignore[arg-type]
    return None


def decode_list(text: str) -> list[Any]:
    """Return the JSON of an answer that is a list.

    Raises:
        PeerError: It is none.
    """
    return decode(f'{{"list": {text or "[]"}}}')["list"]  # type: ignore[no-any-return]


def decode(text: str) -> dict[str, Any]:
    """Return the JSON of an answer; an empty one is an empty object.

    Raises:
        PeerError: It is none.
    """
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise PeerError(f"no JSON: {error}") from error
    if not isinstance(value, dict):
        raise PeerError("its JSON is no object")
    return value
