"""What FRR refuses of the lines that a user wrote."""

from __future__ import annotations

from pathlib import Path

from nlan.engines.frr.run.files import Files
from nlan.engines.frr.run.refusals import Refusal, of_file, started_again

CONFIG = ("router bgp 64496", " neighbour 192.0.2.2 remote-as 1", " bgp router-id 192.0.2.1")
HEAD = "2026/01/01 00:00:00 BGP: [ABCDE-12345] ERROR: No such command on config line"


def files(tmp_path: Path, log: str) -> Files:
    found = Files(tmp_path, "bgpd")
    found.log.parent.mkdir(parents=True)
    found.log.write_text(log)
    return found


def test_a_line_of_the_users_is_told_from_one_of_nlans(tmp_path: Path) -> None:
    log = f"{HEAD} 9: of an earlier start\n"
    since = len(log)
    log += f"{HEAD} 2:  neighbour 192.0.2.2 remote-as 1\n{HEAD} 3:  bgp router-id 192.0.2.1\n"
    written = {("router bgp 64496",): 1, ("router bgp 64496", "neighbour 192.0.2.2 remote-as 1"): 2}
    found = of_file(files(tmp_path, log), since, CONFIG, written)
    assert list(found.written) == [("router bgp 64496", "neighbour 192.0.2.2 remote-as 1")]
    assert list(found.derived) == ["bgp router-id 192.0.2.1"]


def test_what_is_of_another_file_is_left_out(tmp_path: Path) -> None:
    log = f"{HEAD} 1: no line of bgpd's\n"
    assert of_file(files(tmp_path, log), 0, CONFIG, {}) == ({}, {})


def test_keys_are_hidden() -> None:
    path = ("router bgp 64496", "neighbor 192.0.2.2 password geheim")
    text = str(Refusal("r1", "bgpd", path, 3, "Unknown command: neighbor 192.0.2.2 password geheim"))
    assert "geheim" not in text
    assert text.startswith("bgpd does not take `router bgp 64496 / neighbor 192.0.2.2 password ")


def test_a_daemon_that_was_started_again_says_so() -> None:
    assert str(started_again("r1", "bgpd")).startswith("bgpd was started again: ")
