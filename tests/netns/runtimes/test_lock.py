from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from nlan.errors import LockedError
from nlan.paths import Paths
from nlan.runtimes.netns.lock import lock_holder
from nlan.runtimes.netns.runtime import NetnsRuntime

HOLD = (
    "import sys; from pathlib import Path; from nlan.paths import Paths\n"
    "from nlan.runtimes.netns.runtime import NetnsRuntime\n"
    "with NetnsRuntime(Paths(Path(sys.argv[1]), Path(sys.argv[2])), sys.argv[3]).lock():\n"
    "    print('held', flush=True); sys.stdin.read()"
)


def holder(paths: Paths, lab: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLD, str(paths.run), str(paths.netns), lab]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_is_told_who_holds_it(paths: Paths) -> None:
    with holder(paths, "lab") as other:
        assert lock_holder(paths, "lab") == other.pid
        lab = NetnsRuntime(paths, "lab")
        with pytest.raises(
            LockedError, match=f"another nlan \\(process {other.pid}\\) is at work on lab lab"
        ):
            lab.lock().__enter__()
        with NetnsRuntime(paths, "other").lock():
            pass
        other.communicate("")
    assert lock_holder(paths, "lab") is None


def test_second_may_wait(paths: Paths) -> None:
    said: list[str] = []
    with holder(paths, "lab") as other:

        def on_wait(sentence: str) -> None:
            said.append(sentence)
            assert other.stdin is not None
            other.stdin.close()  # it ends and lets go

        with NetnsRuntime(paths, "lab").lock(on_wait=on_wait, timeout_s=30):
            assert len(said) == 1
            assert "waiting" in said[0]


def test_waiting_has_a_deadline(paths: Paths) -> None:
    with holder(paths, "lab") as other:
        waiting = NetnsRuntime(paths, "lab").lock(on_wait=lambda _: None, timeout_s=0.1)
        with pytest.raises(LockedError, match=r"still after 0\.1 s"):
            waiting.__enter__()
        other.communicate("")
    for thread in threading.enumerate():  # the abandoned wait lets go of what it gets
        if thread.name == "nlan waits for lab":
            thread.join(10)
    with NetnsRuntime(paths, "lab").lock():
        pass


def test_dies_with_its_holder(paths: Paths) -> None:
    with holder(paths, "lab") as other:
        other.send_signal(signal.SIGKILL)
        other.wait(10)
    with NetnsRuntime(paths, "lab").lock():
        assert paths.lab("lab").is_dir()


def test_does_not_pass_to_daemons(paths: Paths, lab_name: str) -> None:
    lab = NetnsRuntime(paths, lab_name)
    with lab.lock():
        lab.create(["a"])
        lab.spawn("a", ["sleep", "1000"])
    with NetnsRuntime(paths, lab_name).lock():
        lab.cleanup()
