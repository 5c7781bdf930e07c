"""Ending a keep that may end by itself at any moment."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

from nlan.api.upkeep.pidfile import stop_keeper
from nlan.paths import Paths


def test_a_keep_that_ends_while_it_is_told_to(tmp_path: Path) -> None:
    """There is nobody left to send a signal to; that is what was asked for."""
    with subprocess.Popen(["true"], stdin=subprocess.DEVNULL) as keeper:
        process = os.pidfd_open(keeper.pid)
    paths = Paths(run=tmp_path, state=tmp_path)
    paths.lab("lab").mkdir()
    with open(paths.lab("lab") / "keep.pid", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        print(keeper.pid, file=held, flush=True)
        assert stop_keeper(paths, "lab", open_process=lambda _: process) == keeper.pid
