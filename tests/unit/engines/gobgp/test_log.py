"""GoBGP's log, line by line."""

from __future__ import annotations

import pytest

from nlan.engines.base import LogEvent
from nlan.engines.gobgp.log import parse_log


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('level=info msg="Peer Up" Key=192.0.2.1 State=x', LogEvent("session-up", "192.0.2.1")),
        ('level=info msg="Peer Down" Key=192.0.2.1 Reason=x', LogEvent("session-down", "192.0.2.1")),
        ('msg="Add a peer configuration" Key=x', LogEvent("configured", "Add a peer configuration")),
        ('msg="Delete a peer configuration"', LogEvent("configured", "Delete a peer configuration")),
        ('level=info msg="gobgpd started"', None),
    ],
)
def test_lines(line: str, event: LogEvent | None) -> None:
    assert parse_log(line) == event
