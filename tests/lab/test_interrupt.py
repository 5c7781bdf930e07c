"""Ctrl-C at any moment: a sentence, exit code 130, no traceback, and the same command goes on."""

from __future__ import annotations

import os
import pty
import select
import signal
import time

import pytest

from support import Machine, Nlan

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


def test_control_c_ends_a_watching_status(nlan: Nlan) -> None:
    lab, file = nlan.name(), nlan.write(FILE)
    nlan("up", file, "--lab", lab)
    code, shown = _at_terminal(nlan, ("status", lab, "--watch"), press_at="Ctrl-C ends")
    assert code == 130
    assert "Traceback" not in shown


def _at_terminal(nlan: Nlan, words: tuple[str, ...], *, press_at: str) -> tuple[int, str]:
    """Run nlan at a terminal, press Ctrl-C once it shows a text; return its exit code and all it showed."""
    pid, terminal = pty.fork()
    if not pid:
        argv = nlan.argv(*words)
        os.execve(argv[0], argv, nlan.env | {"TERM": "xterm"})
    try:
        shown = _read_until(terminal, press_at)
        os.write(terminal, b"\x03")
        shown += _read_until(terminal, None)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
    finally:
        os.close(terminal)


def _read_until(terminal: int, text: str | None, deadline_s: float = 30.0) -> str:
    """Read what is shown until a text comes, or the end."""
    shown, end = b"", time.monotonic() + deadline_s
    while text is None or text.encode() not in shown:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], shown.decode()
        try:
            data = os.read(terminal, 4096)
        except OSError:  # EIO: nobody holds the other side any more
            break
        if not data:
            break
        shown += data
    return shown.decode(errors="replace")
