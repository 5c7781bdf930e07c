"""A file planned without root: of a lab that runs, and of what root's database remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.api import Environment, Lab, Listener, Plan, catalog
from nlan.errors import HostError
from nlan.paths import Paths

FILE = "nodes: [a, b]\nlinks: [a -- b]\n"


class Ear(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("os.access", lambda *_: False)
    (tmp_path / "pair.yaml").write_text(FILE)
    return tmp_path


def plan(here: Path, running: list[str], monkeypatch: pytest.MonkeyPatch, ear: Ear | None = None) -> Plan:
    monkeypatch.setattr(catalog, "running", lambda _: running)
    paths = Paths(run=here / "run", netns=here / "netns", state=here / "state")
    return Lab.from_file(here / "pair.yaml", environment=Environment(paths), listener=ear).plan()


def test_beside_another_lab_it_plans(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear()
    assert plan(here, ["other"], monkeypatch, ear)
    assert ear.said == []


def test_where_that_lab_runs_it_says_what_root_is_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostError, match=r"^pair runs, and only root can see how its nodes are: .*sudo"):
        plan(here, ["pair"], monkeypatch)


def test_addresses_that_may_be_others_are_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "state" / "pair").mkdir(parents=True)
    ear = Ear()
    assert plan(here, [], monkeypatch, ear)
    assert ear.said[0].startswith("note: only root can read what pair remembers: ")
