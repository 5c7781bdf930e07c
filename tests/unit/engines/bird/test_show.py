"""What BIRD 2.17 showed of two routers: tests/unit/engines/bird/shown has its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.engines.bird.control import parse_answer
from nlan.engines.bird.log import count_ups, parse_log
from nlan.engines.bird.show import (
    SHUT_DOWN,
    parse_neighbors,
    parse_protocols,
    parse_sessions,
    parse_status,
)

SHOWN = Path(__file__).parent / "shown"


def lines(name: str) -> list[str]:
    return (SHOWN / name).read_text().splitlines()


def test_protocols() -> None:
    brief, all_ = parse_protocols(lines("protocols.txt")), parse_protocols(lines("protocols-all.txt"))
    assert [one[:3] for one in brief] == [one[:3] for one in all_]
    assert {one.name: (one.kind, one.state) for one in brief}["ospf6"] == ("OSPF", "up")
    assert all(one.state == "up" for one in brief)


def test_sessions() -> None:
    now = parse_status(lines("status.txt")).now
    found = parse_sessions(lines("protocols-all.txt"), now, {"ebgp_192_0_2_1": 3})
    by_peer = {session.peer: session for session in found}
    assert sorted(by_peer) == ["10.0.3.3", "192.0.2.1", "2001:db8:0:3::3", "2001:db8:1::1"]
    first = by_peer["192.0.2.1"]
    assert (first.state, first.peer_asn, first.established, first.up) == ("Established", 64496, 3, True)
    assert first.prefixes == {"ipv4": 3}
    assert 9 < first.uptime_s < 12
    assert by_peer["2001:db8:0:3::3"].prefixes.keys() == {"ipv4", "ipv6"}
    assert by_peer["10.0.3.3"].established == 1, "one that is up came up"


def test_a_session_that_is_switched_off() -> None:
    found = {s.peer: s for s in parse_sessions(lines("protocols-off.txt"), 0.0, {})}
    session = found["192.0.2.1"]
    assert (session.state, session.up, session.shut_down, session.uptime_s) == (SHUT_DOWN, False, True, 0)


def test_neighbors() -> None:
    (neighbor,) = parse_neighbors(lines("ospf4.txt"), 2)
    assert neighbor[:5] == ("10.0.3.3", "192.0.2.6", "eth2", "Full", "-")
    assert neighbor.up
    assert parse_neighbors(lines("ospf6.txt"), 3)[0].version == 3


def test_neighbors_on_a_segment_of_many() -> None:
    shown = [
        "ospf4:",
        "Router ID   \tPri\t     State     \tDTime\tInterface  Router IP",
        "10.0.0.1    \t  1\tFull/DR   \t 8.139\teth1       192.0.2.1",
        "10.0.0.2    \t  1\t2-Way/Other\t 8.1\teth1       192.0.2.2",
        "10.0.0.3    \t  1\tInit/PtP  \t 8.1\teth2       192.0.2.9",
    ]
    found = {neighbor.router_id: neighbor.up for neighbor in parse_neighbors(shown, 2)}
    assert found == {"10.0.0.1": True, "10.0.0.2": True, "10.0.0.3": False}


def test_status() -> None:
    status = parse_status(lines("status.txt"))
    assert status.is_done
    assert status.now - status.configured == pytest.approx(11.078)
    assert not parse_status(["Reconfiguration in progress"]).is_done
    seconds = ["Current server time is 1795797450.413000", "Last reconfiguration on 1795797439.335000"]
    assert parse_status(seconds).now - parse_status(seconds).configured == pytest.approx(11.078)


def test_answers() -> None:
    answer, rest = parse_answer("0002-Reading configuration from x\n0003 Reconfigured\n1000-more")
    assert answer == (3, ("Reading configuration from x", "Reconfigured"))
    assert rest == "1000-more"
    assert parse_answer("2002-Name\n1002-a\n b\n0000 \n")[0] == (0, ("Name", "a", "b"))
    refused, _ = parse_answer("+of the log\n8002 x:3:7 syntax error\n")
    assert refused is not None
    assert refused.failed
    assert refused.words == "x:3:7 syntax error"
    assert parse_answer("1000-BIRD 2.17.6\n1011-Router") == (None, "1000-BIRD 2.17.6\n1011-Router")


LOG = """\
2026-11-27 16:32:51.721 <TRACE> ebgp_192_0_2_1: State changed to up
2026-11-27 16:32:51.715 <TRACE> ebgp_2001_db8_1__1: State changed to up
2026-11-27 16:32:53.846 <TRACE> ospf4: Neighbor 10.0.0.3 on eth2 changed state from Loading to Full
2026-11-27 16:33:13.589 <INFO> Reconfiguring
2026-11-27 16:33:14.605 <TRACE> ebgp_192_0_2_1: State changed to stop
2026-11-27 16:33:14.607 <TRACE> ospf6: Neighbor 10.0.0.3 on eth2 changed state from Full to Down
2026-11-27 16:33:14.608 <TRACE> ebgp_192_0_2_1: State changed to down
2026-11-27 16:33:15.608 <TRACE> ebgp_192_0_2_1: State changed to up
2026-11-27 16:33:16.001 <INFO> Disabling protocol ebgp_192_0_2_1
2026-11-27 16:33:16.002 <TRACE> ospf4: State changed to up
"""


def test_log() -> None:
    events = [(event.kind, event.subject) for line in LOG.splitlines() if (event := parse_log(line))]
    assert events == [
        ("session-up", "192.0.2.1"),
        ("session-up", "2001:db8:1::1"),
        ("session-up", "10.0.0.3"),
        ("configured", "Reconfiguring"),
        ("session-down", "192.0.2.1"),
        ("session-down", "10.0.0.3"),
        ("session-up", "192.0.2.1"),
        ("configured", "Disabling protocol ebgp_192_0_2_1"),
    ]
    assert count_ups(LOG) == {"ebgp_192_0_2_1": 2, "ebgp_2001_db8_1__1": 1}
