"""What a daemon has, told in the words that it was asked in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nlan.engines.frr.run.files import Files, Receipt, observed_config, own_lines

ASKED = ("ip prefix-list A permit 10.0.0.0/8", "router bgp 64496", " neighbor 192.0.2.2 remote-as 64497")
SHOWN = (
    "router bgp 64496",
    " neighbor 192.0.2.2 remote-as 64497",
    " neighbor 192.0.2.2 implied",
    "ip prefix-list A seq 5 permit 10.0.0.0/8",
)
RECEIPT = Receipt(ASKED, SHOWN)


def test_unchanged_means_as_asked() -> None:
    assert observed_config(RECEIPT, SHOWN) == ASKED


def test_without_knowing_what_it_showed_what_was_asked_counts() -> None:
    assert observed_config(Receipt(ASKED, None), ()) == ASKED


def test_a_line_more_is_seen() -> None:
    assert observed_config(RECEIPT, (*SHOWN, "ip prefix-list B seq 5 deny any")) == (
        *ASKED,
        "ip prefix-list B seq 5 deny any",
    )


def test_a_line_less_is_seen() -> None:
    assert observed_config(RECEIPT, (SHOWN[0], *SHOWN[2:])) == ASKED[:2]


def test_a_lost_line_that_was_asked_in_other_words_is_seen() -> None:
    assert observed_config(RECEIPT, SHOWN[:3]) == ASKED[1:]


def test_a_lost_line_that_nobody_asked_for_is_not_missed() -> None:
    assert observed_config(RECEIPT, (*SHOWN[:2], SHOWN[3])) == ASKED


def test_mgmtd_shows_the_lines_of_all_that_it_manages() -> None:
    running = (
        "interface x",
        " description this",
        "ip route 203.0.113.0/24 192.0.2.1",
        "vrf red",
        " ip route 0.0.0.0/0 192.0.2.1",
        "router rip",
        " network x",
    )
    assert own_lines("mgmtd", running) == running[:2]
    assert own_lines("staticd", running) == (running[2], "vrf red", running[4])
    assert own_lines("ripd", running) == running[5:]
    assert own_lines("zebra", ("access-list A seq 5 permit any", "zebra work-queue 0")) == (
        "zebra work-queue 0",
    )
    assert own_lines("bgpd", running) == running


def test_a_receipt_is_read_back(tmp_path: Path) -> None:
    files = Files(tmp_path, "bgpd")
    assert Receipt.read(files) is None
    RECEIPT.write(files)
    assert Receipt.read(files) == RECEIPT
    assert files.receipt.stat().st_mode & 0o077 == 0, "it may hold passwords"


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"7", b'{"asked": 1, "shown": null}', b"{}", b"\xff"])
def test_a_damaged_receipt_is_none(octets: bytes, tmp_path: Path) -> None:
    files = Files(tmp_path, "bgpd")
    assert Receipt.read(files) is None
    RECEIPT.write(files)
    assert Receipt.read(files) == RECEIPT
    files.receipt.write_bytes(octets)
    assert Receipt.read(files) is None


def test_the_files_that_mgmtd_reads_as_one_leave_their_sections(tmp_path: Path) -> None:
    (tmp_path / "etc-frr").mkdir()
    files = Files(tmp_path, "staticd")
    files.write_config(
        ("vrf red", " ip route 203.0.113.0/24 192.0.2.1"), written=True, owner=(os.getuid(), os.getgid())
    )
    assert files.config.read_text().splitlines()[:3] == [
        "vrf red",
        " ip route 203.0.113.0/24 192.0.2.1",
        "exit",
    ]
