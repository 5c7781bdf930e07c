"""What somebody else's distribution adds, in labs that run: made, changed, repaired, shown, removed."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from keeping import keeping
from plugins.test_parts import LAB
from support import Nlan

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="labs need root")]


def link(nlan: Nlan, lab: str, node: str, name: str) -> dict[str, Any]:
    """Return what the kernel says of a node's link."""
    found = json.loads(nlan.inside(lab, node, "ip", "-j", "-d", "addr", "show", "dev", name))[0]
    assert isinstance(found, dict)
    return found


def test_a_service_of_a_kind_of_its_own(nlan: Nlan) -> None:
    lab, file = nlan.name("sinks"), nlan.write(LAB)
    nlan("up", file, "--lab", lab)
    flood = link(nlan, lab, "r1", "flood")
    assert (flood["linkinfo"]["info_kind"], flood["mtu"], "UP" in flood["flags"]) == ("ifb", 1400, True)
    assert nlan.operations(file, "--lab", lab) == []

    changed = nlan.write(LAB.replace("1400", "1300"), "changed.yaml")
    assert nlan.operations(changed, "--lab", lab) == ["~ r1 ifb flood [hitless]"]
    nlan("up", changed, "--lab", lab)
    again = link(nlan, lab, "r1", "flood")
    assert (again["mtu"], again["ifindex"]) == (1300, flood["ifindex"])

    before = nlan("history", lab, "--json").json[0]["revision"]
    nlan("set", "r1.sinks.0.mtu", "1290", "--lab", lab)
    assert link(nlan, lab, "r1", "flood")["mtu"] == 1290
    nlan("rollback", str(before), "--lab", lab)
    assert link(nlan, lab, "r1", "flood")["mtu"] == 1300

    without = nlan.write(LAB.replace(", drain: ", ""), "without.yaml")
    nlan("up", without, "--lab", lab)
    nlan("exec", "r1", "-l", lab, "--", "ip", "link", "show", "drain", code=1)
    status = nlan("status", lab, "--json").json
    assert status["nodes"]["r1"]["addresses"]["flood"] == ["198.51.100.1/24"]
    assert nlan("census", lab).out == "2 nodes: r1 r2\n"
    assert nlan("census", lab, "--json").json == {"nodes": 2}

    nlan("down", lab)
    assert lab not in nlan.running()
    nlan("census", lab, code=1)


def test_its_drift_is_told_and_repaired(nlan: Nlan) -> None:
    lab = nlan.name("drift")
    nlan("up", nlan.write(LAB), "--lab", lab)
    nlan.inside(lab, "r1", "ip", "link", "set", "flood", "mtu", "1000")
    drift = nlan("status", lab, "--json", code=1).json["drift"]["operations"]
    assert [(o["action"], o["kind"], o["name"]) for o in drift] == [("update", "ifb", "flood")]
    with keeping(nlan, lab) as keep:
        nlan.inside(lab, "r1", "ip", "link", "del", "drain")
        keep.repaired(kind="ifb", node="r1", name="drain")
        nlan.inside(lab, "r1", "ip", "link", "set", "drain", "mtu", "900")
        keep.repaired(kind="ifb", node="r1", name="drain")
    assert (link(nlan, lab, "r1", "flood")["mtu"], link(nlan, lab, "r1", "drain")["mtu"]) == (1400, 1500)
