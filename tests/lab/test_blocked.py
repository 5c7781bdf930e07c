"""What the file means and cannot come up is no `converged` and no `ok`, and is told with its reason."""

from __future__ import annotations

import pytest

from support import Nlan

LINE = "asn: 64500\nnodes: ['r[1-4]']\nlinks: [{line: ['r[1-4]']}]\n"
PASSWORD = """
nodes:
  r1: {asn: 64496, bgp: {peers: [{node: r2, password: PASSWORD}]}}
  r2: {asn: 64497}
links: [r1 -- r2]
"""
AREAS = """
nodes: {r1: {ospf: {area: 0}}, r2: {ospf: {area: 1}}}
links: [{link: r1 -- r2, ospf: true}]
"""
SUBNETS = """
ospf: true
nodes: [r1, r2]
links: [{link: r1 -- r2, ends: {r1: 198.51.100.1/30, r2: 198.51.100.5/30}}]
"""
MTUS = """
ospf: true
nodes:
  r1: {ptn: {a: {l2vpn: [{vni: 100, ip: 192.0.2.1/24, mtu: 1400, peers: ["${r2}"]}]}}}
  r2: {ptn: {a: {l2vpn: [{vni: 100, ip: 192.0.2.2/24, peers: ["${r1}"]}]}}}
"""
TIMERS = """
ospf: true
nodes: {r1: {frr: "interface eth1\\n ip ospf hello-interval 7"}, r2: {}}
links: [r1 -- r2]
"""
CASES = {
    "no-igp": (LINE, "3 BGP sessions cannot come up: no route to the peer", "r1 has no route to 10.0.0.3"),
    "password": (
        PASSWORD,
        "1 BGP session cannot come up: the password differs",
        "r1 and r2 have not the same password",
    ),
    "areas": (AREAS, "1 OSPFv2 adjacency cannot come up: the areas differ", "in area 0.0.0.0"),
    "subnets": (
        SUBNETS,
        "1 OSPFv2 adjacency cannot come up: the subnets differ",
        "r1 has 198.51.100.1/30 on eth1, r2 has 198.51.100.5/30: another subnet",
    ),
    "mtus": (MTUS, "1 OSPFv2 adjacency cannot come up: the MTUs differ", "of r1 has an MTU of 1400 bytes"),
    "timers": (TIMERS, "1 OSPFv2 adjacency cannot come up: the timers differ", "a hello interval of 7 s"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_come_up_is_said(nlan: Nlan, case: str) -> None:
    text, summary, detail = CASES[case]
    lab, file = nlan.name(), nlan.write(text)
    answer = nlan("up", file, "--lab", lab, code=1)
    assert (
        f"{'up' if case == 'timers' else 'converged'} after " in answer.out
    )  # of raw lines not all is known
    assert f"but {summary}" in answer.out
    (line,) = [line for line in answer.err.splitlines() if line.startswith("cannot come up: r1 – r")]
    assert detail in line
    again = nlan("up", file, "--lab", lab, "--json", code=1).json
    assert (again["converged"], again["missing"]) == (False, [])
    assert len(again["cannot_come_up"]) == int(summary.split()[0])
    status = nlan("status", lab, code=1)
    assert "blocked" in status.out
    assert "cannot come up: r1 – r" in status.out
    nodes = nlan.status(lab)["nodes"]
    assert {node["state"] for node in nodes.values()} == {"blocked"}
    up = [s for node in nodes.values() for s in (*node["bgp"], *node["ospf"]) if s["up"]]
    assert len(up) == (6 if case == "no-igp" else 0)  # FRR agrees
