"""`nlan exec` where there is nothing to run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlan.cli.main import main


def test_all_nodes_of_a_lab_without_nodes_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run" / "empty").mkdir(parents=True)
    monkeypatch.setenv("NLAN_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("NLAN_NETNS_DIR", str(tmp_path / "netns"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert main(["exec", "--all", "--", "ls"]) == 0
    assert capsys.readouterr() == ("", "")
