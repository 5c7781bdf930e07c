"""The launcher and the installer behind it, called from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose installer makes an environment in which Python tells its own place."""
    checkout = tmp_path / "checkout"
    for directory in ("scripts", "src/nlan", "below"):
        (checkout / directory).mkdir(parents=True)
    shutil.copy(ROOT / "nlan", checkout)
    (checkout / "requirements.lock").touch()
    installer = checkout / "scripts" / "install"
    installer.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")/.."\nmkdir -p "$NLAN_VENV/bin"\n'
        'printf \'#!/bin/sh\\necho "$0"\\n\' > "$NLAN_VENV/bin/python"\n'
        'chmod +x "$NLAN_VENV/bin/python"\ntouch "$NLAN_VENV/.nlan"\n'
    )
    installer.chmod(0o755)
    return checkout


@pytest.mark.parametrize(("where", "word"), [(".", "./nlan"), ("below", "../nlan"), ("..", "checkout/nlan")])
def test_the_first_command_may_come_from_anywhere(checkout: Path, where: str, word: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NLAN_VENV"}
    done = subprocess.run([word], cwd=checkout / where, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.realpath(done.stdout.strip()) == str(checkout / ".venv" / "bin" / "python")


def test_an_environment_is_named_from_where_the_caller_stands(checkout: Path) -> None:
    environment = os.environ | {"NLAN_VENV": "mine"}
    done = subprocess.run(
        ["../nlan"], cwd=checkout / "below", env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / "below" / "mine" / ".nlan").exists()


@pytest.mark.parametrize(("where", "word"), [("scripts", "./install"), ("..", "checkout/scripts/install")])
def test_the_installer_finds_itself(tmp_path: Path, where: str, word: str) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    script = (ROOT / "scripts" / "install").read_text()
    begin, _, _ = script.partition("# The distribution's own")  # what it installs is another matter
    (checkout / "scripts" / "install").write_text(f"{begin}pwd\n")
    (checkout / "scripts" / "install").chmod(0o755)
    done = subprocess.run([word, "any.lock"], cwd=checkout / where, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{checkout}\n", "")


def test_a_machine_whose_python_is_too_old_is_told_so(tmp_path: Path) -> None:
    """It was `: not found`."""
    (tmp_path / "scripts").mkdir()
    script = (ROOT / "scripts" / "install").read_text().replace("(3, 11)", "(99, 0)")
    (tmp_path / "scripts" / "install").write_text(script)
    (tmp_path / "any.lock").touch()
    (tmp_path / "bin").mkdir()
    for name in ("apt-get", "sudo"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    words = ["sh", "-c", "chmod +x scripts/install; scripts/install any.lock"]
    done = subprocess.run(words, cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nlan: Python 3.11 or newer is needed")


def test_a_checkout_runs_its_own_source_wherever_it_was_moved(checkout: Path) -> None:
    """Its environment names the place where it was made: another version ran, or none was found."""
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "src" / "nlan" / name, checkout / "src" / "nlan")
    (checkout / "src/nlan/cli").mkdir()
    (checkout / "src/nlan/cli/__init__.py").touch()
    (checkout / "src/nlan/cli/main.py").write_text("def main(**_):\n    print(__file__)\n    return 0\n")
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (checkout / ".venv" / ".nlan").touch()
    environment = os.environ | {"NLAN_VENV": str(checkout / ".venv")}
    done = subprocess.run(["./nlan"], cwd=checkout, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.realpath(done.stdout.strip()) == str(checkout / "src/nlan/cli/main.py")
