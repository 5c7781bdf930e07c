"""Links that fail while a lab runs: recorded, kept so, no part of the file, and cleared again."""

from __future__ import annotations

from keeping import keeping
from nlan.api import Environment, Lab, Paths
from support import Nlan

TRIANGLE = """
ipv6: true
nodes: {r1: {asn: 64496}, r2: {asn: 64497}, r3: {asn: 64498}}
links: [r1 -- r2, r2 -- r3, r1 -- r3]
"""


def test_a_link_is_down_until_it_is_cleared(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(TRIANGLE)
    nlan("up", file, "--lab", lab)
    planned = nlan("link", "r1", "r3", "--down", "--dry-run", "--json", "--lab", lab).json["operations"]
    found = {(one["action"], one["kind"]) for one in planned if one["kind"] != "frr"}  # may reset a session
    assert found == {("update", "veth"), ("delete", "address")}
    assert nlan("link", "--lab", lab).out == "no link has a fault\n"

    done = nlan("link", "r1", "r3", "--down", "--json", "--lab", lab).json
    assert (done["converged"], done["missing"]) == (True, [])
    assert "via 10.1.0.2 dev eth1" in nlan.inside(lab, "r1", "ip", "route", "get", "10.0.0.3")
    assert nlan("history", lab, "--json").json[0]["message"] == "link r1 r3 down"
    status = nlan("status", lab, "--json").json
    assert {name: node["state"] for name, node in status["nodes"].items()} == {
        "r1": "ok",
        "r2": "ok",
        "r3": "ok",
    }
    assert status["nodes"]["r3"]["notes"] == ["eth2: down (a fault: `nlan link` made it, and clears it)"]

    assert nlan.operations(file, "--lab", lab) == []
    nlan("up", file, "--lab", lab)
    assert [(f["node"], f["fault"]) for f in nlan("link", "--json", "--lab", lab).json] == [
        ("r1", "down"),
        ("r3", "down"),
    ]
    nlan("set", "r2.loopback", "10.9.9.9", "--lab", lab)
    assert is_down(nlan, lab)

    nlan("link", "r1", "r3", "--clear", "--lab", lab)
    assert not is_down(nlan, lab)
    assert "via 10.1.0.10 dev eth2" in nlan.inside(lab, "r1", "ip", "route", "get", "10.0.0.3")
    assert nlan("link", "--lab", lab).out == "no link has a fault\n"


def test_keep_leaves_it_and_puts_it_back(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write("nodes: [h1, h2]\nlinks: [{link: h1 -- h2, rate: 100M}]\n")
    nlan("up", file, "--lab", lab)
    with keeping(nlan, lab) as keep:
        nlan("link", "h1", "h2", "--down", "--rate", "10M", "--lab", lab)
        nlan.inside(lab, "h1", "ip", "link", "set", "eth1", "up")
        keep.repaired(kind="veth", node="h1", name="eth1")
        assert is_down(nlan, lab, "h1", "eth1")
        nlan("link", "h1", "h2", "--up", "--lab", lab)
        nlan.inside(lab, "h1", "tc", "qdisc", "del", "dev", "eth1", "root")
        keep.repaired(kind="queue", node="h1", name="eth1")
    assert "rate 10Mbit" in nlan.inside(lab, "h1", "tc", "qdisc", "show", "dev", "eth1")
    assert nlan("ping", "h1", "h2", "--lab", lab).code == 0

    revision = nlan("history", lab, "--json").json[-1]["revision"]
    nlan("rollback", str(revision), "--lab", lab)
    assert "rate 100Mbit" in nlan.inside(lab, "h1", "tc", "qdisc", "show", "dev", "eth1")
    nlan("link", "h1", "h2", "--down", "--lab", lab)
    nlan("down", lab)
    nlan("up", file, "--lab", lab)
    assert not is_down(nlan, lab, "h1", "eth1")


def test_a_program_makes_and_clears_one(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write("nodes: [h1, h2]\nlinks: [h1 -- h2]\n"), "--lab", lab)
    found = Lab.find(lab, environment=Environment(Paths(state=nlan.directory / "state")))
    done = found.fault("h1", "h2", down=True, rate="10M", wait="up", message="pulled")
    assert (done.waited, found.history(1)[0].message) == ("up", "pulled")
    assert {fault.fault for fault in found.faults("h1:eth1")} == {"down, rate 10M"}
    found.clear("h1", "h2")
    assert found.faults() == []


def is_down(nlan: Nlan, lab: str, node: str = "r1", interface: str = "eth2") -> bool:
    return "state DOWN" in nlan.inside(lab, node, "ip", "link", "show", "dev", interface)
