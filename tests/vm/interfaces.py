"""Interfaces that nodes name, of each mode, on a kernel that has them all: run by tests/vm/run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import Nlan
from vm.checks import nlan, pytestmark, up

__all__ = ["nlan", "pytestmark"]

LAB = """
nodes:
  r1:
    interfaces:
      gre1: {mode: gre, remote: r2, key: 7, mtu: %(mtu)d, address: 10.9.1.1/30}
      gre2: {mode: gre, remote: %(remote)s, key: 8, address: [10.9.2.1/30, "2001:db8:9:2::1/64"]}
      tap1: {mode: gretap, remote: r2, address: 10.9.3.1/30}
      ipip1: {mode: ipip, remote: r2, address: 10.9.4.1/30}
      sit1: {mode: sit, remote: r2, address: "2001:db8:9:5::1/64"}
      vx1: {mode: vxlan, remote: r2, vni: 77, address: 10.9.6.1/30}
      eth1.5: {mode: vlan, parent: eth1, vid: 5, address: 10.9.7.1/30}
      tap1.6: {mode: vlan, parent: tap1, vid: 6, address: 10.9.8.1/30}
      gre6: {mode: gre, local: "2001:db8:1::1", remote: "2001:db8:1::2", address: 10.9.9.1/30}
      tap6: {mode: gretap, local: "2001:db8:1::1", remote: "2001:db8:1::2", address: 10.9.10.1/30}
      ipip6: {mode: ipip, local: "2001:db8:1::1", remote: "2001:db8:1::2", address: 10.9.11.1/30}
      stub: {mode: dummy, address: 10.9.12.1/24}
  r2:
    interfaces:
      gre1: {mode: gre, remote: r1, key: 7, address: 10.9.1.2/30}
      gre2: {mode: gre, remote: r1, key: 8, address: [10.9.2.2/30, "2001:db8:9:2::2/64"]}
      tap1: {mode: gretap, remote: r1, address: 10.9.3.2/30}
      ipip1: {mode: ipip, remote: r1, address: 10.9.4.2/30}
      sit1: {mode: sit, remote: r1, address: "2001:db8:9:5::2/64"}
      vx1: {mode: vxlan, remote: r1, vni: 77, address: 10.9.6.2/30}
      eth1.5: {mode: vlan, parent: eth1, vid: 5, address: 10.9.7.2/30}
      tap1.6: {mode: vlan, parent: tap1, vid: 6, address: 10.9.8.2/30}
      gre6: {mode: gre, local: "2001:db8:1::2", remote: "2001:db8:1::1", address: 10.9.9.2/30}
      tap6: {mode: gretap, local: "2001:db8:1::2", remote: "2001:db8:1::1", address: 10.9.10.2/30}
      ipip6: {mode: ipip, local: "2001:db8:1::2", remote: "2001:db8:1::1", address: 10.9.11.2/30}
links:
- link: r1 -- r2
  ends:
    r1: {address: [192.0.2.1/30, "2001:db8:1::1/64"]}
    r2: {address: [192.0.2.2/30, "2001:db8:1::2/64"]}
"""
PEERS = [f"10.9.{n}.2" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10, 11)] + ["2001:db8:9:2::2", "2001:db8:9:5::2"]
OSPF = """
ospf: true
nodes:
  r1: {interfaces: {gre1: {mode: gre, remote: r2, address: 10.9.1.1/30}}}
  r2: {interfaces: {gre1: {mode: gre, remote: r1, address: 10.9.1.2/30}}}
links: []
"""


def lab_file(nlan: Nlan, mtu: int = 1476, remote: str = "r2") -> str:
    return nlan.write(LAB % {"mtu": mtu, "remote": remote})


@pytest.fixture(scope="module")
def lab(nlan: Nlan) -> Iterator[str]:
    with up(nlan, lab_file(nlan), nlan.name("ifs"), 120):
        yield nlan.name("ifs")


def reached(nlan: Nlan, lab: str, targets: list[str]) -> set[str]:
    words = " ".join(targets)
    line = f"for a in {words}; do ping -n -q -c 1 -W 3 $a >/dev/null && echo $a; done; true"
    return set(nlan.inside(lab, "r1", "sh", "-c", line).split())


def test_every_interface_reaches_its_other_end(nlan: Nlan, lab: str) -> None:
    assert reached(nlan, lab, PEERS) == set(PEERS)
    assert nlan.operations(lab_file(nlan), "-l", lab) == []


def test_they_are_the_kernels(nlan: Nlan, lab: str) -> None:
    shown = nlan.inside(lab, "r1", "ip", "-d", "link", "show", "gre1")
    assert "gre remote 10.10.10.2 local 10.10.10.1 ttl 64" in shown
    assert "ikey 0.0.0.7" in shown
    assert "mtu 1476" in shown
    assert "vlan protocol 802.1Q id 6" in nlan.inside(lab, "r1", "ip", "-d", "link", "show", "tap1.6")


def test_drift_is_seen_and_repaired(nlan: Nlan, lab: str) -> None:
    lines = (
        "ip link set gre1 mtu 1000",
        "ip link set ipip1 type ipip remote 10.10.10.9 local 10.10.10.1",
        "ip link set sit1 group 0",
        "ip link delete stub",
        "ip link delete tap1",
    )
    nlan.inside(lab, "r1", "sh", "-ec", "; ".join(lines))
    file = lab_file(nlan)
    assert {
        "~ r1 device gre1 [hitless]",
        "~ r1 device ipip1 [hitless]",
        "+ r1 device sit1 [hitless]",
        "+ r1 device stub [hitless]",
        "+ r1 address stub 10.9.12.1/24 [hitless]",
        "+ r1 device tap1 [hitless]",
        "+ r1 device tap1.6 [hitless]",
        "+ r1 address tap1 10.9.3.1/30 [hitless]",
        "+ r1 address tap1.6 10.9.8.1/30 [hitless]",
    } <= set(nlan.operations(file, "-l", lab))
    nlan("up", file, "-l", lab)
    assert nlan.operations(file, "-l", lab) == []
    assert reached(nlan, lab, PEERS) == set(PEERS)


def test_an_mtu_and_an_end_are_changed_in_place(nlan: Nlan, lab: str) -> None:
    number = nlan.inside(lab, "r1", "cat", "/sys/class/net/gre2/ifindex")
    with nlan.pinging(lab, "r1", "10.9.3.2"):
        file = lab_file(nlan, mtu=1400, remote="192.0.2.2")
        assert nlan.operations(file, "-l", lab) == [
            "~ r1 device gre1 [hitless]",
            "~ r1 device gre2 [hitless]",
        ]
        nlan("up", file, "-l", lab)
        assert reached(nlan, lab, ["10.9.1.2", "10.9.2.2"]) == {"10.9.1.2"}
        nlan("up", lab_file(nlan), "-l", lab)
    assert reached(nlan, lab, PEERS) == set(PEERS)
    assert nlan.inside(lab, "r1", "cat", "/sys/class/net/gre2/ifindex") == number


def test_ospf_runs_over_a_tunnel_alone(nlan: Nlan) -> None:
    file, name = nlan.write(OSPF), nlan.name("gre")
    with up(nlan, file, name, 300):  # waits for the neighbours
        assert "Full/" in nlan.inside(name, "r1", "vtysh", "-c", "show ip ospf neighbor")
        assert nlan.operations(file, "-l", name) == []
