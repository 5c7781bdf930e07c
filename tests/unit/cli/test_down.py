"""`nlan down --all`: one lab that cannot be removed does not keep the others."""

from __future__ import annotations

import json
from argparse import Namespace

import pytest

from nlan.api import Lab, Removed, catalog
from nlan.cli.commands.run import down
from nlan.errors import HostError


@pytest.fixture
def _three(monkeypatch: pytest.MonkeyPatch) -> None:
    def remove(lab: Lab, *, purge: bool) -> Removed:
        if lab.name == "b":
            raise HostError("process 7 survived")
        return Removed(lab.name, 2, 0.1, purge)

    monkeypatch.setattr(catalog, "need_root", lambda: None)
    monkeypatch.setattr(catalog, "running", lambda _: ["a", "b", "c"])
    monkeypatch.setattr(Lab, "down", remove)


def words(*, as_json: bool = False) -> Namespace:
    return Namespace(all=True, lab=None, purge=False, json=as_json, verbose=0)


@pytest.mark.usefixtures("_three")
def test_the_others_go_and_the_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert down.run(words()) == 1
    told = capsys.readouterr()
    assert told.out == "a: 2 namespaces removed (0.10 s)\nc: 2 namespaces removed (0.10 s)\n"
    assert told.err == "b: process 7 survived\n"


@pytest.mark.usefixtures("_three")
def test_it_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert down.run(words(as_json=True)) == 1
    assert [(one["lab"], one.get("error")) for one in json.loads(capsys.readouterr().out)] == [
        ("a", None),
        ("b", "process 7 survived"),
        ("c", None),
    ]
