"""A customer edge and a border router that run GoBGP: what the file says of them holds.

ce (GoBGP) has hosts and a static default route, and announces its LAN; border (GoBGP) is the next hop, to
core, of what ce tells; core (FRR) and the host behind it reach ce's hosts and are reached by them.
"""

from __future__ import annotations

import json
import time
from typing import NamedTuple

import pytest

from support import Nlan

FILE = """
nodes:
  core: {{asn: 64496, hosts: 1, routes: {{203.0.113.0/24: border}}}}
  border: {{asn: 64496, engine: gobgp, bgp: {border}, routes: {{172.21.0.0/16: ce, 172.21.1.0/24: core}}}}
  ce: {{asn: 64497, engine: gobgp, hosts: 2, bgp: {ce}, routes: {{0.0.0.0/0: border}}}}
links: [core -- border, border -- ce]
"""
BORDER = "{redistribute: [], networks: [198.51.100.0/24]}"
CE = "{networks: [203.0.113.0/24]}"


class Lab(NamedTuple):
    """The running lab."""

    nlan: Nlan
    name: str

    def write(self, *, border: str = BORDER, ce: str = CE) -> str:
        return self.nlan.write(FILE.format(border=border, ce=ce))

    def bgp(self) -> dict[str, set[str]]:
        """Return what core has from border: prefix to next hops."""
        text = self.nlan.vtysh(self.name, "core", "show bgp ipv4 unicast json")
        return {
            prefix: {hop["ip"] for path in paths for hop in path["nexthops"]}
            for prefix, paths in json.loads(text)["routes"].items()
            if any(path["pathFrom"] == "internal" for path in paths)
        }

    def await_bgp(self, wanted: dict[str, set[str]]) -> None:
        end = time.monotonic() + 20
        while (found := self.bgp()) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        assert found == wanted


SELF = {"10.1.0.2"}
HEARD = {
    "10.0.0.3/32": SELF,
    "10.1.0.4/30": SELF,
    "172.21.2.0/24": SELF,
    "198.51.100.0/24": SELF,
    "203.0.113.0/24": SELF,
}


@pytest.fixture(scope="module")
def lab(module_nlan: Nlan) -> Lab:
    running = Lab(module_nlan, module_nlan.name("gobgp"))
    answer = module_nlan("up", running.write(), "--lab", running.name, "--json").json
    assert answer["converged"]
    return running


def test_all_that_is_announced_arrives_with_the_border_as_next_hop(lab: Lab) -> None:
    lab.await_bgp(HEARD)
    assert lab.nlan.operations(lab.write(), "--lab", lab.name) == []
    status = lab.nlan.status(lab.name)
    assert {node["state"] for node in status["nodes"].values()} == {"ok"}


def test_hosts_reach_each_other_by_what_is_announced(lab: Lab) -> None:
    lab.nlan("ping", "--all", "-l", lab.name)
    route = json.loads(lab.nlan.inside(lab.name, "ce", "ip", "-j", "route", "show", "default"))
    assert [(r["gateway"], r["dev"]) for r in route] == [("10.1.0.5", "eth1")]


def test_edits_are_made_live(lab: Lab) -> None:
    before = lab.nlan.sessions(lab.name)
    file = lab.write(border="{redistribute: [], next_hop_self: false}", ce="{networks: [192.0.2.0/24]}")
    assert lab.nlan.operations(file, "--lab", lab.name) == [
        "~ border gobgp gobgpd [hitless]",
        "~ ce gobgp gobgpd [hitless]",
    ]
    lab.nlan("up", file, "--lab", lab.name)
    told = {"10.0.0.3/32", "10.1.0.4/30", "172.21.2.0/24", "192.0.2.0/24"}
    lab.await_bgp({prefix: {"10.1.0.6"} for prefix in told})
    assert lab.nlan.operations(file, "--lab", lab.name) == []
    lab.nlan("up", lab.write(), "--lab", lab.name)
    lab.await_bgp(HEARD)
    assert lab.nlan.sessions(lab.name) == before


@pytest.mark.parametrize(
    ("words", "repair"),
    [
        (("gobgp", "global", "rib", "del", "203.0.113.0/24"), "~ ce gobgp gobgpd [hitless]"),
        (("ip", "route", "del", "default"), "+ ce route 0.0.0.0/0 [hitless]"),
    ],
    ids=["prefix", "static-route"],
)
def test_drift(lab: Lab, words: tuple[str, ...], repair: str) -> None:
    lab.nlan.inside(lab.name, "ce", *words)
    assert lab.nlan.operations(lab.write(), "--lab", lab.name) == [repair]
    lab.nlan("up", lab.write(), "--lab", lab.name)
    lab.await_bgp(HEARD)
    lab.nlan("ping", "--all", "-l", lab.name)


def test_the_same_file_with_frr_means_the_same(lab: Lab) -> None:
    """From GoBGP to FRR and back: core hears the same, and hosts reach each other throughout."""
    file = lab.nlan.write(FILE.format(border=BORDER, ce=CE).replace("engine: gobgp, ", ""))
    for edit in (file, lab.write()):
        lab.nlan("up", edit, "--lab", lab.name)
        lab.await_bgp(HEARD)
        lab.nlan("ping", "--all", "-l", lab.name)
