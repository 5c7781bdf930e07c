"""Taps, macvlans, NICs and links over VXLAN in labs: who hears whom, what drifts, what is given back.

The machine's NICs are ends of veth pairs in a namespace that the test makes, and nlan runs in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from keeping import keeping
from support import Nlan

LINKS = """
ipv6: true
nodes:
  r1: {links: {tap0: {address: 192.0.2.1/24, owner: nobody}, mv0: {on: "r2:eth1", address: 198.51.100.1/24}}}
  r2: {links: {mv0: {on: eth1, address: [198.51.100.2/24, "2001:db8:9::2/64"]}}}
links:
- r1 -- r2
- {link: r1 -- r2, type: vxlan, mtu: 1400}
- {link: r1 -- r2, addresses: false}
"""


def test_they_are_made_changed_and_repaired(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(LINKS)
    nlan("up", file, "--lab", lab)
    assert nlan.operations(file, "--lab", lab) == []
    assert nlan("ping", "r1", "198.51.100.2", "--lab", lab).code == 0
    assert nlan("ping", "r1", "10.1.0.6", "--lab", lab).code == 0
    assert "vxlan id 1" in nlan.inside(lab, "r1", "ip", "-d", "link", "show", "eth2")

    with keeping(nlan, lab) as keep:
        for kind, name in (("tap", "tap0"), ("macvlan", "mv0"), ("vxlan", "eth2")):
            nlan.inside(lab, "r1", "ip", "link", "del", name)
            keep.repaired(kind=kind, node="r1", name=name)
    assert nlan.operations(file, "--lab", lab) == []
    assert nlan("ping", "r1", "198.51.100.2", "--lab", lab).code == 0

    text = LINKS.replace("r2:eth1", "r2:eth3").replace("owner: nobody", "owner: nobody, mtu: 1300")
    changed = nlan.write(text, "changed.yaml")
    assert nlan.operations(changed, "--lab", lab) == [
        "~ r1 tap tap0 [hitless]",
        "± r1 macvlan mv0 [outage]",
        "+ r1 address mv0 198.51.100.1/24 [outage]",
    ]
    nlan("up", changed, "--lab", lab)
    assert nlan.operations(changed, "--lab", lab) == []


@pytest.fixture
def machine(nlan: Nlan) -> Iterator[str]:
    """Give a namespace with two NICs, each with somebody behind it; it stands for the machine."""
    name = f"nlan-test-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for number in (0, 1):
            inside(name, "ip", "link", "add", f"nic{number}", "type", "veth", "peer", "name", f"far{number}")
            inside(name, "ip", "link", "set", f"nic{number}", "mtu", "1450", "up")
            inside(name, "ip", "address", "add", f"192.0.2.{65 * number + 9}/26", "dev", f"far{number}")
            inside(name, "ip", "link", "set", f"far{number}", "up")
        nlan.under = ("nsenter", f"--net=/run/netns/{name}")
        yield name
    finally:
        nlan.under = ()
        subprocess.run(["ip", "netns", "del", name], check=True)


def inside(machine: str, *words: str) -> str:
    done = subprocess.run(["ip", "-n", machine, *words[1:]], capture_output=True, text=True, check=True)
    return done.stdout


def nic(machine: str) -> str:
    """Return what the machine says of its first NIC, without numbers that change."""
    return inside(machine, "ip", "link", "show", "nic0").partition(" ")[2]


NICS = """
nodes:
  r1:
    links: {wan0: {type: nic, nic: nic0, address: 192.0.2.1/26}, lan0: {nic: nic1, address: 192.0.2.65/26}}
  r2: {links: {lan0: {nic: nic1, address: 192.0.2.66/26}}}
"""


def test_nics_are_given_back_as_they_were(nlan: Nlan, machine: str) -> None:
    lab, file, before = nlan.name(), nlan.write(NICS), nic(machine)
    nlan("up", file, "--lab", lab)
    assert nlan.operations(file, "--lab", lab) == []
    assert "nic0" not in inside(machine, "ip", "link")
    for address in ("192.0.2.9", "192.0.2.74", "192.0.2.66"):
        assert nlan("ping", "r1", address, "--lab", lab).code == 0
    without = nlan.write(
        NICS.replace("wan0: {type: nic, nic: nic0, address: 192.0.2.1/26}, ", ""), "less.yaml"
    )
    assert nlan.operations(without, "--lab", lab) == ["~ hosts [hitless]", "- r1 nic wan0 [outage]"]
    nlan("up", without, "--lab", lab)
    assert nic(machine) == before

    nlan("up", file, "--lab", lab)
    here, nlan.under = nlan.under, ()
    nlan("down", lab)
    assert nic(machine) == before

    nlan.under = here
    inside(machine, "ip", "address", "add", "203.0.113.1/24", "dev", "nic0")
    refused = nlan.run("up", file, "--lab", lab).err
    assert (
        "its NIC nic0 has the address 203.0.113.1/24, so the machine itself may be reached by it" in refused
    )
    absent = nlan.write(NICS.replace("nic1", "nic7"), "absent.yaml")
    assert "it has no NIC `nic7` (it has: far0, far1, nic0, nic1)" in nlan.run("up", absent, "--lab", lab).err
    assert lab not in nlan.running()


@pytest.mark.parametrize("last", ["r1 namespace", "r1 nic wan0", "r1 address wan0"])
def test_a_killed_run_gives_it_back_all_the_same(nlan: Nlan, machine: str, last: str) -> None:
    lab, file, before = nlan.name(), nlan.write(NICS), nic(machine)
    process = nlan.start("up", file, "--lab", lab, "-v")
    assert process.stderr is not None
    for line in process.stderr:
        if last in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    nlan("down", lab)
    assert nic(machine) == before
