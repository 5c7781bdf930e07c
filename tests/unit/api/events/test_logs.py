"""Logs are read from where they stood, whole lines only, and again from the start where they shrank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlan.api.events.logs import Logs
from nlan.engines.base import Engines, LogEvent

ENGINES = Engines.able()
UP = "2026/01/01 00:00:00 BGP: [X] %ADJCHANGE: neighbor 192.0.2.1(r2) in vrf default Up\n"
TYPED = "2026/01/01 00:00:00 BGP: [X] vty[22]@(config-router)# no neighbor 192.0.2.1\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "bgpd.log"
    path.write_text(UP)
    return path


def append(path: Path, text: str) -> None:
    with open(path, "a") as file:
        file.write(text)


def test_what_stood_there_is_the_past(log: Any) -> None:
    logs = Logs(ENGINES)
    logs.follow(log)
    assert list(logs.news(log)) == []
    append(log, TYPED)
    assert list(logs.news(log)) == [LogEvent("configured", "no neighbor 192.0.2.1")]
    assert list(logs.news(log)) == []


def test_a_log_never_seen_is_news_from_its_start(log: Any) -> None:
    assert list(Logs(ENGINES).news(log)) == [LogEvent("session-up", "192.0.2.1")]


def test_half_a_line_waits_for_its_end(log: Any) -> None:
    logs = Logs(ENGINES)
    logs.follow(log)
    append(log, TYPED[:40])
    assert list(logs.news(log)) == []
    append(log, TYPED[40:])
    assert [event.kind for event in logs.news(log)] == ["configured"]


def test_a_log_that_shrank_is_read_from_its_start(log: Any) -> None:
    logs = Logs(ENGINES)
    append(log, UP * 3)
    logs.follow(log)
    log.write_text(TYPED)
    assert [event.kind for event in logs.news(log)] == ["configured"]


def test_a_log_that_went_has_no_news(log: Any) -> None:
    logs = Logs(ENGINES)
    logs.follow(log)
    log.unlink()
    assert list(logs.news(log)) == []


def test_each_log_is_read_as_its_daemon_writes_it(tmp_path: Path) -> None:
    line = 'time="2026-01-01T00:00:00Z" level=info msg="Peer Up" Key=192.0.2.1 State=BGP_FSM_OPENCONFIRM\n'
    for name, found in (("gobgpd.log", [LogEvent("session-up", "192.0.2.1")]), ("bgpd.log", [])):
        path = tmp_path / name
        path.write_text(line)
        assert list(Logs(ENGINES).news(path)) == found
