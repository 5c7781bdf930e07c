"""Raw FRR lines between two routers: what they bring is waited for, and seen when it is gone."""

from __future__ import annotations

import time
from textwrap import indent

import pytest

from support import Nlan

OSPF = """
nodes:
  r1:
    frr: |
      interface eth1
       ip address 192.0.2.1/30
       ip ospf hello-interval 1
       ip ospf dead-interval 4
      interface lo
       ip address 198.51.100.1/32
      router ospf
       network 192.0.2.0/30 area 0
       network 198.51.100.1/32 area 0
  r2:
    frr: |
      interface eth1
       ip address 192.0.2.2/30
       ip ospf area 0
       ip ospf hello-interval 1
       ip ospf dead-interval 4
      interface lo
       ip address 198.51.100.2/32
       ip ospf area 0
      router ospf
links: [{link: r1 -- r2, addresses: false}]
"""
ISIS = """
nodes:
  r1:
    frr: |
      interface eth1
       ip router isis core
       isis hello-interval 1
       isis hello-multiplier 4
       isis network point-to-point
      interface lo
       ip address 198.51.100.1/32
       ip router isis core
      router isis core
       net 49.0001.0000.0000.0001.00
       is-type level-2-only
  r2:
    frr: |
      interface eth1
       ip router isis core
       isis hello-interval 1
       isis hello-multiplier 4
       isis network point-to-point
      interface lo
       ip address 198.51.100.2/32
       ip router isis core
      router isis core
       net 49.0001.0000.0000.0002.00
       is-type level-2-only
links: [r1 -- r2]
"""
BFD = """
nodes:
  r1: {frr: "bfd\\n peer 192.0.2.2\\n"}
  r2: {frr: "bfd\\n peer 192.0.2.1\\n"}
links: [{link: r1 -- r2, ends: {r1: 192.0.2.1/30, r2: 192.0.2.2/30}}]
"""
DEAD_S = 15.0
"""FRR needs 4 s here to miss a neighbour; a busy machine gets more."""


def test_ospf_of_raw_lines_is_waited_for_and_missed(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(OSPF)
    answer = nlan("up", file, "--lab", lab)
    assert "198.51.100.2 " in nlan.inside(lab, "r1", "ip", "route")
    assert "converged" in answer.out
    assert nlan("status", lab).out.count("1/1") == 2
    nlan.vtysh(lab, "r2", "configure terminal", "interface eth1", "ip ospf hello-interval 2")
    deadline = time.monotonic() + DEAD_S
    while (r1 := nlan.status(lab)["nodes"]["r1"])["state"] == "ok":
        assert time.monotonic() < deadline, r1
    assert (r1["state"], r1["drift"]) == ("waiting", [])
    assert "0/1" in nlan("status", lab, code=1).out
    again = nlan("up", file, "--lab", lab)
    assert "converged" in again.out
    assert "198.51.100.2 " in nlan.inside(lab, "r1", "ip", "route")


def test_what_does_not_come_in_time_is_missing(nlan: Nlan) -> None:
    """By FRR's own timers nobody is elected for 40 s."""
    slow = "".join(line for line in OSPF.splitlines(keepends=True) if "interval" not in line)
    lab, file = nlan.name(), nlan.write(slow)
    answer = nlan("up", file, "--lab", lab, "--timeout", "1", code=1)
    assert "missing: r1: no full OSPFv2 neighbour on eth1" in answer.err
    assert "missing: r1: no route to 198.51.100.2/32" in answer.err
    assert "note:" not in answer.err  # nothing is told twice
    assert "not converged" in answer.out


def test_isis_is_waited_for_and_missed(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(ISIS)
    answer = nlan("up", file, "--lab", lab)
    assert "converged" in answer.out
    assert "198.51.100.2 " in nlan.inside(lab, "r1", "ip", "route")
    nlan("status", lab)
    nlan.vtysh(lab, "r2", "configure terminal", "interface eth1", "no ip router isis core")
    deadline = time.monotonic() + DEAD_S
    while (r1 := nlan.status(lab)["nodes"]["r1"])["state"] == "ok":
        assert time.monotonic() < deadline, r1
    assert (r1["state"], r1["missing"]) == ("waiting", ["no IS-IS neighbour on eth1"])
    assert "missing: r1: no IS-IS neighbour on eth1" in nlan("status", lab, code=1).out


def test_bfd_is_missed(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(BFD)
    nlan("up", file, "--lab", lab)
    nlan("status", lab)
    nlan.vtysh(lab, "r2", "configure terminal", "bfd", "peer 192.0.2.1", "shutdown")
    deadline = time.monotonic() + DEAD_S
    while (r1 := nlan.status(lab)["nodes"]["r1"])["state"] == "ok":
        assert time.monotonic() < deadline, r1
    assert (r1["state"], r1["missing"]) == ("waiting", ["no BFD session with 192.0.2.2"])


def _lan(lines: str) -> str:
    """Return four routers on a LAN with these lines each, ``%`` being the router's number."""
    routers = "".join(
        f"  r{number}:\n    frr: |\n{indent(lines.replace('%', str(number)), ' ' * 6)}"
        for number in range(1, 5)
    )
    return f'nodes:\n{routers}networks: {{lan: {{type: lan, nodes: ["r[1-4]"], addresses: false}}}}\n'


LANS = {
    "OSPF": """\
interface eth1
 ip address 192.0.2.%/24
 ip ospf area 0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
interface lo
 ip address 198.51.100.%/32
 ip ospf area 0
router ospf
""",
    "OSPFv3": """\
interface eth1
 ipv6 address 2001:db8:1::%/64
 ipv6 ospf6 area 0
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 dead-interval 4
interface lo
 ipv6 address 2001:db8::%/128
 ipv6 ospf6 area 0
router ospf6
 ospf6 router-id 192.0.2.%
""",
    "IS-IS": """\
interface eth1
 ip address 192.0.2.%/24
 ip router isis core
 isis hello-interval 1
 isis hello-multiplier 4
interface lo
 ip address 198.51.100.%/32
 ip router isis core
router isis core
 net 49.0001.0000.0000.000%.00
""",
}


@pytest.mark.parametrize("protocol", LANS)
def test_four_routers_of_raw_lines_meet_on_a_lan(nlan: Nlan, protocol: str) -> None:
    lab, file = nlan.name(), nlan.write(_lan(LANS[protocol]))
    answer = nlan("up", file, "--lab", lab)
    assert "converged" in answer.out
    version, loopback = ("-6", "2001:db8::{}") if protocol == "OSPFv3" else ("-4", "198.51.100.{}")
    for number in range(1, 5):
        routes = nlan.inside(lab, f"r{number}", "ip", version, "route")
        found = {line.split()[0] for line in routes.splitlines() if "proto" in line}
        assert {loopback.format(other) for other in range(1, 5) if other != number} <= found
    nlan("status", lab)


UNNUMBERED = """
defaults: {bgp: {derive: false}}
nodes:
  r1: {asn: 64496, frr: "router bgp 64496\\n neighbor eth1 interface remote-as external\\n"}
  r2: {asn: 64497, frr: "router bgp 64497\\n neighbor eth1 interface remote-as external\\n"}
links: [{link: r1 -- r2, addresses: false}]
"""


def test_the_next_hop_of_an_unnumbered_session_is_not_foreign(nlan: Nlan) -> None:
    """Zebra writes it down as a neighbour, 169.254.0.1; what a person writes down is foreign."""
    lab, file = nlan.name(), nlan.write(UNNUMBERED)
    nlan("up", file, "--lab", lab)
    assert "169.254.0.1" in nlan.inside(lab, "r1", "ip", "neighbor", "show", "nud", "permanent")
    assert nlan.run("plan", file, "--lab", lab, "--json").json["foreign"] == []
    nlan("status", lab)
    theirs = "ip neighbor add 169.254.0.9 dev eth1 lladdr 02:00:5e:00:53:09 nud permanent"
    nlan.inside(lab, "r1", *theirs.split())
    assert [one["name"] for one in nlan.run("plan", file, "--lab", lab, "--json").json["foreign"]] == [
        "169.254.0.9 02:00:5e:00:53:09 on eth1"
    ]


FORWARDS = """
nodes:
  h1: {frr: "int eth1\\n ipv6 addr 2001:db8:1::2/64\\nipv6 route ::/0 2001:db8:1::1\\n"}
  r1: {frr: "int eth1\\n ipv6 addr 2001:db8:1::1/64\\nint eth2\\n ipv6 addr 2001:db8:2::1/64\\n"}
  h2: {frr: "int eth1\\n ipv6 addr 2001:db8:2::2/64\\nipv6 route ::/0 2001:db8:2::1\\n"}
links:
- {line: [h1, r1, h2], addresses: false}
"""
R1 = 'r1: {frr: "'
FORWARDING = "/proc/sys/net/ipv6/conf/all/forwarding"


def test_ipv6_of_raw_lines_is_forwarded_but_where_they_say_no(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(FORWARDS), "--wait", "up", "--lab", lab)
    assert reaches(nlan, lab)
    changed = nlan.write(FORWARDS.replace(R1, R1 + r"no ipv6 forwarding\n"))
    nlan("up", changed, "--wait", "up", "--lab", lab)
    nlan("plan", changed, "--lab", lab)
    assert nlan.inside(lab, "r1", "cat", FORWARDING) == "0\n"
    nlan("up", nlan.write(FORWARDS), "--wait", "up", "--lab", lab)
    assert reaches(nlan, lab)


def reaches(nlan: Nlan, lab: str) -> bool:
    """Tell whether a packet of h1's comes to h2, soon."""
    ping = ("ping", "-6", "-c", "1", "-W", "1", "2001:db8:2::2")
    deadline = time.monotonic() + DEAD_S
    while nlan.run("exec", "-l", lab, "h1", "--", *ping).code:
        if time.monotonic() > deadline:
            return False
    return True


HOST_BITS = """
nodes:
  r1:
    frr: |
      router rip
       network 192.0.2.9/24
       distance 50 192.0.2.9/24
       neighbor 192.0.2.1
      router ripng
       network 2001:db8::9/48
       aggregate-address 2001:db8:1::9/48
"""


def test_lines_that_a_daemon_spells_otherwise_stay(nlan: Nlan) -> None:
    """A daemon read them from its file or was just told them; what it shows is no line to take back."""
    lab, file = nlan.name(), nlan.write(HOST_BITS)
    for _ in range(3):
        nlan("up", file, "--wait", "up", "--lab", lab)
        shown = nlan.vtysh(lab, "r1", "show running-config").splitlines()
        assert {
            " network 192.0.2.0/24",
            " distance 50 192.0.2.0/24",
            " network 2001:db8::/48",
            " aggregate-address 2001:db8:1::/48",
        } <= set(shown)
        nlan("plan", file, "--lab", lab)
        nlan("down", lab)
