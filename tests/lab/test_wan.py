"""Every file that is shown to people becomes a running, converged network, and goes again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support import EXAMPLES, FULL_FORM, OLDER, Nlan

CES = ("ce1", "ce2", "ce3", "ce4")
LANS = frozenset(f"172.{n}.{ce}.0/24" for n in (21, 22) for ce in (1, 2, 3, 4))
CAMPUS_LANS = frozenset(
    f"{lan}/26" for lan in ("198.51.100.0", "198.51.100.64", "203.0.113.0", "203.0.113.64")
)


class Case(NamedTuple):
    """A file; who must hold all host LANs; how many pairs the ping matrix has; a path to trace."""

    file: Path
    routers: tuple[str, ...]
    pairs: int
    trace: tuple[str, str]
    crossed: tuple[set[str], ...]
    lans: frozenset[str] = LANS

    @property
    def title(self) -> str:
        return self.file.stem


PES = {"pe1", "pe2"}, {"pe3", "pe4"}
WAN = ("ce1/172.21.1.2", "172.22.4.3")
CROSSED = ({"ce1"}, *PES, {"ce4"}, {"ce4/172.22.4.3"})
CAMPUS = ("c1/198.51.100.2", "203.0.113.67")
ACROSS = ({"c1"}, {"p1", "p2"}, {"c2"}, {"c2/203.0.113.67"})
ALL = (*CES, "pe1", "pe2", "pe3", "pe4", "rr")

CASES = (
    *(Case(path, CES if path.stem == "ptn-bgp" else ALL, 240, WAN, CROSSED) for path in OLDER),
    Case(FULL_FORM / "campus-bgp.yaml", ("c1", "c2"), 56, CAMPUS, ACROSS, CAMPUS_LANS),
    Case(FULL_FORM / "campus-ospf.yaml", ("c1", "c2", "p1", "p2", "hub"), 56, CAMPUS, ACROSS, CAMPUS_LANS),
    Case(EXAMPLES / "wan-bgp.yaml", CES, 240, WAN, CROSSED),
    Case(EXAMPLES / "wan-ospf.yaml", ALL, 240, WAN, CROSSED),
    Case(EXAMPLES / "two-routers.yaml", (), 2, ("r1", "r2"), ({"r2"},)),
    Case(
        EXAMPLES / "clos.yaml",
        (),
        56,
        ("leaf1", "leaf4"),
        ({"spine1", "spine2"}, {"leaf4"}),
    ),
    Case(EXAMPLES / "dual-stack.yaml", (), 24, ("ce1", "ce2"), ({"r1"}, {"r2"}, {"r3"}, {"ce2"})),
    Case(EXAMPLES / "raw-frr.yaml", (), 2, ("r1", "r2"), ({"r2"},)),
)


class Running(NamedTuple):
    """A lab that is up, for tests that only look."""

    nlan: Nlan
    lab: str
    case: Case


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.title)
def running(request: pytest.FixtureRequest, module_nlan: Nlan) -> Iterator[Running]:
    case: Case = request.param
    lab = module_nlan.name(case.title.replace("-", ""))
    answer = module_nlan("up", str(case.file), "--lab", lab, "--wait", "converged", "--json").json
    assert answer["converged"] == (case.title != "raw-frr")  # it keeps a prefix away
    assert answer["missing"] == []
    yield Running(module_nlan, lab, case)
    module_nlan("down", lab)
    assert lab not in module_nlan.running()
    assert not list(Path("/run").glob(f"netns/{lab}.*"))


def test_status_is_ok(running: Running) -> None:
    status = running.nlan("status", running.lab, "--json").json
    assert status["drift"]["operations"] == []
    assert {node["state"] for node in status["nodes"].values()} == {"ok"}


def test_every_router_that_should_holds_all_lans(running: Running) -> None:
    routes = running.nlan.routes(running.lab)
    lans = running.case.lans
    assert [(router, lans - routes[router]) for router in running.case.routers if lans - routes[router]] == []


def test_every_host_reaches_every_other(running: Running) -> None:
    answers = running.nlan("ping", "--all", "-l", running.lab, "--json").json
    assert len(answers) == running.case.pairs
    assert [a for a in answers if None in a["rtt_ms"]] == []


def test_traceroute_crosses_the_routers_between(running: Running) -> None:
    source, target = running.case.trace
    if running.case.trace not in (WAN, CAMPUS):
        target = _loopback(running, target)
    hops = running.nlan.hops(running.lab, source, target)
    assert len(hops) == len(running.case.crossed), hops
    assert all(hop in wanted for hop, wanted in zip(hops, running.case.crossed, strict=True)), hops


def test_another_up_does_nothing(running: Running) -> None:
    assert running.nlan.operations(str(running.case.file), "--lab", running.lab) == []
    answer = running.nlan("up", str(running.case.file), "--lab", running.lab, "--json").json
    assert answer["operations"] == []
    assert answer["missing"] == []


def _loopback(running: Running, node: str) -> str:
    addresses = running.nlan.status(running.lab)["nodes"][node]["addresses"]["lo"]
    return min(a for a in addresses if ":" not in a).partition("/")[0]
