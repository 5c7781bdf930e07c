"""`nlan plan` without root: of a lab that runs, and of what root's database remembers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from nlan.api import labs
from nlan.cli.commands import plan
from nlan.errors import HostError
from nlan.runtimes import Paths

FILE = "nodes: [a, b]\nlinks: [a -- b]\n"


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("os.access", lambda *_: False)
    (tmp_path / "pair.yaml").write_text(FILE)
    return Namespace(file=str(tmp_path / "pair.yaml"), lab=None, json=False, verbose=0, exclusive=False)


def show(words: Namespace, running: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(labs, "running", lambda _: running)
    here = Path(words.file).parent
    return len(plan.show_plan(Paths(run=here / "run", netns=here / "netns", state=here / "state"), words))


def test_beside_another_lab_it_plans(
    words: Namespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(words, ["other"], monkeypatch)
    assert capsys.readouterr().err == ""


def test_where_that_lab_runs_it_says_what_root_is_for(
    words: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HostError, match=r"^pair runs, and only root can see how its nodes are: .*sudo"):
        show(words, ["pair"], monkeypatch)


def test_addresses_that_may_be_others_are_said(
    words: Namespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(words.file).parent / "state" / "pair").mkdir(parents=True)
    assert show(words, [], monkeypatch)
    assert capsys.readouterr().err.startswith("note: only root can read what pair remembers: ")
