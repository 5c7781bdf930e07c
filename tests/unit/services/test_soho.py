"""DHCP, DNS, NAT and firewall: what is written of a node, and what it becomes."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from nlan.expand import expand
from nlan.kinds.nft import Nft
from nlan.kinds.program import Program
from nlan.kinds.veth import Veth
from nlan.model import Lab
from nlan.resources import Key
from nlan.schema import load
from nlan.services.dhcp.model import Dhcp
from nlan.services.dns.model import Dns
from nlan.services.firewall.model import Firewall, Side
from nlan.services.nat.model import Forward, Nat

AROUND = """
  isp: {role: router}
  pc: {}
  nas: {}
links: [home -- isp]
networks:
  office:
    type: lan
    prefix: 192.0.2.0/24
    nodes: {home: 192.0.2.1/24, nas: 192.0.2.10/24, pc: {dhcp: true}}
"""


def lab(home: str) -> Lab:
    text = f"name: soho\nnodes:\n  home: {home}{AROUND}"
    return load(Path("lab.yaml"), text=text).lab


def program(home: str, node: str = "home", name: str = "dnsmasq") -> Program:
    found = expand(lab(home))[Key("program", node, name)]
    assert isinstance(found, Program)
    return found


def files(home: str) -> dict[str, list[str]]:
    return {file.name: file.text.splitlines() for file in program(home).files}


def rules(home: str, table: str, chain: str) -> tuple[str, ...]:
    found = expand(lab(home))[Key("nft", "home", table)]
    assert isinstance(found, Nft)
    return next(one.rules for one in found.chains if one.name == chain)


def test_leases_are_of_the_upper_half_where_nothing_is_said() -> None:
    (pool,) = lab("{role: router, dhcp: office}").node("home").get(Dhcp).pools
    assert (pool.interface, pool.first, pool.last) == (
        "eth2",
        IPv4Address("192.0.2.128"),
        IPv4Address("192.0.2.254"),
    )


@pytest.mark.parametrize("words", ["office", "[office]", "[eth2]", "{eth2: {}}", "{office: {lease: 1h}}"])
def test_a_network_is_meant_by_its_name_or_by_the_interface(words: str) -> None:
    assert lab(f"{{role: router, dhcp: {words}}}") == lab("{role: router, dhcp: office}")


def test_both_spellings_are_one_lab() -> None:
    snake = "{dhcp: {office: {lease: 2h}}, dns: {domain: home.example}, nat: {out: isp}, firewall: [deny]}"
    camel = "{Dhcp: {office: {Lease: 2h}}, Dns: {Domain: home.example}, Nat: {Out: isp}, Firewall: [deny]}"
    assert lab(snake) == lab(camel)


def test_one_dnsmasq_leases_and_answers() -> None:
    found = files(
        "{role: router, dns: {domain: home.example, records: {nas: 192.0.2.10}, upstream: [203.0.113.53]},"
        " dhcp: {office: {range: 192.0.2.100-192.0.2.199, lease: 2h,"
        " options: {ntp-server: 192.0.2.1, 26: 1400},"
        " hosts: {pc: 192.0.2.20, other: 192.0.2.21, '00:00:5e:00:53:01': 192.0.2.22}}}}"
    )
    assert "dhcp-range=set:eth2,192.0.2.100,192.0.2.199,255.255.255.0,7200" in found["dnsmasq.conf"]
    assert "local=/home.example/" in found["dnsmasq.conf"]
    assert found["options"] == ["tag:eth2,option:ntp-server,192.0.2.1", "tag:eth2,26,1400"]
    assert found["records"] == ["192.0.2.10 nas"]
    assert found["servers"] == ["server=203.0.113.53"]
    mac = next(
        resource.peer_mac if resource.peer_namespace == "pc" else resource.mac
        for resource in expand(lab("{role: router}")).values()
        if isinstance(resource, Veth) and "pc" in resource.namespaces()
    )
    assert found["hosts"] == [f"{mac},192.0.2.20,pc", "other,192.0.2.21", "00:00:5e:00:53:01,192.0.2.22"]


def test_without_dns_no_question_is_answered() -> None:
    assert "port=0" in files("{role: router, dhcp: office}")["dnsmasq.conf"]
    assert "port=0" not in files("{role: router, dns: {}}")["dnsmasq.conf"]


@pytest.mark.parametrize(
    ("before", "after", "impact"),
    [
        ("{hosts: {pc: 192.0.2.20}}", "{hosts: {pc: 192.0.2.30}}", "hitless"),
        ("{options: {mtu: 1400}}", "{}", "hitless"),
        ("{lease: 1h}", "{lease: 2h}", "restart"),
        ("{}", "{range: 192.0.2.200-192.0.2.210}", "restart"),
    ],
)
def test_what_a_change_costs(before: str, after: str, impact: str) -> None:
    one, other = (program(f"{{role: router, dhcp: {{office: {words}}}}}") for words in (before, after))
    difference = other.difference(one)
    assert difference is not None
    assert (difference.impact, difference.in_place) == (impact, True)


def test_who_takes_a_lease_has_no_address_of_its_own_and_waits_for_who_leases() -> None:
    found = lab("{role: router, dhcp: office}")
    node = found.node("pc")
    assert [interface.addresses for interface in node.interfaces] == [()]
    assert node.get(Dhcp).clients == ("eth1",)
    client = program("{role: router, dhcp: office}", "pc", "dhcp-eth1")
    assert Key("program", "home", "dnsmasq") in client.requires()
    assert "hostname:pc" in client.argv


def test_a_lease_that_nobody_gives_is_warned_of() -> None:
    text = f"name: soho\nnodes:\n  home: {{role: router}}{AROUND}"
    (warning,) = load(Path("lab.yaml"), text=text).warnings
    assert warning.message == "pc takes its address by DHCP, and no node leases any there"


def test_nat_is_by_interface_and_its_forwards_by_name_too() -> None:
    home = "{nat: {out: isp, forward: [tcp 8080 to nas:80, udp 53 to 192.0.2.99]}}"
    nat = lab(home).node("home").get(Nat)
    assert nat.out == ("eth1",)
    assert nat.forwards == (
        Forward(protocol="tcp", port=8080, to=IPv4Address("192.0.2.10"), to_port=80),
        Forward(protocol="udp", port=53, to=IPv4Address("192.0.2.99"), to_port=53),
    )
    assert rules(home, "ip nlan_nat", "postrouting") == (
        'oifname "eth1" counter masquerade comment "masquerade"',
    )
    assert rules(home, "ip nlan_nat", "prerouting")[0] == (
        'iifname "eth1" tcp dport 8080 counter dnat to 192.0.2.10:80 comment "tcp 8080 to 192.0.2.10:80"'
    )


@pytest.mark.parametrize("key", ["nat: isp", "firewall: [allow]"])
def test_who_translates_or_filters_forwards(key: str) -> None:
    assert lab(f"{{{key}}}").node("home").forwarding


@pytest.mark.parametrize(
    ("rule", "chain", "text"),
    [
        ("allow", "forward", "counter accept"),
        ("deny from office to isp", "forward", 'iifname "eth2" oifname "eth1" counter drop'),
        ("reject icmp", "forward", "meta l4proto { icmp, ipv6-icmp } counter reject"),
        (
            "allow  tcp 80,  443 to 192.0.2.9",
            "forward",
            "ip daddr 192.0.2.9/32 tcp dport { 80, 443 } counter accept",
        ),
        ("deny udp from 2001:db8::/32", "forward", "ip6 saddr 2001:db8::/32 meta l4proto udp counter drop"),
        ("allow tcp 22 from office to self", "input", 'iifname "eth2" tcp dport 22 counter accept'),
        ("deny tcp 1000-2000", "forward", "tcp dport 1000-2000 counter drop"),
    ],
)
def test_a_rule_becomes_one_of_nftables(rule: str, chain: str, text: str) -> None:
    words = " ".join(rule.split())
    found = rules(f"{{firewall: ['{rule}']}}", "inet nlan_firewall", chain)
    assert f'{text} comment "{words}"' in found


def test_what_no_rule_fits_is_denied_unless_it_is_said_otherwise() -> None:
    assert rules("{firewall: []}", "inet nlan_firewall", "forward")[-1] == 'counter drop comment "default"'
    allowed = rules("{firewall: {default: allow}}", "inet nlan_firewall", "forward")
    assert not any("drop" in rule for rule in allowed if "invalid" not in rule)


def test_the_model_says_what_a_word_meant() -> None:
    firewall = lab("{firewall: [deny from isp to self]}").node("home").get(Firewall)
    assert firewall.rules[0].source == Side(interface="eth1")
    assert firewall.rules[0].destination == Side(itself=True)
    assert lab("{role: router}").node("home").find(Dns) is None
