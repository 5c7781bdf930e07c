"""Completion in the shells that this machine has: what TAB offers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from nlan.cli import complete
from nlan.cli.commands.files import completion
from nlan.cli.complete import candidates
from nlan.schema import Allocations, load
from nlan.state import open_state
from samples import EBGP_PAIR
from support import ROOT
from terminal import TAB, at_terminal


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with the labs east and west, whose nodes have names of their own, and a lab that is down."""
    for variable, name in (("RUN", "run"), ("NETNS", "netns"), ("STATE", "state")):
        monkeypatch.setenv(f"NLAN_{variable}_DIR", str(tmp_path / name))
        (tmp_path / name).mkdir()
    for lab, nodes in (("east", ("e1", "e2", "e10", "e2.172.21.1.2")), ("west", ("w1",))):
        (tmp_path / "run" / lab).mkdir()
        for node in nodes:
            (tmp_path / "netns" / f"{lab}.{node}").touch()
    pair = load(Path("pair.yaml"), text=EBGP_PAIR)
    with open_state(tmp_path / "state", "gone") as state:
        state.commit(pair.lab, Allocations(), ("", ""), "first")
    return tmp_path


def offered(*words: str) -> list[str]:
    return [word for word, _ in candidates(words)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("s", ["status", "shell", "show", "schema", "set"]),
        ("exec ", ["e1", "e2", "e2/172.21.1.2", "e10", "w1"]),
        ("exec -l west ", ["w1"]),
        ("exec e", ["e1", "e2", "e2/172.21.1.2", "e10"]),
        ("ping -l east e1 e2", ["e2", "e2/172.21.1.2"]),
        ("set -l west ", ["w1"]),
        ("down ", ["east", "gone", "west"]),
        ("status ", ["east", "west"]),
        ("status -l e", ["east"]),
        ("up f --wait ", ["up", "converged", "no"]),
        ("up f --wait = c", ["converged"]),
        ("up f --timeout ", []),
        ("up --dry", ["--dry-run"]),
        ("up f --dry-run --d", []),
        ("up ", [complete.FILES]),
        ("up f ", []),
        ("rollback -l gone ", ["1"]),
        ("diff -l gone 1 ", ["1"]),
        ("rollback -l east ", []),
        ("completion ", ["bash", "zsh", "fish"]),
        ("exec e1 -- ls ", [complete.FILES]),
        ("exec e1 -- /bin/l", [complete.FILES]),
        ("nothing ", []),
    ],
)
@pytest.mark.usefixtures("machine")
def test_what_may_stand_there(words: str, wanted: list[str]) -> None:
    assert offered(*words.split(" ")) == wanted


@pytest.mark.usefixtures("machine")
def test_after_two_dashes_programs_are_offered() -> None:
    assert "env" in offered("exec", "e1", "--", "en")
    assert "env" not in offered("exec", "e1", "en")


SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
BEGIN = {"bash": "PS1='> '", "zsh": "PS1='> '; autoload -U compinit; compinit -u", "fish": ""}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_shows_it(shell: str, machine: Path) -> None:
    """Typed at a terminal: a verb, a lab's node, a word of --wait, a revision, a program, a file."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (machine / "nlan").write_text(f'#!/bin/sh\nexec {ROOT}/nlan "$@"\n')
    (machine / "nlan").chmod(0o755)
    (machine / "a-file-of-mine.yaml").touch()
    (machine / "setup").write_text(getattr(completion, shell.upper()) + "\n")
    home = machine / "home"
    home.mkdir()
    env = os.environ | {"HOME": str(home), "PATH": f"{machine}:{os.environ['PATH']}", "TERM": "xterm"}
    with at_terminal([shell, *SHELLS[shell]], env, (120, 40)) as terminal:
        terminal.type(f"cd {machine}; {BEGIN[shell]}\r" if BEGIN[shell] else f"cd {machine}\r")
        terminal.type(f". {machine}/setup\r", "echo re''ady\r")
        terminal.see("ready")
        for typed, shown in (
            ("nlan hist", "nlan history "),
            ("nlan exec -l west ", "nlan exec -l west w1 "),
            ("nlan up f --wait con", "--wait converged "),
            ("nlan rollback -l gone ", "nlan rollback -l gone 1 "),
            ("nlan exec e1 -- getcon", "-- getconf "),
            ("nlan up a-fi", "nlan up a-file-of-mine.yaml"),
        ):
            terminal.type(typed, TAB)
            terminal.see(shown)
            terminal.type("\x15")  # the line goes


def test_a_script_is_one_that_its_shell_reads(tmp_path: Path) -> None:
    for shell in SHELLS:
        if shutil.which(shell) is not None:
            (tmp_path / shell).write_text(getattr(completion, shell.upper()) + "\n")
            subprocess.run([shell, "-n", str(tmp_path / shell)], check=True)
