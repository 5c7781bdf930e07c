"""FRR's JSON and log lines, as FRR 10.3 writes them."""

from __future__ import annotations

import pytest

from nlan.engines.base import BgpSession, LogEvent
from nlan.engines.frr.run import FrrDriver
from nlan.engines.frr.run.bgp_fast_start import is_client_of_zebra
from nlan.engines.frr.run.sessions import (
    decode_list,
    parse_bfd,
    parse_bgp,
    parse_isis,
    parse_log,
    parse_ospf,
    parse_ospf6,
    without_next_hop,
)
from nlan.testing import FakeKernel, FakeNodes

PEER = {"remoteAs": 64497, "state": "Established", "connectionsEstablished": 2, "peerUptimeMsec": 1500}


def test_one_session_of_two_families() -> None:
    summary = {
        "ipv4Unicast": {"peers": {"192.0.2.2": {**PEER, "pfxRcd": 3}}},
        "ipv6Unicast": {
            "peers": {"192.0.2.2": {**PEER, "pfxRcd": 1}, "2001:db8::2": {**PEER, "state": "Active"}}
        },
    }
    first, second = parse_bgp(summary)
    assert first == BgpSession("192.0.2.2", "Established", 64497, 2, 1.5, {"ipv4": 3, "ipv6": 1})
    assert first.up
    assert not second.up


def _neighbor(**changes: str) -> dict[str, str]:
    values = {"bgpState": "Established", "hostLocal": "2001:db8::1", "nexthop": "192.0.2.1"}
    return values | {"nexthopGlobal": "2001:db8::1"} | changes


def test_sessions_that_have_no_next_hop() -> None:
    neighbors = {
        "2001:db8::2": _neighbor(),
        "2001:db8::3": _neighbor(nexthop="0.0.0.0"),  # came up before its interface was known
        "2001:db8::4": _neighbor(nexthopGlobal="::ffff:192.0.2.1"),  # has outlived its address
        "2001:db8::5": _neighbor(nexthopGlobal="::", bgpState="Active"),
        "fe80::6": _neighbor(hostLocal="fe80::1"),  # over a link-local address the next hop is another one
        "192.0.2.7": _neighbor(hostLocal="192.0.2.1", nexthopGlobal="::"),  # IPv4 has none at all, maybe
        "vrfName": "default",
    }
    assert list(without_next_hop(neighbors)) == ["2001:db8::3", "2001:db8::4"]


def test_zebra_tells_whether_a_bgpd_is_connected_to_it() -> None:
    head = "Name      Connect Time    Last Read  Last Write      IPv4 Routes           IPv6 Routes\n"
    assert is_client_of_zebra(head + "bgp           00:00:28     00:00:28    00:00:27         32/0   0/0\n")
    assert not is_client_of_zebra(
        head + "vnc           00:00:28     00:00:28    00:00:27          0/0   0/0\n"
    )


def test_ospf_neighbours_of_both_versions() -> None:
    two = {
        "neighbors": {
            "10.0.0.2": [
                {
                    "nbrState": "Full/DR",
                    "ifaceAddress": "192.0.2.2",
                    "ifaceName": "lan:192.0.2.1",
                    "upTimeInMsec": 2000,
                }
            ],
            "10.0.0.3": [
                {"nbrState": "Init/DROther", "ifaceAddress": "192.0.2.3", "ifaceName": "lan:192.0.2.1"}
            ],
        }
    }
    full, init = parse_ospf(two)
    assert (full.interface, full.state, full.role, full.up_s, full.up) == ("lan", "Full", "DR", 2.0, True)
    assert not init.up
    three = {
        "neighbors": [
            {"neighborId": "10.0.0.2", "interfaceName": "lan", "state": "Full", "duration": "00:01:02"}
        ]
    }
    (neighbor,) = parse_ospf6(three)
    assert (neighbor.interface, neighbor.up_s, neighbor.version, neighbor.up) == ("lan", 62.0, 3, True)


def test_two_way_is_up_only_beside_a_designated_router() -> None:
    two_way = {"nbrState": "2-Way/DROther", "ifaceName": "lan:192.0.2.1"}
    full = {"nbrState": "Full/DR", "ifaceName": "lan:192.0.2.1"}
    assert not any(n.up for n in parse_ospf({"10.0.0.2": [two_way], "10.0.0.3": [two_way]}))
    assert all(n.up for n in parse_ospf({"10.0.0.2": [two_way], "10.0.0.3": [full]}))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "2026/01/01 08:39:06 BGP: [N9HHH-F8H1M] %ADJCHANGE: neighbor 192.0.2.2(r2) in vrf default Up",
            LogEvent("session-up", "192.0.2.2"),
        ),
        (
            "2026/01/01 08:39:06 BGP: [X] %ADJCHANGE: neighbor 2001:db8::2(r2) in vrf default Down Closed",
            LogEvent("session-down", "2001:db8::2"),
        ),
        (
            "2026/01/01 08:50:35 MGMTD: [M7Q4P-46WDR] vty[16]@(config-if)# no description",
            LogEvent("configured", "no description"),
        ),
        ("2026/01/01 08:50:35 MGMTD: [M7Q4P-46WDR] vty[16]@# show running-config", None),
        ("2026/01/01 08:50:35 BGP: [T83RR-8SM5G] bgpd 10.3 starting", None),
    ],
)
def test_log_lines(line: str, event: LogEvent | None) -> None:
    assert parse_log(line) == event


@pytest.mark.parametrize(
    "answer",
    [
        "{",
        "7",
        "[]",
        '{"ipv4Unicast": 7}',
        '{"ipv4Unicast": {"peers": [1]}}',
        '{"neighbors": {"a": 7}}',
        "\ufffd",
    ],
)
def test_what_no_frr_says_tells_of_no_session(answer: str) -> None:
    """Whoever has a daemon's user can listen in its place."""

    class Another(FrrDriver):
        def command(self, *_: object) -> str:
            return answer

    driver = Another(FakeNodes(FakeKernel()))
    assert driver.sessions("r1") == []
    assert driver.ospf_neighbors("r1") == []


def test_isis_neighbours_that_are_up() -> None:
    answer = """Area core:
 System Id           Interface   L  State         Holdtime SNPA
 r2                  eth1        1  Up            4        0258.effc.fb65
 r2                  eth1        2  Up            4        0258.effc.fb65
 0000.0000.0003      eth1        1  Up            4        0255.1bd3.1d6b
 0000.0000.0004      eth2        3  Initializing  28       2020.2020.2020
"""
    assert set(parse_isis(answer)) == {("eth1", "r2"), ("eth1", "0000.0000.0003")}


def test_bfd_peers_that_are_up() -> None:
    answer = (
        '[{"peer": "192.0.2.2", "id": 7, "status": "up"}, {"peer": "192.0.2.6", "id": 8, "status": "down"}]'
    )
    assert list(parse_bfd(decode_list(answer))) == [("192.0.2.2", 7)]
    assert list(parse_bfd(decode_list(""))) == []
