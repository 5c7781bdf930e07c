"""Somebody else's runtime, found by its entry point: every verb goes through it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import Nlan

SOURCE = '''
"""Nodes as nlan's, and a diary of what was asked of them."""
import os
from pathlib import Path

from nlan.runtimes.netns.machine import NetnsMachine
from nlan.runtimes.netns.runtime import NetnsRuntime


class Nodes(NetnsRuntime):
    def create(self, namespaces):
        note("create", *namespaces)
        return super().create(namespaces)

    def run(self, namespace, argv, **options):
        note("run", namespace, argv[0])
        return super().run(namespace, argv, **options)

    def cleanup(self, *options):
        note("cleanup", self.lab)
        super().cleanup(*options)


class Runtime:
    def machine(self, paths, directories=()):
        return NetnsMachine(paths, directories)

    def nodes(self, machine, lab):
        return Nodes(machine.paths, lab, machine.directories)


def note(*words):
    with open(os.environ["DIARY"], "a") as diary:
        print(*words, file=diary)


RUNTIME = Runtime()
'''
FILE = "nodes: {r1: {asn: 64496}, r2: {asn: 64497}}\nlinks: [r1 -- r2]\n"


@pytest.fixture
def diary(tmp_path: Path, nlan: Nlan) -> Path:
    """Install it beside nlan, and let nlan use it."""
    site = tmp_path / "site"
    information = site / "diary-1.0.dist-info"
    information.mkdir(parents=True)
    (site / "diary.py").write_text(SOURCE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: diary\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[nlan.runtimes]\ndiary = diary:RUNTIME\n")
    path = os.environ.get("PYTHONPATH")
    nlan.env["PYTHONPATH"] = str(site) if path is None else f"{site}{os.pathsep}{path}"
    nlan.env["NLAN_RUNTIME"] = "diary"
    nlan.env["DIARY"] = str(tmp_path / "diary")
    return tmp_path / "diary"


def test_a_lab_is_made_looked_at_and_removed_by_it(nlan: Nlan, diary: Path) -> None:
    file, lab = nlan.write(FILE), nlan.name()
    nlan("up", file, "--lab", lab, "--wait", "converged")
    assert nlan.operations(file, "--lab", lab) == []
    assert nlan("exec", "--all", "-l", lab, "--", "hostname").out.count("r1") >= 1
    nlan("down", lab)
    words = [line.split() for line in diary.read_text().splitlines()]
    assert {name for verb, *names in words if verb == "create" for name in names} >= {"r1", "r2"}
    assert ["run", "r1", "hostname"] in words
    assert words[-1] == ["cleanup", lab]


def test_one_that_is_not_there_is_said(nlan: Nlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nlan.env, "NLAN_RUNTIME", "podman")
    answer = nlan("ls", code=1)
    assert answer.err == "error: NLAN_RUNTIME says `podman`, and there is no such runtime: netns\n"
