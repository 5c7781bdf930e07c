"""BIRD beside FRR and GoBGP, as a user has it: brought up, changed, drifted, kept.

r1 and r3 (BIRD) and r2 (FRR) are one AS with OSPF, OSPFv3 and iBGP; c1 (GoBGP), c2 (FRR) and c3 (BIRD)
are customers. Every host reaches every other, by IPv4 and by IPv6.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nlan.engines.bird.programs import find_program
from nlan.paths import Paths
from support import EXAMPLES, Nlan

pytestmark = pytest.mark.skipif(find_program("bird") is None, reason="BIRD is not installed")

FILE = """
asn: 64496
ipv6: true
nodes:
  r1: {{ospf: true, engine: bird, hosts: 1}}
  r2: {{ospf: true, engine: frr, hosts: 1}}
  r3: {{ospf: true, engine: bird, hosts: 1}}
  c1: {{asn: 64497, engine: gobgp, routes: {{0.0.0.0/0: r1}}}}
  c2: {{asn: 64498, engine: frr, hosts: 1}}
  c3: {{asn: 64499, engine: bird, hosts: 1, bgp: {c3}}}
links: [r1 -- r2, r2 -- r3, r1 -- c1, r3 -- c2, r3 -- c3]
"""
MOST_PSS_KB = 6 * 1024
"""What a BIRD may take."""


def pid_of(lab: str, node: str) -> str:
    """Return the process id of a node's BIRD, or nothing where there is none."""
    path = Paths.from_environment().node(lab, node) / "bird.pid"
    return path.read_text(encoding="ascii") if path.exists() else ""


class Mixed(NamedTuple):
    """The running lab."""

    nlan: Nlan
    name: str

    def write(self, c3: str = "{}") -> str:
        return self.nlan.write(FILE.format(c3=c3))

    def established(self) -> dict[tuple[str, str], int]:
        """Return how often each session of each node came up."""
        nodes = self.nlan.status(self.name)["nodes"]
        return {(name, s["peer"]): s["established"] for name, node in nodes.items() for s in node["bgp"]}

    def pid(self, node: str) -> str:
        return pid_of(self.name, node)

    def first_session(self, node: str) -> str:
        shown = self.nlan.inside(self.name, node, "birdc", "show", "protocols")
        return next(line.split()[0] for line in shown.splitlines() if line.startswith(("ebgp_", "ibgp_")))


@pytest.fixture(scope="module")
def mixed(module_nlan: Nlan) -> Iterator[Mixed]:
    lab = Mixed(module_nlan, module_nlan.name("b"))
    module_nlan("up", lab.write(), "--lab", lab.name)
    yield lab
    module_nlan("down", lab.name)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_all_engines_speak_with_each_other(mixed: Mixed) -> None:
    status = mixed.nlan.status(mixed.name)
    assert {
        name: node["state"] for name, node in status["nodes"].items() if "/" not in name
    } == dict.fromkeys(("r1", "r2", "r3", "c1", "c2", "c3"), "ok")
    assert status["nodes"]["r1"]["daemons"] == ["bird"]
    assert {(n["version"], n["up"]) for n in status["nodes"]["r1"]["ospf"]} == {(2, True), (3, True)}
    answers = mixed.nlan("ping", "--all", "-l", mixed.name).out
    assert re.match(r"(\d+) of \1 answered", answers.splitlines()[-1]), answers
    assert mixed.nlan.operations(mixed.write(), "--lab", mixed.name) == []


def test_a_change_leaves_sessions_alone_that_have_nothing_to_do_with_it(mixed: Mixed) -> None:
    before = mixed.established()
    file = mixed.write("{networks: [198.51.100.0/24]}")
    assert mixed.nlan.operations(file, "--lab", mixed.name) == ["~ c3 bird bird [hitless]"]
    mixed.nlan("up", file, "--lab", mixed.name)
    assert "198.51.100.0/24" in mixed.nlan.routes(mixed.name)["r2"]
    assert "198.51.100.0/24" in mixed.nlan.inside(mixed.name, "c1", "gobgp", "global", "rib")
    assert mixed.established() == before
    mixed.nlan("up", mixed.write(), "--lab", mixed.name)
    assert mixed.established() == before


def test_drift_is_shown_and_repaired(mixed: Mixed) -> None:
    session = mixed.first_session("c3")
    mixed.nlan.inside(mixed.name, "c3", "birdc", "disable", session)
    plan = mixed.nlan("plan", mixed.write(), "--lab", mixed.name, code=2).out
    assert f"{session} is disabled" in plan
    assert mixed.nlan.status(mixed.name)["nodes"]["c3"]["state"] == "drift"
    mixed.nlan("up", mixed.write(), "--lab", mixed.name)
    assert mixed.nlan.status(mixed.name)["nodes"]["c3"]["state"] == "ok"


def test_keep_starts_one_again_that_is_killed(mixed: Mixed) -> None:
    mixed.nlan("keep", mixed.name, "--detach")
    try:
        was = mixed.pid("r1")
        mixed.nlan.inside(mixed.name, "r1", "kill", "-9", was)
        eventually(lambda: mixed.pid("r1") not in ("", was))
        eventually(lambda: mixed.nlan.status(mixed.name)["nodes"]["r1"]["state"] == "ok")
        session = mixed.first_session("c3")
        mixed.nlan.inside(mixed.name, "c3", "birdc", "disable", session)
        eventually(lambda: mixed.nlan.status(mixed.name)["nodes"]["c3"]["state"] == "ok")
    finally:
        mixed.nlan("keep", mixed.name, "--stop")


def test_a_wan_of_birds(nlan: Nlan) -> None:
    """Every customer edge learns all eight LANs; nothing but BIRD runs, in a few MB a router."""
    text = (EXAMPLES / "wan-bgp.yaml").read_text(encoding="utf-8").replace("engine: gobgp", "engine: bird")
    file = nlan.write(text.replace("\nnodes:", "\ndefaults: {engine: bird}\nnodes:"))
    lab = nlan.name("w")
    nlan("up", file, "--lab", lab)
    routers = [name for name in nlan.status(lab)["nodes"] if "/" not in name]
    assert len(routers) == 9
    lans = {f"172.{net}.{n}.0/24" for net in (21, 22) for n in range(1, 5)}
    assert lans <= nlan.routes(lab)["ce1"]
    for name in routers:
        lines = Path(f"/proc/{pid_of(lab, name)}/smaps_rollup").read_text(encoding="ascii").splitlines()
        assert int(next(line for line in lines if line.startswith("Pss:")).split()[1]) < MOST_PSS_KB
    nlan("down", lab)
