"""What GoBGP's log tells of sessions and of changed peers."""

from __future__ import annotations

import re
from collections import Counter

from nlan.engines.base import LogEvent

NAME = "gobgpd.log"
"""The log's file in a node's run directory."""
_LINES = (
    (re.compile(r'msg="?Peer Up"?.*\bKey=(\S+)'), "session-up"),
    (re.compile(r'msg="?Peer Down"?.*\bKey=(\S+)'), "session-down"),
    (re.compile(r'msg="?((?:Add|Delete|Update) a? ?peer configuration)"?'), "configured"),
)


def count_ups(text: str) -> Counter[str]:
    """Return how often each peer's session came up; GoBGP itself counts short ones alone (``Flops``)."""
    events = (parse_log(line) for line in text.splitlines())
    return Counter(event.subject for event in events if event is not None and event.kind == "session-up")


def parse_log(line: str) -> LogEvent | None:
    """Return what a line of the log tells, None where it is of no concern."""
    for pattern, kind in _LINES:
        if match := pattern.search(line):
            return LogEvent(kind, match[1].strip('"'))  # type: ignore[arg-type]
    return None
