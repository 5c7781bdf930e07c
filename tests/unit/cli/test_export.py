"""`nlan export`: what it prints, where it writes, and what it says of what it does not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlan.cli.complete import candidates
from nlan.cli.main import main

FILE = "nodes: {r1: {asn: 64496}, r2: {asn: 64497, hosts: 2}}\nlinks: [r1 -- r2]\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NLAN_STATE_DIR", str(tmp_path / "state"))
    path = tmp_path / "small.yaml"
    path.write_text(FILE)
    return str(path)


def test_a_drawing_is_printed_and_what_it_lacks_is_named(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "graphviz", file]) == 0
    out, err = capsys.readouterr()
    assert out.startswith('graph "small" {\n')
    assert err == "left out: the 2 hosts behind nodes are not drawn\n"


def test_it_is_written(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "graphviz", file, "-l", "other", "-o", str(tmp_path / "x/lab.dot")]) == 0
    assert (tmp_path / "x/lab.dot").read_text().startswith('graph "other" {\n')
    assert capsys.readouterr().out == ""
    assert main(["export", "graphviz", file, "-o", file + "/in"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {file}: File exists"


def test_as_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "graphviz", file, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["files"]) == ["-"]
    assert found["left_out"] == ["the 2 hosts behind nodes are not drawn"]


def test_formats_are_listed_and_completed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 0
    assert "graphviz  a drawing of nodes and segments, for dot or neato" in capsys.readouterr().out
    assert candidates(["export", "g"]) == [("graphviz", "a drawing of nodes and segments, for dot or neato")]


def test_an_unknown_format(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "graphvis", file]) == 1
    assert capsys.readouterr().err == (
        "error: `graphvis` is no format that a lab can be exported to: there is `graphviz` "
        "(did you mean `graphviz`?)\n"
    )


def test_neither_a_file_nor_a_lab(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "graphviz", "nosuch"]) == 1
    assert capsys.readouterr().err == "error: nothing is known of a lab nosuch\n"
