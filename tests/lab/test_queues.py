"""Rates of links in a lab that runs: changed in place, seen when removed by hand, and put back.

Whoever has a session over a link keeps it, whatever the link's rate is set to.
"""

from __future__ import annotations

from support import Nlan

LAB = """
nodes:
  r1: {{asn: 64496}}
  r2: {{asn: 64497}}
links:
- {{link: r1 -- r2, rate: {rate}, ends: {{r2: {{rate: 2M}}}}}}
"""


def test_a_rate_changes_while_the_session_stays(nlan: Nlan) -> None:
    name = nlan.name()
    nlan("up", nlan.write(LAB.format(rate="10M")), "--lab", name)
    before = established(nlan, name)
    assert "rate 10Mbit" in root(nlan, name, "r1")
    assert "rate 2Mbit" in root(nlan, name, "r2")
    changed = nlan.write(LAB.format(rate="20M"))
    planned = nlan("plan", changed, "--lab", name, "--json", code=2).json["operations"]
    assert [(o["action"], o["kind"], o["namespace"], o["impact"]) for o in planned] == [
        ("update", "queue", "r1", "hitless")
    ]
    nlan("up", changed, "--lab", name)
    assert "rate 20Mbit" in root(nlan, name, "r1")
    status = nlan("status", "--lab", name)
    assert [line for line in status.out.splitlines() if "rate" in line] == [
        "r1 eth1: rate 20M",
        "r2 eth1: rate 2M",
    ]
    nlan("exec", "--lab", name, "r1", "--", "tc", "qdisc", "del", "dev", "eth1", "root")
    drift = nlan("status", "--lab", name, "--json", code=1).json["drift"]["operations"]
    assert [(o["action"], o["kind"], o["namespace"]) for o in drift] == [("create", "queue", "r1")]
    nlan("up", changed, "--lab", name)
    assert "rate 20Mbit" in root(nlan, name, "r1")
    assert established(nlan, name) == before
    nlan("up", nlan.write(LAB.format(rate="20M").replace(", rate: 20M", "")), "--lab", name)
    assert "tbf" not in root(nlan, name, "r1")


def root(nlan: Nlan, name: str, node: str) -> str:
    shown: str = nlan("exec", "--lab", name, node, "--", "tc", "qdisc", "show", "dev", "eth1").out
    return shown


def established(nlan: Nlan, name: str) -> list[int]:
    nodes = nlan("status", "--lab", name, "--json").json["nodes"]
    return [session["established"] for node in nodes.values() for session in node["bgp"]]
