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
        '#!/bin/sh\ncd "$(dirname "$0")/.."\nmkdir -p "$NLAN_VENV/bin"\necho "$@" >>installed\n'
        'printf \'#!/bin/sh\\necho "$0"\\n\' > "$NLAN_VENV/bin/python"\n'
        'chmod +x "$NLAN_VENV/bin/python"\ntouch "$NLAN_VENV/.nlan"\n'
        'if [ "$2" = all ]; then touch "$NLAN_VENV/.nlan-daemons"; fi\n'
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


@pytest.mark.parametrize("verb", ["plan", "show", "generate", "schema", "doctor", "--help"])
def test_who_only_reads_needs_no_daemons(checkout: Path, verb: str) -> None:
    def run(*words: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "NLAN_VENV"}
        subprocess.run(["./nlan", *words], cwd=checkout, env=environment, check=True, capture_output=True)

    run(verb)
    run(verb)
    assert (checkout / "installed").read_text() == "requirements.lock python\n"
    run("up")
    run("up")
    run(verb)
    assert (checkout / "installed").read_text() == "requirements.lock python\nrequirements.lock all\n"


class Installer:
    """The installer on a machine whose programs are ours."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.programs = directory, directory / "bin"
        (directory / "scripts").mkdir()
        script = (ROOT / "scripts" / "install").read_text().replace("/usr/bin/python3 ", "")
        self._write(directory / "scripts" / "install", script)
        (directory / "any.lock").touch()
        self.programs.mkdir()
        for name in ("flock", "setpriv"):
            self.program(name, 'shift; exec "$@"')
        for name in ("apt-get", "sudo"):
            self.program(name, f'echo "{name} $@" >>{directory}/called')

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def program(self, name: str, script: str) -> None:
        self._write(self.programs / name, f"#!/bin/sh\n{script}\n")

    @property
    def called(self) -> str:
        path = self.directory / "called"
        return path.read_text() if path.exists() else ""

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["scripts/install", "any.lock", *words]
        path = f"{self.programs}:/usr/bin:/bin"
        environment = {"PATH": path, "HOME": str(self.directory)}
        return subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True)


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    return Installer(tmp_path)


def test_a_machine_whose_python_is_too_old_is_told_so_before_anything_is_installed(
    installer: Installer,
) -> None:
    """Packages were installed first, and it was said at every verb after a look at them."""
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        installer.program(name, 'case "$2" in *platform*) echo 3.10.12 ;; *) exit 1 ;; esac')
    done = installer.run()
    assert (done.returncode, installer.called) == (1, "")
    assert done.stderr == (
        "nlan: Python 3.11 or newer is needed, and this machine's is 3.10.12; "
        "install a newer one as python3.11 or later\n"
    )


PIP_FAILS = """
case "$*" in
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/pip ;;
    *"pip install"* | *"--quiet install"*)
        echo "WARNING: Retrying after connection broken by 'NewConnectionError(no route to host)': /simple/a/"
        echo "ERROR: No matching distribution found for a"
        exit 1 ;;
    *"pip --version"*) test -e .venv/bin/pip ;;
esac
"""


def test_a_failing_pip_is_one_sentence(installer: Installer) -> None:
    installer.program("python3", PIP_FAILS)
    done = installer.run("python")
    assert done.returncode == 1
    assert installer.called == ""
    first, last = done.stderr.splitlines()
    assert first.startswith("nlan: preparing .venv with ")
    assert last.startswith(
        "nlan: pip could not install the packages of any.lock (NewConnectionError(no route"
    )
    assert "its words are in .venv/pip.log" in last
    assert "No matching distribution" in (installer.directory / ".venv" / "pip.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another than the owner of everything")
def test_root_leaves_nothing_of_its_own_in_a_users_checkout(tmp_path: Path) -> None:
    checkout, venv = tmp_path / "checkout", tmp_path / "venv"
    checkout.mkdir()
    venv.mkdir()
    shutil.copy(ROOT / "nlan", checkout)
    shutil.copy(ROOT / "requirements.lock", checkout)
    shutil.copytree(ROOT / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "examples", checkout / "examples")
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix, name))
    (venv / ".nlan").touch()
    everything = [checkout, *checkout.rglob("*")]
    for path in everything:
        os.chown(path, 1234, 1234)
    environment = os.environ | {"NLAN_VENV": str(venv)}
    done = subprocess.run(["./nlan", "show", "examples/two-routers.yaml"], cwd=checkout, env=environment)
    assert done.returncode == 0
    assert sorted(checkout.rglob("*")) == sorted(everything[1:])


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
