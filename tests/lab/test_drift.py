"""What is changed behind nlan's back is told by `status`, planned exactly, and repaired alone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from nlan.engines.frr.programs import has_manager
from samples import PROVIDER
from support import Nlan, operation_text, planned_here

HOST = "pe2/172.21.2.2"


class Lab(NamedTuple):
    """The running lab."""

    nlan: Nlan
    name: str
    file: str

    def inside(self, node: str, *command: str) -> str:
        return self.nlan.inside(self.name, node, *command)

    def vtysh(self, node: str, *lines: str) -> None:
        self.nlan.vtysh(self.name, node, *lines)

    def kill(self, node: str, program: str) -> None:
        """Kill a daemon of a node and wait until it is gone."""
        pids = subprocess.run(
            ["ip", "netns", "pids", f"{self.name}.{node}"], capture_output=True, text=True, check=True
        ).stdout.split()
        (pid,) = [int(pid) for pid in pids if Path("/proc", pid, "comm").read_text().strip() == program]
        ended = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            assert select.select([ended], [], [], 10)[0]
        finally:
            os.close(ended)

    def remove_namespace(self, namespace: str) -> None:
        subprocess.run(["ip", "netns", "del", f"{self.name}.{namespace.replace('/', '.')}"], check=True)


class Drift(NamedTuple):
    """What happens behind nlan's back, where, and the operations that repair it.

    FRR without mgmtd may need others.
    """

    title: str
    happens: Callable[[Lab], object]
    node: str
    repair: str
    repair_without_manager: str = ""


DRIFTS = (
    Drift(
        "link",
        lambda lab: lab.inside("pe1", "ip", "link", "del", "vxlan1"),
        "pe1",
        """
        + pe1 vxlan vxlan1 [hitless]
        + pe1 fdb vxlan1 10.10.10.2 [hitless]
        + pe1 fdb vxlan1 10.10.10.3 [hitless]
        """,
    ),
    Drift(
        "bridge",
        lambda lab: lab.inside("pe1", "ip", "link", "del", "int_br1"),
        "pe1",
        """
        + pe1 bridge int_br1 [hitless]
        ~ pe1 vxlan vxlan1 [hitless]
        + pe1 address int_br1 198.51.100.1/24 [hitless]
        """,
    ),
    Drift(
        "host-link",
        lambda lab: lab.inside(HOST, "ip", "link", "del", "eth0"),
        HOST,
        """
        + pe2/172.21.2.2 veth eth0 [hitless]
        + pe2/172.21.2.2 address eth0 172.21.2.2/24 [hitless]
        + pe2/172.21.2.2 route 0.0.0.0/0 [hitless]
        """,
    ),
    Drift(
        "link-of-two",
        lambda lab: lab.inside("ce1", "ip", "link", "del", "eth1"),
        "ce1",
        """
        + pe1 veth eth1 [hitless]
        + ce1 address eth1 10.1.0.2/30 [hitless]
        + pe1 address eth1 10.1.0.1/30 [hitless]
        """,
    ),
    Drift(
        "link-down",
        lambda lab: lab.inside("pe2", "ip", "link", "set", "int_br1", "down"),
        "pe2",
        """
        ~ pe2 bridge int_br1 [hitless]
        """,
    ),
    Drift(
        "mtu",
        lambda lab: lab.inside("pe2", "ip", "link", "set", "vxlan1", "mtu", "1300"),
        "pe2",
        """
        ~ pe2 vxlan vxlan1 [hitless]
        """,
    ),
    Drift(
        "port",
        lambda lab: lab.inside("pe2", "ip", "link", "set", "vxlan1", "nomaster"),
        "pe2",
        """
        ~ pe2 vxlan vxlan1 [hitless]
        """,
    ),
    Drift(
        "address",
        lambda lab: lab.inside("pe1", "ip", "address", "del", "198.51.100.1/24", "dev", "int_br1"),
        "pe1",
        """
        + pe1 address int_br1 198.51.100.1/24 [hitless]
        """,
    ),
    Drift(
        "loopback",
        lambda lab: lab.inside("pe2", "ip", "address", "flush", "dev", "lo", "scope", "global"),
        "pe2",
        """
        + pe2 address lo 10.0.0.2/32 [hitless]
        """,
    ),
    Drift(
        "fdb",
        lambda lab: lab.inside(
            "pe1", "bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "vxlan1", "dst", "10.10.10.2"
        ),
        "pe1",
        """
        + pe1 fdb vxlan1 10.10.10.2 [hitless]
        """,
    ),
    Drift(
        "route",
        lambda lab: lab.inside(HOST, "ip", "route", "del", "default"),
        HOST,
        """
        + pe2/172.21.2.2 route 0.0.0.0/0 [hitless]
        """,
    ),
    Drift(
        "sysctl",
        lambda lab: lab.inside("pe1", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"),
        "pe1",
        """
        ~ pe1 sysctl net/ipv4/ip_forward [hitless]
        """,
    ),
    Drift(
        "reflector-client",
        lambda lab: lab.vtysh(
            "rr",
            "configure terminal",
            "router bgp 64496",
            "address-family ipv4 unicast",
            "no neighbor 198.51.100.2 route-reflector-client",
        ),
        "rr",
        """
        ~ rr frr bgpd [session]
        """,
    ),
    Drift(
        "peer-removed",
        lambda lab: lab.vtysh("pe2", "configure terminal", "router bgp 64496", "no neighbor 198.51.100.3"),
        "pe2",
        """
        ~ pe2 frr bgpd [hitless]
        """,
    ),
    Drift(
        "line-added",
        lambda lab: lab.vtysh(
            "pe1", "configure terminal", "router bgp 64496", "neighbor 203.0.113.9 remote-as 64511"
        ),
        "pe1",
        """
        ~ pe1 frr bgpd [session]
        """,
    ),
    Drift(
        "bgpd-killed",
        lambda lab: lab.kill("pe1", "bgpd"),
        "pe1",
        """
        + pe1 frr bgpd [restart]
        """,
    ),
    Drift(
        "zebra-killed",
        lambda lab: lab.kill("pe2", "zebra"),
        "pe2",
        """
        + pe2 frr zebra [restart]
        ± pe2 frr bgpd [restart]
        ± pe2 frr staticd [restart]
        """,
    ),
    Drift(
        "gobgp-peer",
        lambda lab: lab.inside("ce1", "gobgp", "neighbor", "add", "192.0.2.9", "as", "64499"),
        "ce1",
        """
        ~ ce1 gobgp gobgpd [session]
        """,
    ),
    Drift(
        "gobgp-prefix",
        lambda lab: lab.inside("ce1", "gobgp", "global", "rib", "del", "10.1.0.0/30"),
        "ce1",
        """
        ~ ce1 gobgp gobgpd [hitless]
        """,
    ),
    Drift(
        "gobgpd-killed",
        lambda lab: lab.kill("ce1", "gobgpd"),
        "ce1",
        """
        + ce1 gobgp gobgpd [restart]
        """,
    ),
    Drift(
        "hosts-file",
        lambda lab: lab.inside("pe1", "sh", "-c", "echo '192.0.2.1 foreign' >> /etc/hosts"),
        "",
        """
        ~ hosts [hitless]
        """,
    ),
    Drift(
        "namespace",
        lambda lab: lab.remove_namespace(HOST),
        HOST,
        """
        + pe2/172.21.2.2 namespace [hitless]
        + pe2/172.21.2.2 veth eth0 [hitless]
        + pe2/172.21.2.2 address eth0 172.21.2.2/24 [hitless]
        + pe2/172.21.2.2 route 0.0.0.0/0 [hitless]
        """,
    ),
    Drift(
        "router-gone",
        lambda lab: lab.remove_namespace("pe2"),
        "pe2",
        """
        + pe2 namespace [hitless]
        + pe2 sysctl net/ipv4/conf/all/accept_local [hitless]
        + pe2 sysctl net/ipv4/conf/all/promote_secondaries [hitless]
        + pe2 sysctl net/ipv4/conf/all/rp_filter [hitless]
        + pe2 sysctl net/ipv4/fib_multipath_hash_policy [hitless]
        + pe2 sysctl net/ipv4/ip_forward [hitless]
        + pe2 bridge br_172.21.2.1 [hitless]
        + pe2 bridge int_br1 [hitless]
        ± pe2/172.21.2.2 veth eth0 [outage]
        + pe2 vxlan vxlan1 [hitless]
        + pe2 fdb vxlan1 10.10.10.1 [hitless]
        + pe2 fdb vxlan1 10.10.10.3 [hitless]
        + pe2 address br_172.21.2.1 172.21.2.1/24 [hitless]
        + pe2 address int_br1 198.51.100.2/24 [hitless]
        + pe2 address lo 10.0.0.2/32 [hitless]
        + pe2/172.21.2.2 address eth0 172.21.2.2/24 [outage]
        + pe2/172.21.2.2 route 0.0.0.0/0 [outage]
        - @fabric veth u.pe2 [outage]
        + pe2 veth eth0 [hitless]
        + pe2 address eth0 10.10.10.2/24 [hitless]
        + pe2 frr mgmtd [hitless]
        + pe2 frr zebra [hitless]
        + pe2 frr bgpd [hitless]
        + pe2 frr staticd [hitless]
        """,
    ),
)


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan) -> Lab:
    """Give the running lab, which every test leaves as it found it."""
    name, file = module_nlan.name("drift"), module_nlan.write(PROVIDER)
    module_nlan("up", file, "--lab", name)
    return Lab(module_nlan, name, file)


@pytest.mark.parametrize("drift", DRIFTS, ids=[drift.title for drift in DRIFTS])
def test_drift(lab: Lab, drift: Drift) -> None:
    wanted = planned_here(drift.repair if has_manager() else drift.repair_without_manager or drift.repair)
    drift.happens(lab)
    status = lab.nlan("status", lab.name, "--json", code=1).json
    assert [operation_text(operation) for operation in status["drift"]["operations"]] == wanted
    drifted = {line.split()[1] for line in wanted} & status["nodes"].keys()
    assert {name for name, node in status["nodes"].items() if node["state"] == "drift"} == drifted
    assert lab.nlan.operations(lab.file, "--lab", lab.name) == wanted
    done = lab.nlan("up", lab.file, "--lab", lab.name, "--json").json
    assert [operation_text(operation) for operation in done["operations"]] == wanted
    assert done["converged"]
    lab.nlan("status", lab.name)
    lab.nlan("ping", "--all", "-l", lab.name)


def test_what_others_made_is_shown_and_no_drift(lab: Lab) -> None:
    """Links, addresses and routes without nlan's mark are left alone, and stay; until somebody asks."""
    lab.inside("pe1", "ip", "link", "add", "foreign0", "type", "bridge")
    lab.inside("pe1", "ip", "link", "set", "foreign0", "up")
    lab.inside("pe1", "ip", "address", "add", "203.0.113.1/24", "dev", "foreign0")
    lab.inside("pe1", "ip", "route", "add", "203.0.113.128/25", "via", "203.0.113.2")
    assert lab.nlan.operations(lab.file, "--lab", lab.name) == []
    text = lab.nlan("status", lab.name).out
    assert "foreign: pe1: link foreign0 (bridge)\n" in text
    assert "foreign: pe1: route 203.0.113.128/25 via 203.0.113.2 on foreign0\n" in text
    lab.nlan("up", lab.file, "--lab", lab.name)
    assert "203.0.113.128/25" in lab.inside("pe1", "ip", "route")
    wanted = ["- pe1 foreign link foreign0 (bridge) [hitless]"]
    wanted += ["- pe1 foreign route 203.0.113.128/25 via 203.0.113.2 on foreign0 [hitless]"]
    assert lab.nlan.operations(lab.file, "--lab", lab.name, "--exclusive") == wanted
    lab.nlan("up", lab.file, "--lab", lab.name, "--exclusive")
    assert lab.nlan("status", lab.name, "--json").json["drift"]["foreign"] == []


def test_a_rule_that_swallows_packets_is_not_ok(lab: Lab) -> None:
    """A lab whose router forwarded nothing was `ok`, and nothing was to be done."""
    lab.inside("pe1", "ip", "rule", "add", "pref", "32765", "blackhole", "to", "10.0.0.0/8")
    status = lab.nlan("status", lab.name, code=1).out
    assert "foreign: pe1: ip rule 32765 blackhole to 10.0.0.0/8\n" in status
    (row,) = [line for line in status.splitlines() if line.startswith("pe1 ")]
    assert row.split()[1] == "foreign"
    assert "nothing to do\nforeign: pe1: ip rule" in lab.nlan("plan", lab.file, "--lab", lab.name).out
    exclusive = lab.nlan.write("exclusive: true\n" + Path(lab.file).read_text(), "exclusive.yaml")
    lab.nlan("up", exclusive, "--lab", lab.name, "--replace")
    lab.nlan("status", lab.name)
    lab.nlan("up", lab.file, "--lab", lab.name, "--replace")
