"""What BIRD shows: protocols, sessions, neighbours, and when it was configured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from nlan.engines.base import BgpSession, OspfNeighbor

CLOCK = 'timeformat "%s.%6f"'
"""The command that makes BIRD show times in seconds, whatever the clocks of people do (since 2.16)."""
SHUT_DOWN = "Idle (Admin)"
"""The state of a session whose protocol somebody switched off (``disable``)."""

_PROTOCOL = re.compile(
    r"(?P<name>\S+)\s+(?P<kind>\S+)\s+(?P<table>\S+)\s+(?P<state>start|up|stop|flush|down)\s+"
    r"(?P<since>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?|\d+\.\d+)(?:\s+(?P<info>.*))?$"
)
_FIELD = re.compile(r" {2,4}(?P<name>[A-Za-z][A-Za-z ]*):\s+(?P<value>.*)")
_CHANNEL = re.compile(r"  Channel (\S+)")
_ROUTES = re.compile(r"    Routes:\s+(\d+) imported")


class Shown(NamedTuple):
    """A protocol of ``show protocols all``.

    Attributes:
        name: Its name.
        kind: ``BGP``, ``OSPF``, ``Static``, …
        state: ``up``, ``start``, ``stop``, ``flush`` or ``down``.
        since: When it came into this state, as BIRD's clock has it.
        info: What it says of itself: of BGP the session's state, and the last error.
        lines: What else is shown of it.
    """

    name: str
    kind: str
    state: str
    since: str
    info: str
    lines: tuple[str, ...]

    @property
    def fields(self) -> dict[str, str]:
        """What is shown of the protocol itself, not of its channels."""
        found: dict[str, str] = {}
        for line in self.lines:
            if _CHANNEL.match(line):
                break
            if (field := _FIELD.match(line)) is not None:
                found[field["name"]] = field["value"].strip()
        return found

    @property
    def imported(self) -> dict[str, int]:
        """How many routes came by each channel that is up."""
        found: dict[str, int] = {}
        channel = ""
        for line in self.lines:
            if (begun := _CHANNEL.match(line)) is not None:
                channel = begun[1]
                found[channel] = 0
            elif (routes := _ROUTES.match(line)) is not None:
                found[channel] = int(routes[1])
        return found


def parse_protocols(lines: Iterable[str]) -> list[Shown]:
    """Return the protocols of ``show protocols`` or ``show protocols all``, in BIRD's order."""
    return [
        Shown(h["name"], h["kind"], h["state"], h["since"], h["info"] or "", tuple(rest))
        for h, rest in _parts(lines)
    ]


def _parts(lines: Iterable[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    head, rest = None, list[str]()
    for line in lines:
        if (begun := _PROTOCOL.match(line)) is not None:
            if head is not None:
                yield head, rest
            head, rest = begun, []
        else:
            rest.append(line)
    if head is not None:
        yield head, rest


def parse_sessions(lines: Iterable[str], now: float, ups: Mapping[str, int]) -> list[BgpSession]:
    """Return the BGP sessions of ``show protocols all``, sorted by address.

    Args:
        lines: What it shows.
        now: The time by BIRD's clock (`Status.now`).
        ups: How often each protocol came up.
    """
    shown = (one for one in parse_protocols(lines) if one.kind == "BGP")
    return sorted(_session(one, now, ups.get(one.name, 0)) for one in shown)


def _session(shown: Shown, now: float, ups: int) -> BgpSession:
    fields = shown.fields
    state = fields.get("BGP state", "Idle")
    is_off = shown.state == "down"
    return BgpSession(
        fields.get("Neighbor address", "").partition("%")[0],
        SHUT_DOWN if is_off else state,
        int(fields.get("Neighbor AS", "0")),
        max(ups, int(state == "Established")),
        max(0.0, now - parse_time(shown.since)) if state == "Established" and not is_off else 0.0,
        {name: count for name, count in shown.imported.items() if name in ("ipv4", "ipv6")},
    )


def parse_time(text: str) -> float:
    """Return the seconds of a time: since the epoch (`CLOCK`), or as an older BIRD shows it.

    Only what lies between two such times means something.
    """
    if "-" in text:
        return datetime.fromisoformat(text).timestamp()
    return float(text)


_NEIGHBOR = re.compile(
    r"(?P<id>\d+\.\d+\.\d+\.\d+)\s+\d+\s+(?P<state>[\w-]+)/(?P<role>\w+)\s+[\d.]+\s+(?P<interface>\S+)\s+(?P<ip>\S+)"
)
_ROLES = {"DR": "DR", "BDR": "Backup", "Other": "DROther", "PtP": "-"}


def parse_neighbors(lines: Iterable[str], version: int) -> list[OspfNeighbor]:
    """Return the neighbours of ``show ospf neighbors`` of one protocol, sorted by identifier.

    Args:
        lines: What it shows.
        version: Of OSPF, 2 or 3.
    """
    found = sorted(
        OspfNeighbor(m["id"], m["ip"], m["interface"], m["state"], _ROLES.get(m["role"], "-"), 0.0, version)
        for m in map(_NEIGHBOR.match, lines)
        if m is not None
    )
    full = {neighbor.interface for neighbor in found if neighbor.state == "Full"}
    return [neighbor._replace(has_dr=neighbor.interface in full) for neighbor in found]


class Status(NamedTuple):
    """What ``show status`` tells.

    Attributes:
        now: BIRD's clock, in seconds.
        configured: When it took its configuration, by the same clock.
        is_done: Whether it is done with it: what goes has gone.
    """

    now: float
    configured: float
    is_done: bool


def parse_status(lines: Sequence[str]) -> Status:
    """Return what ``show status`` tells."""
    return Status(
        parse_time(_after("Current server time is ", lines)),
        parse_time(_after("Last reconfiguration on ", lines)),
        not any("Reconfiguration in progress" in line for line in lines),
    )


def _after(words: str, lines: Iterable[str]) -> str:
    return next((line.removeprefix(words) for line in lines if line.startswith(words)), "0")
