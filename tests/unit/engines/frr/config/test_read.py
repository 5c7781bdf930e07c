"""Raw FRR text is read as vtysh reads a file."""

from __future__ import annotations

import pytest

from nlan.engines.frr.config.read import read


def shown(text: str) -> list[str]:
    return [" / ".join(line.path) for line in read(text)]


def owners(text: str) -> list[str]:
    return [",".join(sorted(line.owners)) for line in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int eth0\n ip os co 7", ["interface eth0", "interface eth0 / ip ospf cost 7"]),
        (
            "router ospf\n router-id 192.0.2.1\n netw 192.0.2.0/24 area 0",
            [
                "router ospf",
                "router ospf / ospf router-id 192.0.2.1",
                "router ospf / network 192.0.2.0/24 area 0",
            ],
        ),
        (
            "router ospf\n router-info area\n capability opaque",
            ["router ospf", "router ospf / router-info area", "router ospf / capability opaque"],
        ),
        (
            "mpls ldp\n router-id 192.0.2.1\n address-family ipv4\n  interface eth0\n  exit\n"
            " exit-address-family",
            [
                "mpls ldp",
                "mpls ldp / router-id 192.0.2.1",
                "mpls ldp / address-family ipv4",
                "mpls ldp / address-family ipv4 / interface eth0",
            ],
        ),
        (
            "line vty\n exec-timeout 0 0\nhostname r1",
            ["line vty", "line vty / exec-timeout 0 0", "hostname r1"],
        ),
        (
            "interface eth0\n ip address 192.0.2.1/24\nip forwarding\nip route 0.0.0.0/0 192.0.2.2",
            [
                "interface eth0",
                "interface eth0 / ip address 192.0.2.1/24",
                "ip forwarding",
                "ip route 0.0.0.0/0 192.0.2.2",
            ],
        ),
        (
            "interface eth0\nshutdown\nend\nno shutdown\nexit\nrouter rip",
            ["interface eth0", "interface eth0 / shutdown", "interface eth0 / no shutdown", "router rip"],
        ),
        (
            "router bgp 64496\nnei 192.0.2.2 remote 64497\naddress-family ipv6\nneighbor 2001:db8::2 act\n"
            "timers bgp 1 3",
            [
                "router bgp 64496",
                "router bgp 64496 / neighbor 192.0.2.2 remote-as 64497",
                "router bgp 64496 / address-family ipv6 unicast",
                "router bgp 64496 / address-family ipv6 unicast / neighbor 2001:db8::2 activate",
                "router bgp 64496 / timers bgp 1 3",
            ],
        ),
        (
            "router bgp 64496\n network 192.0.2.0/24\n no neighbor 192.0.2.2 activate\n exit-address-family",
            [
                "router bgp 64496",
                "router bgp 64496 / address-family ipv4 unicast / network 192.0.2.0/24",
                "router bgp 64496 / address-family ipv4 unicast / no neighbor 192.0.2.2 activate",
            ],
        ),
        (
            "vrf red\n ip route 192.0.2.0/24 198.51.100.1\n exit-vrf\nip route 192.0.2.0/24 198.51.100.2",
            ["vrf red", "vrf red / ip route 192.0.2.0/24 198.51.100.1", "ip route 192.0.2.0/24 198.51.100.2"],
        ),
        (
            "ip route 192.0.2.0/24 198.51.100.1 vrf red\nip route 192.0.2.0/24 198.51.100.1 nexthop-vrf red",
            [
                "vrf red / ip route 192.0.2.0/24 198.51.100.1",
                "ip route 192.0.2.0/24 198.51.100.1 nexthop-vrf red",
            ],
        ),
        (
            "router bgp 64496\n address-family l2vpn evpn\n  rd 192.0.2.1:1",
            [
                "router bgp 64496",
                "router bgp 64496 / address-family l2vpn evpn",
                "router bgp 64496 / address-family l2vpn evpn / rd 192.0.2.1:1",
            ],
        ),
        (
            "router ospf\n network 192.0.2.0/24 area 0\nmpls ldp\n router-id 192.0.2.1\n"
            "router ospf\n mpls ldp-s",
            [
                "router ospf",
                "router ospf / network 192.0.2.0/24 area 0",
                "mpls ldp",
                "mpls ldp / router-id 192.0.2.1",
                "router ospf",
                "router ospf / mpls ldp-sync",
            ],
        ),
        (
            "key chain a\nkey 1\nkey-string x\nkey 2\nkey-string y",
            [
                "key chain a",
                "key chain a / key 1",
                "key chain a / key 1 / key-string x",
                "key chain a / key 2",
                "key chain a / key 2 / key-string y",
            ],
        ),
        (
            "key chain a\n key 1\n  key-string x\nkey chain b\n key 1",
            [
                "key chain a",
                "key chain a / key 1",
                "key chain a / key 1 / key-string x",
                "key chain b",
                "key chain b / key 1",
            ],
        ),
        (
            "router isis 1\n later-word 7\nlater-section\n with-a-line",
            ["router isis 1", "router isis 1 / later-word 7", "later-section", "with-a-line"],
        ),
        ("debug bgp upd", ["debug bgp upd"]),
        ("! a comment\n# another\n\n  !\n", []),
    ],
)
def test_a_line_stands_in_the_innermost_section_that_has_it(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ip import-table 10", "zebra"),
        ("mpls label global-block 1000 2000", "zebra"),
        ("router pim6", "pim6d"),
        ("router pim", "pimd"),
        ("router rip", "ripd"),
        ("router openfabric 1", "fabricd"),
        ("pbr-map x seq 5", "pbrd"),
        ("ip route 192.0.2.0/24 198.51.100.2", "staticd"),
        ("fpm address 192.0.2.2", "zebra"),
        ("interface eth0\nip ospf cost 5", "ospfd"),
        ("interface eth0\nmpls bgp forwarding", "bgpd"),
        ("interface eth0\nip router openfabric 1", "fabricd"),
        ("router bgp 64496\nsegment-routing srv6\nlocator x", "bgpd"),
        ("segment-routing\nsrv6\nlocators\nlocator x\nprefix 2001:db8::/48", "zebra"),
        ("segment-routing\ntraffic-eng\nsegment-list x", "pathd"),
        ("router ospf\nno-such-word", "ospfd"),
        ("debug bgp no-such-word", "bgpd"),
        ("no-such-word", ""),
        ("log stdout", "*"),
    ],
)
def test_a_line_goes_to_the_daemons_that_know_it(text: str, expected: str) -> None:
    indented = "\n".join(" " * n + line for n, line in enumerate(text.splitlines()))
    assert owners(indented)[-1] == expected


def test_lines_are_counted_as_the_text_has_them() -> None:
    assert [line.number for line in read("!\nrouter rip\n\n network eth0\n")] == [2, 4]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("router rip\n network 192.0.2.9/24", "network 192.0.2.0/24"),
        ("router rip\n no network 192.0.2.9/24", "no network 192.0.2.0/24"),
        ("router rip\n network eth1", "network eth1"),
        ("router ripng\n aggregate-address 2001:db8::9/48", "aggregate-address 2001:db8::/48"),
        ("router ospf\n area 1 range 192.0.2.9/24", "area 1 range 192.0.2.0/24"),
        (
            "router bgp 64496\n aggregate-address 192.0.2.9/24 summary-only",
            "aggregate-address 192.0.2.0/24 summary-only",
        ),
        ("ip route 192.0.2.9/24 198.51.100.9", "ip route 192.0.2.0/24 198.51.100.9"),
        (
            "ip prefix-list p seq 5 permit 192.0.2.9/24 le 30",
            "ip prefix-list p seq 5 permit 192.0.2.0/24 le 30",
        ),
        (
            "access-list a seq 5 deny 192.0.2.9/24 exact-match",
            "access-list a seq 5 deny 192.0.2.0/24 exact-match",
        ),
        ("interface eth1\n ip address 192.0.2.9/24", "ip address 192.0.2.9/24"),
    ],
)
def test_prefixes_are_spelled_without_host_bits_as_frr_shows_them(text: str, shown: str) -> None:
    assert [line.path[-1] for line in read(text)][-1] == shown
