"""What is switched in place has its routes as soon as what comes up afresh, or nearly so.

``NLAN_ROUNDS`` sets how often a ring switches its routing protocol; one round is every switch once.
"""

from __future__ import annotations

import os
from itertools import pairwise

from support import Nlan

ROUNDS = int(os.environ.get("NLAN_ROUNDS", "1"))

RING = "links: [r1 -- r2 -- r3 -- r4, r4 -- r1]\n"
OSPF = "ospf: true\nnodes: {'r[1-4]': {hosts: 1}}\n" + RING
EBGP = "nodes: {'r[1-4]': {hosts: 1, asn: auto}}\n" + RING
IBGP = "ospf: true\nasn: 64500\nnodes: {'r[1-4]': {hosts: 1}}\n" + RING
SIX = "ipv6: true\n"

TOUR = (OSPF, EBGP, OSPF, EBGP, IBGP, SIX + EBGP, SIX + OSPF, SIX + EBGP, SIX + IBGP, EBGP, OSPF)
"""Between two that follow one another, each has what the other has not."""


def test_routes_survive_every_switch(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(TOUR[0]), "--lab", lab)
    for _ in range(ROUNDS):
        for before, after in pairwise(TOUR):
            answer = nlan.run("up", nlan.write(after), "--lab", lab, "--timeout", "15")
            assert answer.code == 0, f"{before}\n{after}\n{answer.out}{answer.err}"
            assert nlan.operations(nlan.write(after), "--lab", lab) == []


def test_a_segment_of_three_that_is_another_one_elects_at_once(nlan: Nlan) -> None:
    """FRR's wait of 40 s begins with the interface, before a line of it is typed."""
    text = "ospf: true\nipv6: true\nnodes: {'r[1-3]': {hosts: 1}}\n"
    text += "networks: {n: {nodes: ['r[1-3]'], vni: VNI}}\n"
    lab = nlan.name()
    for vni in ("7", "8", "9"):
        file = nlan.write(text.replace("VNI", vni))
        nlan("up", file, "--lab", lab, "--timeout", "20")
        assert nlan.operations(file, "--lab", lab) == []
    assert nlan.status(lab)["nodes"]["r1"]["state"] == "ok"
