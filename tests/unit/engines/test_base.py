"""What every engine brings, and that nobody but the registry knows one by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlan.engines.base import SEAM, Daemon, Engines
from nlan.errors import HostError
from nlan.expand import expand
from nlan.model import Node
from nlan.registry import Part, Registry
from nlan.schema import load
from nlan.services.router.model import Router

OWN = Registry(()).of(SEAM)
SOURCE = Path(__file__).resolve().parents[3] / "src" / "nlan"
QUIET: Any = SimpleNamespace(name="quiet", kinds=("quiet",), opens_sessions=False)
"""Somebody else's engine, as far as these tests ask for one."""


@pytest.mark.parametrize("name", OWN)
def test_an_engine_has_all_that_is_asked_of_one(name: str) -> None:
    engine = OWN[name]
    assert [need for need in SEAM.needs if not hasattr(engine, need)] == []
    assert engine.name == name


def test_no_two_engines_have_a_kind_or_a_program_in_common() -> None:
    for all_of_one in (
        [engine.kinds for engine in OWN.values()],
        [engine.watches.programs for engine in OWN.values()],
    ):
        flat = [one for those in all_of_one for one in those]
        assert len(flat) == len(set(flat))


@pytest.mark.parametrize("name", OWN)
def test_daemons_are_of_the_engines_kinds_and_named_as_its_programs(name: str) -> None:
    text = f"defaults: {{asn: 64496, engine: {name}}}\nnodes: [r1, r2]\nlinks: [r1 -- r2]\n"
    lab = load(Path("x.yaml"), text=text).lab
    daemons = [one for one in expand(lab, Engines(OWN)).values() if isinstance(one, Daemon)]
    assert {daemon.namespace for daemon in daemons} == {"r1", "r2"}
    assert {daemon.kind for daemon in daemons} <= set(OWN[name].kinds)
    assert {daemon.key.name for daemon in daemons} <= OWN[name].watches.programs
    assert all(daemon.summary() for daemon in daemons)


def test_who_opens_sessions_works_last() -> None:
    assert [engine.opens_sessions for engine in Engines(OWN)] == sorted(
        e.opens_sessions for e in OWN.values()
    )
    assert [engine.name for engine in Engines({**OWN, "quiet": QUIET}).by_name()] == sorted([*OWN, "quiet"])


def test_an_engine_that_is_gone_is_named() -> None:
    with pytest.raises(HostError, match="r1: no routing engine quiet is installed"):
        Engines(OWN).of(Node(name="r1", services=(Router(engine="quiet"),)))


def test_a_stranger_without_all_that_is_asked_is_left_out_and_named() -> None:
    part = Part("engines", "half", "half 1.0", "nlan.engines.base:BgpAlone")
    registry = Registry((part,))
    assert "half" not in registry.of(SEAM)
    assert [str(one).partition(": ")[2].partition(",")[0] for one in registry.broken] == ["it lacks name"]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_nobody_imports_an_engine_by_name() -> None:
    found = [
        (str(path.relative_to(SOURCE)), name)
        for path in SOURCE.rglob("*.py")
        for name in imported(ast.parse(path.read_text()))
        for engine in OWN
        if name.startswith(f"nlan.engines.{engine}") and not path.is_relative_to(SOURCE / "engines" / engine)
    ]
    assert found == []
