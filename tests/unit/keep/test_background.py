"""The unit for systemd, and the file that says who keeps a lab."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nlan.api.upkeep.pidfile import Pidfile, keeper_of
from nlan.errors import LockedError, NotFoundError
from nlan.keep import background
from nlan.keep.background import command, unit_text
from nlan.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "run" / "lab").mkdir(parents=True)
    return Paths(run=tmp_path / "run")


def test_the_unit_restores_then_keeps_and_leaves_daemons_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in background.VARIABLES:  # `./test` sets one
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NLAN_STATE_DIR", "/srv/my labs")
    text = unit_text("wan", command())
    service = configparser.RawConfigParser(strict=False)
    service.read_string(text)
    words = " ".join(command())
    assert service["Service"]["ExecStart"] == f"{words} keep wan"
    assert service["Service"]["ExecStartPre"] == f"-{words} restore wan"
    assert service["Service"]["KillMode"] == "process"
    assert service["Service"]["Environment"] == '"NLAN_STATE_DIR=/srv/my labs"'


def test_what_systemd_would_expand_is_escaped() -> None:
    text = unit_text("wan", ["/opt/50% of $x/nlan"])
    assert 'ExecStart="/opt/50%% of $$x/nlan" keep wan' in text.splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("place", ["/srv/labs", '/srv/100% "my" labs\\', "/srv/$HOME"])
def test_systemd_finds_nothing_wrong_with_the_unit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Any
) -> None:
    monkeypatch.setenv("NLAN_STATE_DIR", place)
    unit = tmp_path / "nlan-wan.service"
    unit.write_text(unit_text("wan", command()))
    words = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_command_exists() -> None:
    assert os.access(command()[0], os.X_OK)


def test_a_second_keep_is_told_of_the_first(paths: Any) -> None:
    first = Pidfile(paths, "lab")
    first.claim()
    assert keeper_of(paths, "lab") == os.getpid()
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        Pidfile(paths, "lab").claim()
    first.leave()
    assert keeper_of(paths, "lab") is None
    assert not (paths.lab("lab") / "keep.pid").exists()


def test_presence_ends_with_the_labs_directory(paths: Any) -> None:
    pidfile = Pidfile(paths, "lab")
    pidfile.claim()
    assert pidfile.is_mine()
    (paths.lab("lab") / "keep.pid").unlink()
    assert not pidfile.is_mine()
    later = Pidfile(paths, "lab")
    later.claim()
    pidfile.leave()
    assert later.is_mine()
    later.leave()


def test_no_lab_no_pidfile(paths: Any) -> None:
    with pytest.raises(NotFoundError):
        Pidfile(paths, "other").claim()
