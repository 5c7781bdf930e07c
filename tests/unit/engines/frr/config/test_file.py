"""The file of a daemon whose lines FRR may refuse."""

from __future__ import annotations

import pytest

from nlan.engines.frr.config.file import rows
from nlan.engines.frr.config.tree import Path, overridden, paths


def text(*lines: str) -> list[str]:
    return [row for row, _ in rows(paths(lines))]


def test_a_section_is_left_by_the_next_line_where_that_does() -> None:
    lines = ("router bgp 64496", " bgp router-id 192.0.2.1", "route-map M permit 10", " set metric 1")
    assert text(*lines) == list(lines)


def test_a_section_is_left_where_the_next_line_would_be_taken_for_its_own() -> None:
    assert text("vrf red", " vni 1", "ip nht resolve-via-default") == [
        "vrf red",
        " vni 1",
        "exit",
        "ip nht resolve-via-default",
    ]
    family = ("mpls ldp", " address-family ipv4", "  interface eth1", "interface eth1", " mpls enable")
    assert text(*family) == [*family[:3], "  exit", " exit", "exit", *family[3:]]


def test_every_row_knows_its_path() -> None:
    assert [path for _, path in rows(paths(("vrf red", " vni 1", "vni 2")))] == [
        ("vrf red",),
        ("vrf red", "vni 1"),
        None,
        ("vni 2",),
    ]


def later(written: list[Path], *typed: Path) -> list[Path]:
    return list(overridden(written, typed))


BGP = "router bgp 64496"
FOUR = "address-family ipv4 unicast"


def test_a_later_line_gives_another_value() -> None:
    written = [(BGP,), (BGP, "bgp router-id 192.0.2.1"), (BGP, "neighbor 192.0.2.2 timers 3 9")]
    assert later(written, (BGP, "bgp router-id 192.0.2.9")) == [
        (BGP,),
        (BGP, "neighbor 192.0.2.2 timers 3 9"),
        (BGP, "bgp router-id 192.0.2.9"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("set extcommunity soo 192.0.2.1:1", "set extcommunity bandwidth 200"),
        ("set as-path exclude 64496", "set as-path prepend 64497"),
        ("set ipv6 next-hop global 2001:db8::1", "set ipv6 next-hop prefer-global"),
        ("set ip next-hop 192.0.2.1", "set metric 3"),
        ("ip ospf cost 5", "ip ospf cost 6 192.0.2.1"),
        ("ip ospf cost 6 192.0.2.9", "ip ospf cost 6 192.0.2.1"),
    ],
)
def test_values_of_two_things_stay_both(one: str, other: str) -> None:
    assert later([("x",), ("x", one)], ("x", other)) == [("x",), ("x", one), ("x", other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("set extcommunity bandwidth 100", "set extcommunity bandwidth 200"),
        ("set ip next-hop 192.0.2.1", "set ip next-hop 192.0.2.2"),
        ("set community 64496:1 64496:2", "set community 64496:3"),
        ("ip ospf cost 5 192.0.2.1", "ip ospf cost 6 192.0.2.1"),
        ("ip ospf cost 5", "ip ospf cost 6"),
    ],
)
def test_of_two_values_of_one_thing_the_later_stays(one: str, other: str) -> None:
    assert later([("x",), ("x", one)], ("x", other)) == [("x",), ("x", other)]


def test_no_takes_back_what_it_names_and_stays_itself() -> None:
    peer = (BGP, "neighbor 192.0.2.2 ebgp-multihop 4")
    written = [(BGP,), (BGP, "neighbor 192.0.2.2 remote-as 64497"), peer, (BGP, FOUR), (BGP, FOUR, "x y")]
    no = (BGP, "no neighbor 192.0.2.2 ebgp-multihop")
    assert later(written, no) == [*(path for path in written if path != peer), no]
    assert later(written, (BGP, f"no {FOUR}")) == [*written[:3], (BGP, f"no {FOUR}")]


def test_a_line_takes_back_its_no() -> None:
    no = (BGP, FOUR, "no neighbor 192.0.2.2 activate")
    yes = (BGP, FOUR, "neighbor 192.0.2.2 activate")
    assert later([(BGP,), (BGP, FOUR), no], yes) == [(BGP,), (BGP, FOUR), yes]


def test_what_only_begins_alike_stays() -> None:
    written = [(BGP,), (BGP, "neighbor 192.0.2.20 remote-as 64497")]
    assert later(written, (BGP, "no neighbor 192.0.2.2"))[:2] == written


def test_a_peer_that_is_taken_back_takes_its_families_lines_along() -> None:
    peer = [
        (BGP, "neighbor 192.0.2.2 remote-as 64497"),
        (BGP, FOUR),
        (BGP, FOUR, "no neighbor 192.0.2.2 activate"),
    ]
    no = (BGP, "no neighbor 192.0.2.2")
    assert later([(BGP,), *peer], no) == [(BGP,), (BGP, FOUR), no]
