"""The README is true: its commands are run in order, and what they print is compared with what it shows.

Times and other figures that change from run to run are left out of the comparison; a line ``...``
in the README stands for any lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nlan.engines.frr.programs import has_manager
from support import EXAMPLES, ROOT

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LAB = "wan-bgp"

VOLATILE: tuple[tuple[str, str], ...] = (
    (r"\d+\.\d+ s\b", "N s"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE"),
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"\d+\.\d+/\d+\.\d+/\d+\.\d+ ms", "N ms"),
    (r"^( ?\d+)  \S+  \d+\.\d+ ms$", r"\1 HOP N ms"),  # equal paths are chosen by a hash of ports
)


if not has_manager():  # the README's machine has an mgmtd in each of its routers
    VOLATILE += ((r"\bmgmtd ", ""), (r"\b\d+ operations", "N operations"), (r" {2,}", "  "))


class Shown(NamedTuple):
    """A command of the README, the line it stands in, and what it prints there."""

    line: int
    command: str
    output: str


def shown() -> Iterator[Shown]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for block in CONSOLE.finditer(text):
        line = text.count("\n", 0, block.start(1)) + 1
        for part in re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Shown(line, command, output)
            line += part.count("\n")


def normal(text: str) -> str:
    """Return the text without what changes from run to run."""
    for pattern, instead in VOLATILE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def fits(expected: str, printed: str) -> bool:
    """Tell whether the output is what is shown, where ``...`` stands for any lines."""
    parts = (re.escape(part) for part in re.split(r"^\.\.\.$", normal(expected), flags=re.MULTILINE))
    return re.fullmatch(".*".join(parts), normal(printed), re.DOTALL) is not None


class Reader:
    """Somebody who types what the README shows, in a copy of the examples and with labs of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lab = f"t{os.getpid() % 1000000:06}"  # as long as the README's: columns stay where they are
        shutil.copytree(EXAMPLES, directory / "examples")
        file = directory / "examples" / f"{LAB}.yaml"
        text = file.read_text(encoding="utf-8")
        assert f"name: {LAB}\n" in text
        file.write_text(text.replace(f"name: {LAB}\n", f"name: {self.lab}\n"), encoding="utf-8")
        launcher = directory / "nlan"
        launcher.write_text(f'#!/bin/sh\nexec {sys.executable} -m nlan "$@"\n', encoding="utf-8")
        launcher.chmod(0o755)
        places = {f"NLAN_{name.upper()}_DIR": str(directory / name) for name in ("run", "netns", "state")}
        self.env = {k: v for k, v in os.environ.items() if k != "SUDO_USER"} | places | {"NO_COLOR": "1"}

    def type(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.directory,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout.replace(self.lab, LAB)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        reader.type("./nlan down --all")


def test_every_command_prints_what_the_readme_shows(reader: Reader) -> None:
    commands = list(shown())
    assert len(commands) > 15
    for one in commands:
        printed = reader.type(one.command)
        assert fits(one.output, printed), f"README.md:{one.line}: {one.command}\n{printed}"
    assert "no lab runs" in reader.type("./nlan ls")


def test_the_readme_shows_the_example_whole() -> None:
    text = (EXAMPLES / f"{LAB}.yaml").read_text(encoding="utf-8")
    file = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert f"```yaml\n{file}```" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("up (0.84 s)", "up (1.20 s)\n", True),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nb\nd", False),
        ("240 of 240 answered", "239 of 240 answered", False),
        (" 2  10.201.0.1  0.055 ms", " 2  10.201.0.9  0.1 ms", True),
        (" 2  10.201.0.1  0.055 ms", " 3  10.201.0.9  0.1 ms", False),
    ],
)
def test_comparing(expected: str, printed: str, same: bool) -> None:
    assert fits(expected, printed) is same
