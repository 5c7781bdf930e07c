"""Which lab is meant, and the sentences where none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api.catalog import known_name
from nlan.errors import NotFoundError
from nlan.paths import Paths


def _paths(directory: Path, count: int) -> Paths:
    for n in range(count):
        (directory / "state" / f"lab{n:02}" / "tega").mkdir(parents=True)
    return Paths(run=directory / "run", netns=directory / "netns", state=directory / "state")


def test_the_only_remembered_lab_is_meant(tmp_path: Path) -> None:
    assert known_name(_paths(tmp_path, 1), None) == "lab00"


def test_an_error_names_a_dozen_labs_at_most(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"say which: lab00, .*, lab11 and 88 more \(`nlan ls`\)$"):
        known_name(_paths(tmp_path, 100), None)


def test_no_lab_is_known(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no lab is known"):
        known_name(_paths(tmp_path, 0), None)
