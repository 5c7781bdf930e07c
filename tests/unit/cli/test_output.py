"""What is shown on a screen of a size."""

from __future__ import annotations

import sys
from argparse import Namespace

import pytest

from nlan.cli.output import fit, operation_lines
from nlan.cli.terminal import Terminal
from nlan.plan import Operation
from nlan.resources import Key


def test_rows_that_do_not_fit_are_counted() -> None:
    rows = [str(n) for n in range(10)]
    assert fit(rows, 80, 10) == rows
    assert fit(rows, 80, 4) == ["0", "1", "2", "… 7 more lines"]
    assert fit(rows, 80, 9)[-1] == "… 2 more lines"


def test_long_rows_are_cut_and_colours_take_no_column() -> None:
    assert fit(["abcdef"], 4, 5) == ["abcd"]
    assert fit(["a\x1b[32mbcdef\x1b[0m."], 4, 5) == ["a\x1b[32mbcd\x1b[0m"]
    assert fit(["\x1b[2mab\x1b[0m"], 80, 5) == ["\x1b[2mab\x1b[0m"]


def test_colours_go_only_where_a_terminal_shows_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `up -v` said had colours in a file where stdout was a terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    operation = Operation(
        action="create", key=Key("bridge", "pe1", "br1"), reason="missing", impact="hitless"
    )
    Terminal(Namespace(verbose=1)).done(operation, None)
    assert "\x1b" not in capsys.readouterr().err
    assert "\x1b" in operation_lines(operation)[0]
