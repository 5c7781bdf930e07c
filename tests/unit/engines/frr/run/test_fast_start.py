"""Who says hello, who may be elected, who dials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from nlan.engines.frr.run import bgp_fast_start, ospf_fast_start
from nlan.engines.frr.run.files import Files
from nlan.engines.frr.run.vty import Answer, Vty

OSPF = (
    "interface lan",
    " ip ospf hello-interval 2",
    "interface core",
    " ip ospf network point-to-point",
    " ip ospf hello-interval 2",
    "interface own",
    " ip ospf priority 7",
    " ip ospf hello-interval 3",
    "router ospf",
)
BGP = (
    "router bgp 64496",
    " neighbor 192.0.2.2 remote-as 64497",
    " neighbor 192.0.2.2 timers connect 1",
    " neighbor 2001:db8::2 remote-as 64497",
    " neighbor 2001:db8::2 timers connect 5",
    " neighbor 2001:db8::2 update-source 2001:db8::1",
    " neighbor 192.0.2.9 remote-as 64497",
    " address-family ipv4 unicast",
    "  no neighbor 2001:db8::2 activate",
    " address-family ipv6 unicast",
    "  neighbor 2001:db8::2 activate",
)


def test_who_elects_starts_with_priority_0_unless_it_has_one() -> None:
    found = {s.name: (s.hello_s, s.elects, s.alone) for s in ospf_fast_start.speakers("ospfd", OSPF)}
    assert found == {"lan": (2, True, False), "core": (2, False, True), "own": (3, False, False)}
    started = ospf_fast_start.start_lines("ospfd", OSPF)
    assert sorted({*started} - {*OSPF}) == [" ip ospf priority 0"]
    assert started[:2] == ("interface lan", " ip ospf priority 0")
    assert ospf_fast_start.start_lines("bgpd", BGP) == BGP


def test_interfaces_that_are_new_to_a_daemon_begin_anew_without_an_election() -> None:
    new = ospf_fast_start.new_interfaces(
        "ospfd", OSPF, ("interface core", " ip ospf hello-interval 2", "router ospf")
    )
    assert new == (*OSPF[:2], *OSPF[5:8])
    lan, own = ospf_fast_start.speakers("ospfd", new)
    assert lan.begin() == ["interface lan", "ip ospf priority 0", "exit", "do clear ip ospf interface lan"]
    assert own.begin() == ["do clear ip ospf interface own"]
    assert (
        ospf_fast_start.new_interfaces("ospfd", OSPF, OSPF)
        == ospf_fast_start.new_interfaces("bgpd", BGP, ())
        == ()
    )


def test_a_hello_leaves_the_interval_as_it_was() -> None:
    speaker = next(ospf_fast_start.speakers("ospfd", OSPF))
    assert speaker.hello() == [
        "interface lan",
        "ip ospf hello-interval 3",
        "ip ospf hello-interval 2",
        "exit",
    ]


def test_peers_with_a_connect_timer_are_dialled_in_their_families() -> None:
    found = list(bgp_fast_start.configured("r1", Files(Path("/nowhere"), "bgpd"), BGP))
    assert [(p.peer, p.retry_s, p.families, p.source) for p in found] == [
        ("192.0.2.2", 1, ("ipv4",), ""),
        ("2001:db8::2", 5, ("ipv6",), "2001:db8::1"),
    ]
    assert found[0].dial() == (
        ["enable", "configure terminal", "router bgp 64496"],
        [
            "address-family ipv4 unicast",
            "no nei 192.0.2.2 activate",
            "exit",
            "nei 192.0.2.2 timers connect 1",
            "address-family ipv4 unicast",
            "nei 192.0.2.2 activate",
            "exit",
            "end",
        ],
    )
    assert all(sum(len(line) + 1 for line in p.dial()[1]) <= bgp_fast_start.READ_OCTETS for p in found)


def test_only_the_instance_outside_of_vrfs_is_dialled_however_its_as_is_written() -> None:
    peer = (" neighbor 192.0.2.2 remote-as 64497", " neighbor 192.0.2.2 timers connect 5")
    config = ("router bgp 1.10", *peer, "router bgp 64496 vrf RED", *peer)
    (found,) = bgp_fast_start.configured("r1", Files(Path("/nowhere"), "bgpd"), config)
    assert found.dial()[0][-1] == "router bgp 1.10"


def test_without_a_family_by_default_a_peer_is_dialled_in_those_it_was_told() -> None:
    peer = (" neighbor 192.0.2.2 remote-as 64497", " neighbor 192.0.2.2 timers connect 5")
    config = ("router bgp 64496", " no bgp default ipv4-unicast", *peer)
    told = (" address-family ipv4 unicast", "  neighbor 192.0.2.2 activate")
    files = Files(Path("/nowhere"), "bgpd")
    assert not list(bgp_fast_start.configured("r1", files, config))
    assert [found.families for found in bgp_fast_start.configured("r1", files, (*config, *told))] == [
        ("ipv4",)
    ]


@pytest.mark.parametrize(("from_the_start", "looks"), [(1, 26), (0, 60)])
def test_a_daemon_that_knows_no_interface_yet_is_waited_for_longer(from_the_start: int, looks: int) -> None:
    """A busy kernel answers zebra late: started before that, a router hears of no neighbour for seconds."""
    clock, asked = 0.0, 0

    class Late:
        def ask(self, line: str) -> Answer:
            nonlocal clock, asked
            clock, asked = clock + 0.02, asked + 1
            known = from_the_start if asked < 60 else 1
            names = ("eth1", "eth2")[:known]
            return Answer(0, json.dumps({"interfaces": {name: {"state": "DROther"} for name in names}}))

    both = [ospf_fast_start.Speaker(name, "ip ospf", 3, True, False) for name in ("eth1", "eth2")]
    ospf_fast_start._await_interfaces([ospf_fast_start.Talk(cast(Vty, Late()), tuple(both))], lambda: clock)
    assert asked == looks


def test_a_router_speaks_when_it_has_read_what_came_and_the_next_when_that_is_sent() -> None:
    """A hello and a database description that ospfd reads together are carried out the wrong way round."""
    spoken: list[str] = []

    class Daemon:
        def __init__(self, path: Path) -> None:
            self.name = path.parent.parent.name

        def together(self, lines: list[str]) -> None:
            kinds = {word for line in lines for word in ("hello", "priority") if word in line}
            assert len(kinds) <= 1
            if "enable" not in lines:
                spoken.append(f"{self.name} {kinds.pop() if kinds else '-'} {lines.count('exit')}")

        def ask(self, line: str) -> Answer:
            known = {name: {"state": "DROther"} for name in ("lan", "core", "own")}
            return Answer(0, json.dumps({"interfaces": known}))

        def close(self) -> None:
            spoken.append(f"{self.name} closed")

    r1, r2 = (Files(Path("/nowhere", name), "ospfd") for name in ("r1", "r2"))
    alone = OSPF[2:5]
    ospf_fast_start.open_adjacencies(
        [(r1, OSPF), (r2, alone)], [], connect=cast(Callable[[Path], Vty], Daemon)
    )

    def hello(name: str, interfaces: int) -> list[str]:
        return [f"{name} - 0", f"{name} hello {interfaces}", f"{name} - 0", f"{name} - 0"]

    everybody = [*hello("r1", 3), *hello("r2", 1)]
    elected = [*hello("r1", 2), "r1 priority 1", *hello("r1", 2)]
    assert spoken == [*everybody, *everybody, *elected, *hello("r1", 2), "r1 closed", "r2 closed"]


def test_who_waits_for_an_election_is_told_by_both_daemons() -> None:
    two = {"interfaces": {"lan": {"state": "Waiting"}, "core": {"state": "DR"}}}
    three = {"lan": {"ospf6InterfaceState": "Waiting"}, "lo": {"ospf6InterfaceState": "Loopback"}}
    assert list(ospf_fast_start.waiting(two)) == list(ospf_fast_start.waiting(three)) == ["lan"]
