"""A file planned without root: of a lab that runs, and of what root's database remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api import Environment, Lab, Listener, Plan
from nlan.api.environment.privileges import Privileges
from nlan.errors import HostError
from nlan.paths import Paths

FILE = "nodes: [a, b]\nlinks: [a -- b]\n"


class Recorder(Listener):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def say(self, text: str) -> None:
        self.notes.append(text)


class Nobody(Privileges):
    """Those of somebody without any."""

    is_root = False

    def may_read(self, directory: Path) -> bool:
        return False


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "pair.yaml").write_text(FILE)
    return tmp_path


def plan(here: Path, running: str = "", recorder: Recorder | None = None) -> Plan:
    """Plan the file where a lab runs, or none."""
    paths = Paths(run=here / "run", netns=here / "netns", state=here / "state")
    if running:
        paths.lab(running).mkdir(parents=True)
    environment = Environment(paths, privileges=Nobody())
    return Lab.from_file(here / "pair.yaml", environment=environment, listener=recorder).plan()


def test_beside_another_lab_it_plans(here: Path) -> None:
    recorder = Recorder()
    assert plan(here, "other", recorder)
    assert recorder.notes == []


def test_where_that_lab_runs_it_says_what_root_is_for(here: Path) -> None:
    with pytest.raises(HostError, match=r"^pair runs, and only root can see how its nodes are: .*sudo"):
        plan(here, "pair")


def test_addresses_that_may_be_others_are_said(here: Path) -> None:
    (here / "state" / "pair").mkdir(parents=True)
    recorder = Recorder()
    assert plan(here, recorder=recorder)
    assert recorder.notes[0].startswith("note: only root can read what pair remembers: ")
