"""What BIRD's log tells of sessions and neighbours that come and go, and of who configured it."""

from __future__ import annotations

import re
from collections import Counter

from nlan.engines.base import LogEvent

NAME = "bird.log"
"""The log's file in a node's run directory."""
_LINES = (
    (re.compile(r"<TRACE> ([ei]bgp_\w+): State changed to up"), "session-up"),
    (re.compile(r"<TRACE> ([ei]bgp_\w+): State changed to stop"), "session-down"),
    (re.compile(r"<TRACE> ospf\w*: Neighbor (\S+) on \S+ changed state from \S+ to Full"), "session-up"),
    (re.compile(r"<TRACE> ospf\w*: Neighbor (\S+) on \S+ changed state from Full to "), "session-down"),
    (re.compile(r"<INFO> (Reconfiguring|Disabling protocol \S+|Enabling protocol \S+)"), "configured"),
)


def count_ups(text: str) -> Counter[str]:
    """Return how often each BGP protocol's session came up, by the protocol's name."""
    return Counter(match[1] for match in _LINES[0][0].finditer(text))


def parse_log(line: str) -> LogEvent | None:
    """Return what a line of the log tells, None where it is of no concern."""
    for pattern, kind in _LINES:
        if match := pattern.search(line):
            return LogEvent(kind, _subject(match[1]))  # type: ignore[arg-type]
    return None


def _subject(name: str) -> str:
    """Return a peer's address by its protocol's name; any other subject is itself.

    The name of an IPv6 one has as many parts as the address has, so both ways back are known.
    """
    if not re.match(r"[ei]bgp_", name):
        return name
    address = name.partition("_")[2]
    is_v4 = re.fullmatch(r"\d{1,3}(_\d{1,3}){3}", address)
    return address.replace("_", "." if is_v4 else ":")
