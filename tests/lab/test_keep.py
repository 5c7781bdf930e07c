"""`nlan keep` repairs what is changed behind nlan's back, writes how things are, and ends with its lab.

The lab: two PEs and a route reflector over VXLAN, a GoBGP customer, a host behind each PE.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from keeping import DEADLINE_S, REPAIRED_MS, Lab, keeping, settled
from samples import PROVIDER
from support import Nlan
from tega.database import open_database

HOST = "pe2/172.21.2.2"


class Drift(NamedTuple):
    """What happens, and one of the operations that repair it."""

    happens: Callable[[Lab], object]
    kind: str
    node: str
    name: str


ZEROS = "00:00:00:00:00:00"
REFLECTOR = (
    "configure terminal",
    "router bgp 64496",
    "address-family ipv4 unicast",
    "no neighbor 198.51.100.2 route-reflector-client",
)
DRIFTS = {
    "vxlan": Drift(lambda lab: lab.run("pe1", "ip", "link", "del", "vxlan1"), "fdb", "pe1", "10.10.10.3"),
    "bridge": Drift(lambda lab: lab.run("pe1", "ip", "link", "del", "int_br1"), "address", "pe1", "int_br1"),
    "underlay": Drift(lambda lab: lab.run("pe2", "ip", "link", "del", "eth0"), "address", "pe2", "eth0"),
    "host-link": Drift(lambda lab: lab.run(HOST, "ip", "link", "del", "eth0"), "route", HOST, "0.0.0.0/0"),
    "link-down": Drift(
        lambda lab: lab.run("pe2", "ip", "link", "set", "int_br1", "down"), "bridge", "pe2", "int_br1"
    ),
    "mtu": Drift(
        lambda lab: lab.run("pe2", "ip", "link", "set", "vxlan1", "mtu", "1300"), "vxlan", "pe2", "vxlan1"
    ),
    "address": Drift(
        lambda lab: lab.run("pe1", "ip", "address", "del", "198.51.100.1/24", "dev", "int_br1"),
        "address",
        "pe1",
        "int_br1",
    ),
    "fdb": Drift(
        lambda lab: lab.run("pe1", "bridge", "fdb", "del", ZEROS, "dev", "vxlan1", "dst", "10.10.10.2"),
        "fdb",
        "pe1",
        "vxlan1",
    ),
    "route": Drift(lambda lab: lab.run(HOST, "ip", "route", "del", "default"), "route", HOST, "0.0.0.0/0"),
    "switch-told": Drift(
        lambda lab: lab.run("pe1", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"),
        "sysctl",
        "pe1",
        "ip_forward",
    ),
    "switch-untold": Drift(
        lambda lab: lab.run("pe1", "sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/accept_local"),
        "sysctl",
        "pe1",
        "accept_local",
    ),
    "reflector-client": Drift(lambda lab: lab.vtysh("rr", *REFLECTOR), "frr", "rr", "bgpd"),
    "bgpd-killed": Drift(lambda lab: lab.kill("pe1", "bgpd"), "frr", "pe1", "bgpd"),
    "zebra-killed": Drift(lambda lab: lab.kill("pe2", "zebra"), "frr", "pe2", "zebra"),
    "gobgpd-killed": Drift(lambda lab: lab.kill("ce1", "gobgpd"), "gobgp", "ce1", "gobgpd"),
    "gobgp-peer": Drift(
        lambda lab: lab.run("ce1", "gobgp", "neighbor", "add", "192.0.2.9", "as", "64499"),
        "gobgp",
        "ce1",
        "gobgpd",
    ),
    "hosts-file": Drift(
        lambda lab: lab.nlan.inside(lab.name, "pe1", "sh", "-c", "echo '192.0.2.1 foreign' >> /etc/hosts"),
        "hosts",
        "",
        "",
    ),
    "host-gone": Drift(
        lambda lab: subprocess.run(
            ["ip", "netns", "del", f"{lab.name}.{HOST.replace('/', '.', 1)}"], check=True
        ),
        "route",
        HOST,
        "0.0.0.0/0",
    ),
    "router-gone": Drift(
        lambda lab: subprocess.run(["ip", "netns", "del", f"{lab.name}.pe2"], check=True),
        "frr",
        "pe2",
        "bgpd",
    ),
}


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan) -> Iterator[Lab]:
    """Give a lab that is kept, which every test leaves as it found it."""
    name = module_nlan.name("keep")
    module_nlan("up", module_nlan.write(PROVIDER), "--lab", name)
    with keeping(module_nlan, name) as keep:
        yield Lab(module_nlan, name, keep)


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS.keys())
def test_drift_is_repaired_within_a_second(lab: Lab, drift: Drift) -> None:
    drift.happens(lab)
    note = lab.keep.repaired(kind=drift.kind, node=drift.node, name=drift.name)
    print(f"{drift.kind} of {drift.node or 'the lab'}: {note['ms']:.0f} ms")
    assert note["ms"] < REPAIRED_MS
    assert settled(lab)["drift"]["operations"] == []


def test_foreign_things_stay(lab: Lab) -> None:
    lab.run("pe1", "ip", "link", "add", "foreign0", "type", "bridge")
    lab.run("pe1", "ip", "link", "set", "foreign0", "up")
    lab.run("pe1", "ip", "address", "add", "203.0.113.1/24", "dev", "foreign0")
    lab.run("pe1", "ip", "route", "add", "203.0.113.128/25", "via", "203.0.113.2")
    lab.run("pe1", "ip", "address", "del", "198.51.100.1/24", "dev", "int_br1")
    lab.keep.repaired(kind="address", node="pe1", name="int_br1")
    assert "203.0.113.128/25" in lab.nlan.inside(lab.name, "pe1", "ip", "route")
    lab.run("pe1", "ip", "link", "del", "foreign0")


def test_what_is_observed_is_in_the_database(lab: Lab) -> None:
    settled(lab)
    with open_database(lab.nlan.directory / "state" / lab.name / "tega", durability="normal") as database:

        def fits() -> bool:
            view = database.view()
            one = view.value(("operational-pe1",)) or {}
            peers = {peer: session["up"] for peer, session in one.get("bgp", {}).items()}
            return (
                one.get("addresses", {}).get("int_br1") == ["198.51.100.1/24"]
                and peers == {"198.51.100.3": True, "10.1.0.2": True}
                and "172.21.2.0/24" in one["routes"]
                and "172.21.1.2" in one["hosts"]
                and view.value(("operational-ce1",))["bgp"]["10.1.0.1"]["up"] is True
            )

        wait_for(database, fits)
        lab.run("pe1", "ip", "address", "add", "203.0.113.5/32", "dev", "lo")
        wait_for(
            database,
            lambda: "203.0.113.5/32" in database.view().value(("operational-pe1", "addresses", "lo")),
        )
        lab.run("pe1", "ip", "address", "del", "203.0.113.5/32", "dev", "lo")


def wait_for(database: Any, fits: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not fits():
        assert time.monotonic() < deadline, database.view().value(("operational-pe1",))
        database.wait(database.head(), 0.5)


def test_a_second_keep_is_told_of_the_first(lab: Lab) -> None:
    answer = lab.nlan("keep", lab.name, code=1)
    assert f"lab {lab.name} is kept already, by process {lab.keep.process.pid}" in answer.err


def test_another_up_is_not_fought(lab: Lab) -> None:
    """A change of the file is made by `up`; keep takes over from there, and undoes nothing of it."""
    more = PROVIDER.replace("pe2: {asn: 64496, hosts: 1}", "pe2: {asn: 64496, hosts: 2}")
    lab.nlan("up", lab.nlan.write(more, "more.yaml"), "--lab", lab.name)
    lab.keep.event("keeping")
    assert settled(lab)["nodes"]["pe2/172.21.2.3"]["state"] == "ok"
    lab.run("pe2/172.21.2.3", "ip", "route", "del", "default")
    lab.keep.repaired(kind="route", node="pe2/172.21.2.3")
    lab.nlan("up", lab.nlan.write(PROVIDER), "--lab", lab.name)
    lab.keep.event("keeping")
    assert "pe2/172.21.2.3" not in settled(lab)["nodes"]
