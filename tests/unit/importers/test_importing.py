"""Files of other tools: a lab like any other, whose problems stand where their author wrote them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from nlan.errors import InputError
from nlan.importers.base import SEAM, Importer, SourceFile, Sources
from nlan.registry import Part, Registry
from nlan.schema import Loaded, load
from nlan.services.router.model import Router
from unit.importers.wires import IMPORTER

FINE = "# wires\nr1 r2\nr2 r3\nr1 as 64496\nr2 as 64497\nr3 as 64498\n"


def read(tmp_path: Path, text: str, importer: Importer = IMPORTER) -> Loaded:
    path = tmp_path / "lab.wires"
    path.write_text(text)
    return load(path, importers={"wires": importer})


def folder(tmp_path: Path, **files: str) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    for name, text in files.items():
        (path / name.replace("_", ".")).write_text(text)
    return path


def refused(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(path, importers={"wires": IMPORTER})
    return [str(problem).removeprefix(f"{path.parent}/") for problem in caught.value.problems]


def test_a_file_becomes_a_lab(tmp_path: Path) -> None:
    loaded = read(tmp_path, FINE)
    asns = {node.name: bgp and bgp.asn for node in loaded.lab.nodes for bgp in [node.get(Router).bgp]}
    assert asns == {"r1": 64496, "r2": 64497, "r3": 64498}
    assert len(loaded.lab.links) == 2
    assert loaded.lab.name == "lab"
    nodes, interfaces = {"r1": 2, "r2": 2, "r3": 3}, {"r1.eth1": 2, "r2.eth1": 2, "r2.eth2": 3, "r3.eth1": 3}
    assert loaded.lines == nodes | interfaces


def test_what_a_lab_file_would_say_is_kept_and_means_the_same(tmp_path: Path) -> None:
    """What changes a lab by its file, later, knows nothing of importers."""
    loaded = read(tmp_path, FINE)
    again = load(tmp_path / "lab.yaml", text=loaded.source, allocations=loaded.allocations, importers={})
    assert again.lab == loaded.lab


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# wires\nr1 r2\nr1 as many\n",
            "lab.wires:3:7: error: nodes.r1.asn: `many` is not an AS number, `auto`, or `false` for none",
        ),
        ("# wires\nr1 r2\n\nr3 r3\n", "lab.wires:4:1: error: links[1]: `r3` is linked to itself"),
        ("# wires\nr1 r2\nr1 r2 r3 r4\n", "lab.wires:3:1: error: `r1 r2 r3 r4` is no line of wires"),
    ],
    ids=["a value", "what the lab makes of it", "what the importer does not know"],
)
def test_a_problem_stands_in_the_users_own_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lab.wires"
    path.write_text(text)
    assert refused(path) == [said]


def test_what_is_left_out_is_a_warning(tmp_path: Path) -> None:
    warnings = read(tmp_path, f"{FINE}colour red\n").warnings
    assert [(one.line, one.message) for one in warnings] == [(7, "nlan paints nothing; the line is left out")]


def test_a_folders_files_have_lines_of_their_own(tmp_path: Path) -> None:
    path = folder(tmp_path, wires="# wires\n\nr1 r2\n", r2_conf="router bgp 64496\n!\n")
    loaded = load(path, importers={"wires": IMPORTER})
    file, lines = loaded.raw["r2"]
    assert (file, lines[:2]) == (str(path / "r2.conf"), (1, 2))
    assert loaded.lab.name == "folder"


def test_problems_of_several_files_come_file_by_file(tmp_path: Path) -> None:
    path = folder(tmp_path, wires="# wires\nr1 r2\nr1 as 0\nr2 r2\n", r2_conf="router bgp 64496\n")
    (path / "r1.conf").write_bytes(b"router bgp 64496\n no \xff\n")
    places = ["folder/wires:3:7", "folder/wires:4:1"]
    said = refused(path)
    assert said[0] == "folder/r1.conf:2:5: error: the byte 0xff is not UTF-8; is this a text file?"
    assert [line.partition(": error")[0] for line in said[1:]] == places
    (path / "r1.conf").unlink()
    assert [line.partition(": error")[0] for line in refused(path)] == places


def test_a_folder_that_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert refused(tmp_path / "other") == ["other: error: this is a directory; expected a file"]


class Greedy:
    """Takes whatever it is shown."""

    def recognises(self, path: Path, text: str) -> bool:
        return True

    def read(self, source: SourceFile | None, sources: Sources) -> NoReturn:
        raise AssertionError("it was asked about a lab of nlan's")


def test_nobody_is_asked_about_a_lab_of_nlans(tmp_path: Path) -> None:
    assert read(tmp_path, "# wires\nlinks: [r1 -- r2]\n", Greedy()).lab.links
    with pytest.raises(InputError, match="`r1` is linked to itself"):
        read(tmp_path, "links: [r1 -- r1]", Greedy())


def test_what_another_tool_is_known_by_is_said_where_nobody_imports_it(tmp_path: Path) -> None:
    path = tmp_path / "lab.conf"
    path.write_text('r1[0]="A"\nr2[0]="A"\n')
    (one,) = refused(path)
    assert one.startswith("lab.conf:1: error: this is a lab.conf of Kathara")


def test_an_importer_lacks_what_it_needs() -> None:
    registry = Registry([Part("importers", "half", "half 1.0", "unit.importers.wires:Map")])
    assert "half" not in registry.of(SEAM)
    assert str(registry.broken[0]) == "importers half of half 1.0: it lacks recognises, read"


def test_a_strangers_importer_works_for_every_command(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "wires-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "wires.py").write_text(Path(__file__).with_name("wires.py").read_text())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wires\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nlan.importers]\nwires = wires:IMPORTER\n")
    path = tmp_path / "lab.wires"
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}

    def nlan(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nlan", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    path.write_text(FINE)
    shown = nlan("show", str(path))
    assert (shown.returncode, "64497" in shown.stdout) == (0, True), shown.stderr
    path.write_text(FINE.replace("64497", "none at all"))
    shown = nlan("show", str(path))
    assert shown.returncode == 1
    assert f"{path}:5:1: error: `r2 as none at all` is no line of wires" in shown.stderr
