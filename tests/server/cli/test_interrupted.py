"""Ctrl-C at any moment of a command's life: a sentence and exit code 130, or a silent end; no traceback."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

EARLY = "\ninterrupted; nothing was touched yet\n"
LOOKED = "\ninterrupted\n"
LATE = "\ninterrupted; what was done stays: run the same command again to go on, or `nlan down`\n"
STEP_MS = 1
LAST_MS = 80
"""Later than the command takes on a quick machine; on a slow one it is interrupted all the way."""


@pytest.fixture
def launcher(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the launcher has installed everything: this interpreter's packages."""
    venv = tmp_path / "venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix, name))
    (venv / ".nlan").touch()
    if not subprocess.run(["env", "--block-signal=INT", "true"], capture_output=True).returncode:
        (venv / ".nlan-env").touch()
    return os.environ | {"NLAN_VENV": str(venv), "NLAN_STATE_DIR": str(tmp_path / "state")}


def test_the_launcher_interrupted_at_any_moment(launcher: dict[str, str]) -> None:
    words = [str(ROOT / "nlan"), "show", str(ROOT / "examples" / "two-routers.yaml")]
    whole = subprocess.run(words, env=launcher, capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr
    ends = set()
    for ms in range(0, LAST_MS, STEP_MS):
        process = subprocess.Popen(
            words, env=launcher, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        select.select([], [], [], ms / 1000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        ends.add(process.returncode)
        if process.returncode == 0:
            assert (out, err) == (whole.stdout, ""), ms
        elif process.returncode == 130:
            assert err in (EARLY, LOOKED, LATE), ms  # late: it came in a callback of the interpreter
        else:  # before the shell that the launcher is has begun, or while it turns into Python
            assert (process.returncode, out, err) == (-signal.SIGINT, "", ""), ms
    assert 130 in ends


def python(code: str) -> subprocess.CompletedProcess[str]:
    start = "import os, signal, sys; sys.path.insert(0, 'src'); import nlan.__main__ as command\n"
    hit = "def hit(*_): os.kill(os.getpid(), signal.SIGINT)\n"
    return subprocess.run(
        [sys.executable, "-c", start + hit + code], cwd=ROOT, capture_output=True, text=True
    )


def test_interrupted_while_importing_ends_at_once() -> None:
    """Where an exception would be swallowed: ``except BaseException`` stands for all that imports do."""
    done = python("try: hit()\nexcept BaseException: pass\nprint('went on')")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", EARLY)


def test_interrupted_in_a_callback_is_not_lost() -> None:
    code = "command._begin()\nclass Callback:\n    def __del__(self): hit()\nCallback()\nprint('went on')"
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", LATE)


def test_another_error_in_a_callback_is_shown_as_ever() -> None:
    code = "command._begin()\nclass Callback:\n    def __del__(self): 1 / 0\nCallback()\nprint('went on')"
    done = python(code)
    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(("verb", "said"), [("down", LATE), ("ls", LOOKED)])
def test_interrupted_twice_is_said_once(verb: str, said: str) -> None:
    code = (
        "import nlan.cli.output\n"
        "from nlan.cli import main\n"
        "from types import SimpleNamespace as Verb\n"
        "say = nlan.cli.output.say\n"
        "nlan.cli.output.say = lambda text: (hit(), say(text))\n"
        "main.import_module = lambda name: Verb(run=hit)\n"
        f"sys.argv[1:] = ['{verb}']\n"
        "sys.exit(command.run())\n"
    )
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", said)


def test_who_ignores_it_is_not_interrupted(launcher: dict[str, str]) -> None:
    """What a script starts in its background ignores Ctrl-C."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('ignored', file=sys.stderr, flush=True)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT / "nlan"), "schema"],
        env=launcher,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ignored\n"
    for _ in range(20):
        select.select([], [], [], 0.005)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)
