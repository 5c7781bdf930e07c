"""What somebody else's distribution adds, in labs that run: made, changed, repaired, shown, removed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from keeping import keeping
from plugins.test_parts import LAB, SWALLOWING
from support import Nlan

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="labs need root")]


def link(nlan: Nlan, lab: str, node: str, name: str) -> dict[str, Any]:
    """Return what the kernel says of a node's link."""
    found = json.loads(nlan.inside(lab, node, "ip", "-j", "-d", "addr", "show", "dev", name))[0]
    assert isinstance(found, dict)
    return found


def down(nlan: Nlan, lab: str) -> None:
    """Take a lab down, and see that nothing is left."""
    nlan("down", lab)
    assert lab not in nlan.running()
    assert not [*Path("/run/netns").glob(f"{lab}.*"), *Path("/run/nlan").glob(lab)]


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

    down(nlan, lab)
    nlan("census", lab, code=1)


def test_what_it_brings_is_waited_for(nlan: Nlan) -> None:
    lab = nlan.name("swallows")
    done = nlan("up", nlan.write(SWALLOWING), "--lab", lab, "--wait", "converged", "--json").json
    assert "203.0.113.0/24 via 198.51.100.2 dev flood" in nlan.inside(lab, "r1", "ip", "route")
    assert (done["converged"], done["missing"], done["seconds"]["converge"] > 0) == (True, [], True)
    down(nlan, lab)


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


BEACON = """\
nodes:
  r1: {asn: 64496, engine: beacon, bgp: {networks: [192.0.2.0/24]}, sinks: {flood: }}
  r2:
links: [r1 -- r2]
"""


def test_a_routing_engine(nlan: Nlan) -> None:
    lab, file = nlan.name("beacon"), nlan.write(BEACON)
    made = nlan("up", file, "--lab", lab, "--json").json["operations"]
    order = [f"{o['kind']} {o['name']}" for o in made if o["namespace"] == "r1"]
    assert order.index("ifb flood") < order.index("beacon beacon")
    assert nlan.operations(file, "--lab", lab) == []
    first = answer(nlan, lab)
    assert first == ["loopback 10.0.0.1/32", "as 64496", "network 192.0.2.0/24"]

    changed = nlan.write(BEACON.replace("[192.0.2.0/24]", "[203.0.113.0/24]"), "changed.yaml")
    process = pid(lab)
    (planned,) = nlan("plan", changed, "--lab", lab, "--json", code=2).json["operations"]
    assert (planned["action"], planned["impact"]) == ("update", "hitless")
    assert planned["details"] == ["- network 192.0.2.0/24", "+ network 203.0.113.0/24"]
    nlan("up", changed, "--lab", lab)
    assert (answer(nlan, lab)[-1], pid(lab)) == ("network 203.0.113.0/24", process)
    assert nlan("status", lab, "--json").json["nodes"]["r1"]["daemons"] == ["beacon"]

    with keeping(nlan, lab) as keep:
        nlan.inside(lab, "r1", "kill", "-KILL", process)
        keep.repaired(kind="beacon", node="r1")
    assert answer(nlan, lab)[-1] == "network 203.0.113.0/24"
    again = pid(lab)
    assert again != process

    without = BEACON.replace("asn: 64496, engine: beacon, bgp: {networks: [192.0.2.0/24]}, ", "")
    nlan("up", nlan.write(without, "without.yaml"), "--lab", lab)
    assert nlan("status", lab, "--json").json["nodes"]["r1"]["daemons"] == []
    assert not runs(again)
    nlan("up", file, "--lab", lab)
    last = pid(lab)
    assert runs(last)
    down(nlan, lab)
    assert not runs(last)


def answer(nlan: Nlan, lab: str) -> list[str]:
    """Return what the daemon of r1 says that it holds."""
    asking = (
        "import socket,sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        "s.sendall(b'show'); print(s.makefile().read(), end='')"
    )
    words = nlan.inside(lab, "r1", "cat", f"/proc/{pid(lab)}/cmdline").split("\0")
    return nlan.inside(lab, "r1", sys.executable, "-I", "-c", asking, words[-2]).splitlines()


def pid(lab: str) -> str:
    return Path("/run/nlan", lab, "nodes/r1/beacon.pid").read_text(encoding="ascii")


def runs(process: str) -> bool:
    """Tell whether a process has not ended; nobody may have asked yet how it did."""
    try:
        stat = Path("/proc", process, "stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return "beacon" in stat and stat.rpartition(")")[2].split()[0] != "Z"


def test_an_engine_has_keys_of_its_own(nlan: Nlan) -> None:
    lab, key = nlan.name("lines"), "engine: beacon, beacon: shine"
    file = nlan.write(BEACON.replace("engine: beacon", key))
    assert (
        nlan("schema").json["$defs"]["node"]["properties"]["beacon"]["description"].startswith("Lines that")
    )
    (shown, _) = nlan("show", file, "--json").json["nodes"]
    assert (shown["router"]["engine"], shown["router"]["beacon"]) == ("beacon", {"text": "shine"})
    assert "frr" not in shown["router"]
    nlan("up", file, "--lab", lab)
    assert answer(nlan, lab)[-1] == "shine"
    nlan("set", "r1.router.beacon.text", "glow", "--lab", lab)
    assert answer(nlan, lab)[-1] == "glow"
    assert nlan.operations(file, "--lab", lab) == ["~ r1 beacon beacon [hitless]"]
    down(nlan, lab)


def test_raw_configuration_is_of_the_engine_that_runs(nlan: Nlan) -> None:
    for text, engine, other, column in (
        (BEACON.replace("engine: beacon", "engine: beacon, frr: '! a'"), "Beacon", "FRR", "frr"),
        (BEACON.replace("engine: beacon", "engine: bird, beacon: a"), "BIRD", "Beacon", "beacon"),
    ):
        refused = nlan("plan", nlan.write(text), code=1).err
        assert f"nodes.r1.{column}: r1 runs {engine}, not {other}" in refused
    both = nlan.write(BEACON.replace("engine: beacon", "engine: beacon, beacon: a, frr: '! a'"))
    assert "one of `frr` and `beacon` is required, not both" in nlan("plan", both, code=1).err


def test_what_an_engine_cannot_is_said_before_anything_is_touched(nlan: Nlan) -> None:
    file = nlan.write(BEACON.replace("r2:", "r2: {asn: 64497}"))
    assert nlan("up", file, code=1).err == (
        f"{file}:2:28: error: nodes.r1.engine: r1 runs Beacon, which speaks to nobody\n"
        "1 error; nothing was touched\n"
    )


PATCHBAY = """\
dataplane: patchbay
nodes: [r1, r2, r3]
networks:
  office: {type: lan, nodes: [r1, r2, r3], mtu: 1500}
"""


def test_a_data_plane(nlan: Nlan) -> None:
    lab, file = nlan.name("bays"), nlan.write(PATCHBAY)
    made = nlan("up", file, "--lab", lab, "--json").json["operations"]
    assert [o["name"] for o in made if o["kind"] == "bridge"] == ["bay.office"]
    assert nlan.operations(file, "--lab", lab) == []
    nlan("ping", "r1", "r3", "-l", lab)

    changed = nlan.write(PATCHBAY.replace("1500", "1400"), "changed.yaml")
    planned = nlan.operations(changed, "--lab", lab)
    assert planned[0] == "~ @fabric bridge bay.office [hitless]"
    assert [words[0] for words in planned] == ["~"] * 4
    nlan("up", changed, "--lab", lab)
    assert link(nlan, lab, "r1", "eth1")["mtu"] == 1400

    with keeping(nlan, lab) as keep:
        nlan.inside(lab, "r1", "ip", "link", "del", "eth1")
        keep.repaired(kind="veth", node="r1", name="eth1")
        nlan("ping", "r1", "r3", "-l", lab)

    linux = nlan.write(PATCHBAY.replace("patchbay", "linux"), "linux.yaml")
    moved = [words for words in nlan.operations(linux, "--lab", lab) if " bridge " in words]
    assert moved == ["+ @fabric bridge lan.office [hitless]", "- @fabric bridge bay.office [outage]"]
    nlan("up", linux, "--lab", lab)
    nlan("ping", "r1", "r3", "-l", lab)
    nlan("up", file, "--lab", lab)
    down(nlan, lab)


def test_a_runtime(nlan: Nlan, tmp_path: Path) -> None:
    book = tmp_path / "book"
    nlan.env |= {"NLAN_RUNTIME": "logbook", "LOGBOOK": str(book)}
    lab, file = nlan.name("logged"), nlan.write(LAB)
    nlan("plan", file, "--lab", lab, code=2)
    assert not book.exists()
    nlan("up", file, "--lab", lab)
    assert made(book) == [["made", lab, "r1", "r2"]]
    nlan("up", nlan.write(LAB.replace("links", "  r3:\nlinks"), "more.yaml"), "--lab", lab)
    assert made(book)[1:] == [["made", lab, "r3"]]
    with keeping(nlan, lab) as keep:
        nlan.inside(lab, "r1", "ip", "link", "del", "drain")
        keep.repaired(kind="ifb", node="r1", name="drain")
    nlan("up", file, "--lab", lab)
    assert made(book)[2:] == [["ended", lab, "r3"]]
    assert nlan("census", lab, "--json").json == {"nodes": 2}
    down(nlan, lab)
    assert made(book)[-1] == ["closed", lab]


MIXED = """\
nodes:
  r1: {asn: 64496}
  r2: {asn: 64497, runtime: logbook, hosts: 1}
links: [r1 -- r2]
"""


def test_two_runtimes_in_one_lab(nlan: Nlan, tmp_path: Path) -> None:
    book = tmp_path / "book"
    nlan.env["LOGBOOK"] = str(book)
    lab, file = nlan.name("mixed"), nlan.write(MIXED)
    nlan("up", file, "--lab", lab)
    ((*words, host),) = made(book)
    assert (words, host[:3]) == (["made", lab, "r2"], "r2/")
    assert nlan.operations(file, "--lab", lab) == []
    nlan("ping", host, "r1", "-l", lab)

    both = nlan.write(MIXED.replace("asn: 64496", "asn: 64496, runtime: logbook"), "both.yaml")
    planned = nlan("plan", both, "--lab", lab, "--json", code=2).json["operations"]
    (moved,) = [o for o in planned if o["kind"] == "namespace"]
    assert (moved["action"], moved["namespace"], moved["impact"]) == ("replace", "r1", "outage")
    assert moved["reason"] == "runtime is netns, wanted logbook"
    assert not [o for o in planned if o["action"] == "delete"]
    nlan("up", both, "--lab", lab)
    assert made(book)[1:] == [["made", lab, "r1"]]
    assert nlan.operations(both, "--lab", lab) == []
    nlan("ping", host, "r1", "-l", lab)

    with keeping(nlan, lab) as keep:
        nlan("set", "r2.runtime", "netns", "--lab", lab)
        assert made(book)[2:] == [["ended", lab, "r2", host]]
        nlan("ping", host, "r1", "-l", lab)
        nlan.inside(lab, "r1", "ip", "link", "del", "eth1")
        keep.repaired(kind="veth", node="r1", name="eth1")
    assert json.loads(Path("/run/nlan", lab, "runtimes").read_bytes()) == ["", {"r1": "logbook"}]
    down(nlan, lab)
    assert made(book)[3:] == [["ended", lab, "r1"]]


def test_a_runtime_that_is_gone_is_named_and_the_lab_goes(nlan: Nlan, tmp_path: Path) -> None:
    nlan.env["LOGBOOK"] = str(tmp_path / "book")
    lab = nlan.name("orphan")
    nlan("up", nlan.write(MIXED), "--lab", lab)
    nlan.env.pop("PYTHONPATH")
    asked = nlan("exec", "r2", "-l", lab, "--", "true", code=1).err
    assert asked == f"error: {lab} has nodes of the runtime `logbook`, and there is no such runtime: netns\n"
    error = nlan("down", lab, code=1).err
    assert "r2: the runtime logbook that made it is not installed: what that keeps may be left" in error
    assert lab not in nlan.running()


def test_a_runtime_that_nobody_knows(nlan: Nlan) -> None:
    file = nlan.write(MIXED.replace("logbook", "logbok"))
    assert nlan("plan", file, code=1).err == (
        f"{file}:3:29: error: nodes.r2.runtime: `logbok` is not `netns` or `logbook` "
        "(did you mean `logbook`?)\n1 error; nothing was touched\n"
    )


def made(book: Path) -> list[list[str]]:
    """Return the entries of the logbook that name somebody."""
    return [line.split() for line in book.read_text(encoding="utf-8").splitlines()]
