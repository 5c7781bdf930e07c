"""docs/extending.md: what it names is there, each seam has its chapter, and its verb runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nlan.cli.verbs import seam
from nlan.registry import seams
from plugins.installing import beside, write_metadata
from support import ROOT, Nlan

PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
SEAMS = {one.name: one for one in (*seams(), seam())}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:src|tests|docs)/[\w/.-]+)`", PAGE))))
def test_a_file_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_each_seam_has_its_group_and_its_object_named() -> None:
    named = set(re.findall(r"\bnlan\.([a-z]+)(?:`|\")", PAGE))
    assert named >= set(SEAMS)
    for one in SEAMS.values():
        assert f"`{one.attribute}`" in PAGE or one.name == "verbs"


def test_each_group_of_entry_points_is_a_seams() -> None:
    tables = [tomllib.loads(block)["project"]["entry-points"] for block in blocks("toml")]
    assert {group for table in tables for group in table} == {
        "nlan.kinds",
        "nlan.services",
        "nlan.importers",
        "nlan.verbs",
    }
    assert all(group.removeprefix("nlan.") in SEAMS for table in tables for group in table)


def blocks(language: str, under: str = "") -> list[str]:
    """Return the blocks of a language, of the whole page or of a chapter."""
    start = PAGE.index(under)
    end = PAGE.find("\n## ", start + 1) if under else -1
    text = PAGE[start : end if end > 0 else None]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


CHAPTER = "## From an empty folder to a plugin"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """Give the folder that the page's first chapter has its reader make."""
    folder = tmp_path / "our-stubs"
    (folder / "our_stubs").mkdir(parents=True)
    (project,), (lab,) = blocks("toml", CHAPTER), blocks("yaml plugin", CHAPTER)
    service, kind, test = blocks("python", CHAPTER)
    files = {"our_stubs/__init__.py": service, "our_stubs/dummy.py": kind, "test_dummy.py": test}
    for name, text in {"pyproject.toml": project, "lab.yaml": lab, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_its_plugin_is_installed_and_used(nlan: Nlan, plugin: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--target", str(target), str(plugin)]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    beside(nlan, target)

    doctor = {row["name"]: row for row in nlan.run("doctor", "--json").json}
    assert doctor["services stubs"]["detail"] == doctor["kinds dummy"]["detail"] == "our-stubs 0.1"
    assert nlan("schema").json["$defs"]["node"]["properties"]["stubs"]
    lab, file = nlan.name("stubs"), str(plugin / "lab.yaml")
    planned = [one for one in nlan.operations(file) if "stub0" in one]
    assert planned == ["+ r1 dummy stub0 [hitless]", "+ r1 address stub0 198.51.100.1/24 [hitless]"]
    shown = nlan("show", file, "--json").json["nodes"][0]["stubs"]
    assert shown == [{"name": "stub0", "addresses": ["198.51.100.1/24"]}]
    if os.geteuid() != 0:
        return
    if not doctor["dummy"]["present"]:
        refused = nlan("up", file, "--lab", lab, code=1).err
        assert "r1: needs stubs, and this kernel cannot make a dummy link" in refused
        return
    nlan("up", file, "--lab", lab)
    assert nlan.operations(file, "--lab", lab) == []
    nlan("down", lab)


def test_its_plugins_test_passes(plugin: Path) -> None:
    path = os.pathsep.join((str(plugin), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(plugin),
        str(plugin),
    ]
    done = subprocess.run(
        words, cwd=plugin, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Give a folder in which the page's verb is installed."""
    (text,) = blocks("python", "## How to add a verb")
    (points,) = blocks("toml", "## How to add a verb")
    folder = tmp_path / "site"
    groups = tomllib.loads(points)["project"]["entry-points"]
    write_metadata(folder, "our-verbs", "1", groups)
    module = next(iter(groups["nlan.verbs"].values())).partition(":")[0]
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def test_its_verb_is_helped_with(nlan: Nlan) -> None:
    assert "count the BGP sessions of each node" in nlan("neighbors", "--help").out


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="labs need root")
def test_its_verb_counts(nlan: Nlan, site: Path) -> None:
    lab = nlan.name("counted")
    nlan("up", nlan.write("nodes: [r1, r2]\nlinks: [r1 -- r2]\n"), "--lab", lab)
    assert nlan("neighbors", lab).out == "NODE  SESSIONS\n"
    assert nlan("neighbors", lab, "--json").json == {}
