"""What looks at a lab's memory, where that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlan.cli.main import main

AS_NOBODY = """
import functools, os, sys
from nlan import registry
from nlan.api.edits import comparing
from nlan.cli.commands.change import diff, history
from nlan.cli.main import main
from tega.engines import frozen, sqlite
registry.own_parts = functools.cache(registry.own_parts)
sys.stdout = open(os.devnull, "w")
main(["ls"])
os.setuid(65534)
sys.exit(main(sys.argv[1:]))
"""
"""The checkout and Python itself may be where nobody else can read them: all is found and imported before."""


@pytest.mark.parametrize("words", ["history", "diff 1 2", "history lab", "diff -l lab 1 2"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_somebody_who_may_not_read_it_is_told_so(words: str, tmp_path: Path) -> None:
    """It was a traceback."""
    (tmp_path / "lab" / "tega").mkdir(parents=True)
    (tmp_path / "lab").chmod(0o700)
    environment = os.environ | {"NLAN_STATE_DIR": str(tmp_path), "NLAN_RUN_DIR": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words.split()],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.endswith(": Permission denied; run this with sudo\n")


@pytest.mark.parametrize("words", ["history lab", "diff -l lab 1 2"])
def test_why_it_cannot_be_opened_is_said(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was said to have no history."""
    (tmp_path / "lab" / "tega" / "tega.db").mkdir(parents=True)
    monkeypatch.setenv("NLAN_STATE_DIR", str(tmp_path))
    assert main(words.split()) == 1
    assert "error: lab: its database cannot be opened: " in capsys.readouterr().err
    assert main(["history", "other"]) == 1
    assert capsys.readouterr().err == "error: nothing is known of a lab other\n"
