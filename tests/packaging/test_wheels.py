"""Both distributions, built and installed as a stranger would: what comes, and what then runs."""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SERVERS = ("starlette", "uvicorn", "websockets", "prompt_toolkit", "re2")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with source archives and wheels that twine has checked."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [ROOT / "scripts/wheels", folder],
        env={**os.environ, "PYTHON": sys.executable, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 4
    return folder


class Installed:
    """An environment of its own in which a distribution was installed."""

    def __init__(self, folder: Any, built: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin, self._built = folder / "bin", built

    def install(self, what: Any) -> None:
        self.run("python", "-m", "pip", "-q", "install", "--find-links", self._built, what)

    def run(self, program: Any, *arguments: Any, code: Any = 0) -> Any:
        done = subprocess.run(
            [self.bin / program, *arguments], cwd="/", env={"PATH": ""}, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def has(self, module: Any) -> bool:
        look = f"import importlib.util; print(importlib.util.find_spec({module!r}) is not None)"
        return self.run("python", "-c", look).strip() == "True"


@pytest.fixture
def installed(tmp_path: Path, built: Path) -> Any:
    return Installed(tmp_path / "venv", built)


def modules(package: Any) -> Any:
    """The files of a package in this checkout, as a wheel names them."""
    source = ROOT / "src"
    return {str(file.relative_to(source)) for file in (source / package).rglob("*.py")}


@pytest.mark.parametrize(("package", "other"), [("nlan", "tega"), ("tega", "nlan")])
def test_each_distribution_has_its_own_package_whole_and_nothing_of_the_other(
    built: Path, package: Any, other: Any
) -> None:
    with zipfile.ZipFile(next(built.glob(f"{package}-*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert modules(package) <= names
    assert f"{package}/py.typed" in names
    assert not [name for name in names if name.startswith(f"{other}/")]
    with tarfile.open(next(built.glob(f"{package}-*.tar.gz"))) as archive:
        files = [name.partition("/")[2] for name in archive.getnames() if not archive.getmember(name).issym()]
    assert {f"src/{name}" for name in modules(package)} <= set(files)
    assert "LICENSE" in files
    assert not [name for name in files if f"/{other}/" in name]


def test_nlan_alone_brings_no_server_and_no_prompt(installed: Installed, tmp_path: Path) -> None:
    installed.install("nlan")
    assert {name for name in SERVERS if installed.has(name)} == set()
    assert "usage" in installed.run("nlan", "--help").lower()
    (tmp_path / "lab.yaml").write_text("nodes: [a, b]\nlinks: [a -- b]\n")
    assert json.loads(installed.run("nlan", "show", "--json", str(tmp_path / "lab.yaml")))["nodes"]
    opened = f"from tega import open_database; db = open_database({str(tmp_path / 'db')!r})"
    assert installed.run("python", "-c", f"{opened}; print(db.put('a.b', 1).rev)") == "1\n"
    assert "pip install 'tega[patterns]'" in installed.run(
        "python", "-c", f"{opened}; db.select('a.*')", code=1
    )
    for program, extra in (("tega-server", "server"), ("tega-cli", "shell")):
        said = installed.run(program, *(("--data", str(tmp_path)) if extra == "server" else ()), code=1)
        assert said.endswith(f" is not installed: pip install 'tega[{extra}]'\n")


def test_with_its_servers_nlan_brings_its_plugins_to_tega(installed: Installed, tmp_path: Path) -> None:
    installed.install("nlan[server]")
    assert {name for name in SERVERS if installed.has(name)} == set(SERVERS)
    server = subprocess.Popen(
        [
            installed.bin / "tega-server",
            "--data",
            tmp_path / "db",
            "--listen",
            "127.0.0.1:0",
            "--enable",
            "all",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        url = server.stdout.readline().split()[-1]
        plugins = json.loads(installed.run("tega-cli", "--url", url, "--json", "plugins"))
        assert set(plugins) >= {"template", "ipam", "topo", "subnets", "server_client", "hook", "deploy"}
        given = installed.run("tega-cli", "--url", url, "plugins.ipam('192.0.2.1', 'pe1')")
        assert re.search(r"pe1: 192.0.2.1/24", given)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        server.stdout.close()


def test_tega_alone_brings_no_web_server_and_its_extra_does(installed: Installed, tmp_path: Path) -> None:
    installed.install("tega")
    assert {name for name in (*SERVERS, "nlan", "yaml", "jinja2") if installed.has(name)} == set()
    database = f"tega.open_database({str(tmp_path / 'db')!r})"
    code = f"import tega\nwith {database} as db: print(db.put('a', 1).rev, tega.Op.PUT)"
    assert installed.run("python", "-W", "error", "-c", code) == "1 Op.PUT\n"
    said = installed.run("tega-server", "--data", str(tmp_path / "db"), code=1)
    assert said.endswith(" is not installed: pip install 'tega[server]'\n")
    installed.install("tega[server]")
    assert {name for name in SERVERS if installed.has(name)} == {*SERVERS} - {"prompt_toolkit"}
    assert "--max-body BYTES" in installed.run("tega-server", "--help")


def test_tegas_shell_alone_needs_no_web_server(installed: Installed, tmp_path: Path) -> None:
    installed.install("tega[shell]")
    assert {name for name in SERVERS if installed.has(name)} == {"websockets", "prompt_toolkit"}
    assert not installed.has("nlan")
    assert "cannot reach 127.0.0.1:9" in installed.run("tega-cli", "--url", "127.0.0.1:9", "get", "a", code=3)
