"""Ctrl-C while the command is still being imported."""

from __future__ import annotations

import pytest

from nlan.cli import main as cli


def test_interrupted_while_importing_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    assert cli.main(["ls"]) == cli.EXIT_INTERRUPTED
    assert capsys.readouterr().err == "\ninterrupted; nothing was touched yet\n"
