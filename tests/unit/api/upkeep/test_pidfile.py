"""Ending a keep that may end by itself at any moment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nlan.api.upkeep import pidfile
from nlan.paths import Paths


def test_a_keep_that_ends_while_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody left to send a signal to; that is what was asked for."""
    with subprocess.Popen(["true"], stdin=subprocess.DEVNULL) as keeper:
        process = os.pidfd_open(keeper.pid)
    monkeypatch.setattr(pidfile, "keeper_of", lambda paths, lab: keeper.pid)
    monkeypatch.setattr(os, "pidfd_open", lambda pid: process)
    assert pidfile.stop_keeper(Paths(run=tmp_path, state=tmp_path), "lab") == keeper.pid
