"""What an older nlan wrote into a lab's database is read, compared and changed by this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import OLDER, REVISIONS, unpack
from nlan import Environment
from nlan.api import Lab, Paths, edits
from nlan.api.edits.written import Changed
from nlan.schema import load
from nlan.services.router.model import Router
from nlan.state import LabState, open_state


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    unpack(tmp_path)
    paths = Paths(run=tmp_path / "run", netns=tmp_path / "netns", state=tmp_path)
    return Lab(OLDER, environment=Environment(paths))


@pytest.fixture
def state(lab: Lab) -> Iterator[LabState]:
    with open_state(lab.paths.state, OLDER) as state:
        yield state


@pytest.mark.parametrize("revision", [1, 3, 5])
def test_the_lab_is_what_its_file_describes_today(state: LabState, revision: int) -> None:
    path, text = state.source(revision)
    described = load(Path(path), lab=OLDER, allocations=state.allocations(), text=text).lab
    assert state.lab(revision) == described


def test_its_revisions_are_listed_with_what_became_of_them(lab: Lab) -> None:
    assert [(one.revision, one.state, one.message) for one in lab.history()] == [
        (7, "current", "set links.0.mtu 1300"),
        (5, "past", "set ce2.asn 64500"),
        (3, "past", "another AS"),
        (1, "past", ""),
    ]


def test_revisions_are_compared(lab: Lab) -> None:
    differences = {".".join(one.path): (one.before, one.after) for one in lab.diff(1, 3)}
    assert differences["ce1.router.bgp.asn"] == (64497, 64499)
    assert not lab.diff(7, 7)


def test_it_is_changed_by_a_path_of_its_file_and_by_one_of_what_is_shown(state: LabState) -> None:
    former = state.lab()
    assert former is not None
    changed = edits.set_value("ce1.asn", "64501").change(state, former)
    assert isinstance(changed, Changed)
    bgp = changed.lab.node("ce1").get(Router).bgp
    assert bgp is not None
    assert bgp.asn == 64501
    shown = edits.set_value("links.0.mtu", "1350").change(state, former)
    assert getattr(shown, "lab", shown).links[0].mtu == 1350


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_revision_can_be_returned_to(state: LabState, revision: int) -> None:
    former = state.lab()
    assert former is not None
    assert edits.to_revision(revision).change(state, former) == state.lab(revision)
