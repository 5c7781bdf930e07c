"""docs/extending.md: what it names is there, each seam has its chapter, and its verb runs as it stands."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from nlan.cli.verbs import seam
from nlan.registry import seams
from plugins.installing import write_metadata
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
    assert {group for table in tables for group in table} == {"nlan.kinds", "nlan.importers", "nlan.verbs"}
    assert all(group.removeprefix("nlan.") in SEAMS for table in tables for group in table)


def blocks(language: str, under: str = "") -> list[str]:
    """Return the blocks of a language, below a headline."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE[PAGE.index(under) :], re.DOTALL | re.MULTILINE)


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
