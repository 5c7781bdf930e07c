"""Ctrl-C at any moment: a sentence, exit code 130, no traceback, and the same command goes on."""

from __future__ import annotations

import os
import re
import shlex
import signal

import pytest

from support import Machine, Nlan
from terminal import CONTROL_C, at_terminal

FILE = """
nodes:
  r1: {asn: 64496, hosts: 2}
  r2: {asn: 64497, hosts: 2}
  r3: {asn: 64498, engine: gobgp}
networks:
  wan: {nodes: [r1, r2, r3], vni: 7}
"""
SAID = "interrupted; what was done stays: run the same command again to go on, or `nlan down`"
LINES = (1, 2, 5, 12, 25, 40, 55)
"""After how many lines of `up -v`, which tells of every operation, the signal comes."""


@pytest.mark.parametrize("count", LINES)
def test_up_interrupted_goes_on(nlan: Nlan, count: int) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    _interrupt_up(nlan, lab, file, count)
    assert "converged" in nlan("up", file, "--lab", lab).out
    nlan("status", lab)


def test_what_an_interrupted_up_leaves_is_removed_by_down(nlan: Nlan) -> None:
    machine, file = Machine.look(nlan.name()), nlan.write(FILE)
    for count in LINES:
        lab = nlan.name(str(count))
        _interrupt_up(nlan, lab, file, count)
        nlan("down", lab)
        machine.same(nlan.name())


def test_interrupted_before_it_has_read_the_file(nlan: Nlan) -> None:
    """The file is a pipe that nobody writes to."""
    pipe = str(nlan.directory / "pipe.yaml")
    os.mkfifo(pipe)
    process = nlan.start("up", pipe, "--lab", nlan.name())
    writer = os.open(pipe, os.O_WRONLY)  # opens once nlan reads
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    os.close(writer)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err


def _interrupt_up(nlan: Nlan, lab: str, file: str, count: int) -> None:
    """Interrupt `up -v` once it has told of so many operations."""
    process = nlan.start("up", "-v", file, "--lab", lab)
    assert process.stderr is not None
    told = [process.stderr.readline() for _ in range(count)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert all(told), told
    assert process.returncode == 130, out + err
    assert SAID in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ["operations", "routing"])
def test_control_c_at_a_terminal(nlan: Nlan, words: str) -> None:
    """Through a real terminal: once the moving line tells of operations, and once of routing."""
    lab, file = nlan.name(), nlan.write(FILE)
    code, shown = _at_terminal(nlan, ("up", file, "--lab", lab), press_at=words)
    assert words in shown
    if code != 0:  # the key came before the end
        assert code == 130, shown
        assert SAID in shown
    assert "Traceback" not in shown
    assert "converged" in nlan("up", file, "--lab", lab).out


def test_control_c_in_the_editor_is_the_editors(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(FILE), "--lab", lab)
    script = "trap 'sed -i s/1500/1400/ \"$0\"; exit 0' INT; echo ready; while :; do sleep 0.05; done"
    words, env = nlan.argv("edit", "r1", "-l", lab), {**nlan.env, "VISUAL": f"sh -c {shlex.quote(script)}"}
    with at_terminal(words, env) as terminal:
        terminal.see("ready")
        terminal.type(CONTROL_C)
        terminal.see("converged")
        assert terminal.end() == 0


def test_control_c_ends_a_watching_status(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    code, shown = _at_terminal(nlan, ("status", lab, "--watch"), press_at="Ctrl-C ends")
    assert code == 0
    assert shown.endswith("^C\n")


def test_a_watching_status_fits_the_terminal_and_ends_with_the_lab(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    with at_terminal(nlan.argv("status", lab, "--watch", "-v"), nlan.env, size=(60, 7)) as terminal:
        screen = terminal.see("Ctrl-C ends", "more lines", "Ctrl-C ends").splitlines()
        assert max(map(len, screen)) <= 60
        nlan("down", lab)
        terminal.see(f"{lab}: no longer there")
        assert terminal.end() == 0


def test_an_undo_counts_its_own_operations(nlan: Nlan) -> None:
    lab = nlan.name()
    words = ("up", nlan.write(FILE), "--lab", lab, "--wait", "no", "--confirm", "0.5")
    with at_terminal(nlan.argv(*words), nlan.env) as terminal:
        terminal.see("not confirmed in time; the change is undone")
        assert terminal.end() == 1
    counts = re.findall(r"(\d+) of (\d+) operations", terminal.shown)
    assert counts
    assert all(int(done) <= int(total) for done, total in counts)


def test_interrupted_while_it_waits_to_be_confirmed(nlan: Nlan) -> None:
    """What was done does not stay."""
    lab = nlan.name()
    words = ("up", nlan.write(FILE), "--lab", lab, "--wait", "no", "--confirm", "60")
    code, shown = _at_terminal(nlan, words, press_at="unless `nlan confirm` comes")
    assert code == 130
    assert f"{lab}: the change still waits for `nlan confirm`, and undoes itself without\n" in shown
    assert shown.endswith("\ninterrupted\n")


def test_control_c_ends_watch_with_a_line_of_its_own(nlan: Nlan) -> None:
    lab = nlan.name()
    nlan("up", nlan.write(FILE), "--lab", lab)
    code, shown = _at_terminal(nlan, ("watch", lab), press_at="Ctrl-C ends")
    assert (code, shown.splitlines()[-1]) == (0, "^C")
    assert shown.endswith("^C\n")


def _at_terminal(nlan: Nlan, words: tuple[str, ...], *, press_at: str) -> tuple[int, str]:
    """Run nlan at a terminal, press Ctrl-C once it shows a text; return its exit code and all it showed."""
    with at_terminal(nlan.argv(*words), nlan.env) as terminal:
        terminal.see(press_at)
        terminal.type(CONTROL_C)
        return terminal.end(), terminal.shown
