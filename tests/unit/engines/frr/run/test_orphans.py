"""A daemon is an orphan once its zebra has ended, or is younger than itself; mgmtd alone needs none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlan.engines.frr.run.files import Files, Receipt
from nlan.engines.frr.run.orphans import is_orphan

Begin = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Give what starts a process in a daemon's stead, each in a clock tick of its own."""
    running: list[subprocess.Popen[str]] = []
    (tmp_path / "run-frr").mkdir()

    def start(daemon: str) -> subprocess.Popen[str]:
        tick = _tick()
        while _tick() == tick:
            pass
        code = "print('here', flush=True); input()"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        Files(tmp_path, daemon).pid.write_text(f"{process.pid}\n")
        return process

    yield start
    for process in running:
        end(process)


def _tick() -> int:
    """Return the kernel's clock in the hundredths that it tells a process's start in."""
    return int(float(Path("/proc/uptime").read_text().split()[0]) * 100)


def end(process: subprocess.Popen[str]) -> None:
    with process:  # waits, and closes its pipes
        process.kill()


def test_with_its_zebra_it_is_none(tmp_path: Path, begin: Begin) -> None:
    zebra, _ = begin("zebra"), begin("bgpd")
    bgpd = Files(tmp_path, "bgpd")
    assert not is_orphan(bgpd)
    end(zebra)
    assert is_orphan(bgpd)
    assert not is_orphan(Files(tmp_path, "zebra"))
    begin("zebra")
    assert is_orphan(bgpd)
    begin("bgpd")
    assert not is_orphan(bgpd)


def test_what_does_not_run_is_none(tmp_path: Path) -> None:
    assert not is_orphan(Files(tmp_path, "bgpd"))


def test_with_a_zebra_of_no_use_it_is_one(tmp_path: Path, begin: Begin) -> None:
    begin("zebra")
    begin("bgpd")
    assert not is_orphan(Files(tmp_path, "bgpd"))
    assert is_orphan(Files(tmp_path, "bgpd"), zebra=False)


def test_a_zombie_is_no_zebra(tmp_path: Path, begin: Begin) -> None:
    """Its parent has not asked for its end yet."""
    zebra, _ = begin("zebra"), begin("bgpd")
    zebra.kill()
    os.waitid(os.P_PID, zebra.pid, os.WEXITED | os.WNOWAIT)
    assert is_orphan(Files(tmp_path, "bgpd"))


def test_the_manager_needs_no_zebra(tmp_path: Path, begin: Begin) -> None:
    for daemon in ("bgpd", "mgmtd"):
        begin(daemon)
    assert is_orphan(Files(tmp_path, "bgpd"))
    Receipt((), ()).write(Files(tmp_path, "mgmtd"))
    assert is_orphan(Files(tmp_path, "bgpd"))
    assert not is_orphan(Files(tmp_path, "mgmtd"))
