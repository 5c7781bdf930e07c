"""`nlan exec` where there is nothing to run in."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from nlan import Environment, Lab
from nlan.api import Paths
from nlan.api.environment.privileges import Privileges
from nlan.cli.commands.inside.exec import run_in


class Root(Privileges):
    """Those of root."""

    is_root = True


def test_all_nodes_of_a_lab_without_nodes_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = Paths(run=tmp_path / "run", netns=tmp_path / "netns", state=tmp_path / "state")
    paths.lab("empty").mkdir(parents=True)
    lab = Lab("empty", environment=Environment(paths, privileges=Root()))
    assert run_in(lab, Namespace(node=None, all=True, command=["ls"], json=False)) == 0
    assert capsys.readouterr() == ("", "")
