"""`nlan edit`: a text that is not applied is kept."""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlan.api import Edit, LabText
from nlan.cli.commands.change.edit import edit, wants_to_mend
from nlan.errors import ApplyError, HostError, InputError, NlanError, OvertakenError
from nlan.schema import load
from samples import EBGP_PAIR

LAB = load(Path("x.yaml"), text=EBGP_PAIR).lab
CHANGE = "sed -i s/1500/1400/"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, NlanError | None], str]:
    """Give what edits with an editor, lets applying fail, and returns the texts that are kept."""

    def run(
        editor: str, error: NlanError | None, *, dry_run: bool = False, is_at_terminal: bool = False
    ) -> str:
        def apply(edit: Edit) -> int:
            edit.change(None, LAB)  # type: ignore[arg-type]
            if error is not None:
                raise error
            return 0

        monkeypatch.setenv("VISUAL", editor)
        arguments = Namespace(node="r1", dry_run=dry_run, secrets=False)
        try:
            edit(arguments, apply, wants_to_mend if is_at_terminal else None, str(tmp_path))
        except NlanError:
            assert error is not None or not editor.startswith(CHANGE)
        return "".join(path.read_text("latin-1") for path in tmp_path.iterdir())

    return run


@pytest.mark.parametrize(
    "error",
    [InputError("not here"), ApplyError("r1", "update", "No such luck"), OvertakenError("too late")],
    ids=lambda error: type(error).__name__,
)
def test_whatever_becomes_of_it(kept: Any, error: NlanError, capsys: pytest.CaptureFixture[str]) -> None:
    assert "mtu: 1400" in kept(CHANGE, error)
    assert "the edited text is kept in " in capsys.readouterr().err


def test_a_text_that_was_only_tried(kept: Any) -> None:
    assert "mtu: 1400" in kept(CHANGE, None, dry_run=True)


@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$", "printf '\\344' >> \"$0\""])
def test_of_an_editor_that_ended_badly(kept: Any, end: str) -> None:
    assert "mtu: 1400" in kept(f"""sh -c '{CHANGE} "$0"; {end.replace("'", '"')}'""", None)


def test_nothing_of_what_was_applied_or_not_changed(kept: Any) -> None:
    assert kept(CHANGE, None) == ""
    assert kept("true", HostError("no")) == ""
    assert kept("rm", None) == ""


def test_a_mistake_at_a_terminal_opens_the_text_again(
    kept: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that was typed had to be found in a file and brought in anew."""
    editor = tmp_path.parent / f"{tmp_path.name}-editor"
    editor.write_text(
        '#!/bin/sh\nif grep -q "mtu: many" "$1"; then sed -i s/many/1400/ "$1"\n'
        'else sed -i "s/mtu: 1500/mtu: many/" "$1"; fi\n'
    )
    editor.chmod(0o755)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert kept(str(editor), None, is_at_terminal=True) == ""
    err = capsys.readouterr().err
    assert "mtu: `many` is not a whole number" in err
    assert "Enter opens it again, q gives up" in err


def test_who_gives_up_keeps_the_text(
    kept: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    editor = "sed -i 's/mtu: 1500/mtu: many/'"
    assert "mtu: many" in kept(editor, InputError("wrong"), is_at_terminal=True)
    assert "the edited text is kept in " in capsys.readouterr().err


def test_keys_have_marks_that_may_stay() -> None:
    text = "nodes:\n  r1: {asn: 1, bgp: {password: hush}}\n  r2: {asn: 2}\nlinks: [r1 -- r2]\n"
    lab = load(Path("x.yaml"), text=text).lab
    shown = LabText(lab)
    assert "hush" not in shown.text
    assert "password: <secret 1>" in shown.text
    assert shown.read(shown.text) == lab
    with pytest.raises(InputError, match="`<secret 7>` stands for a secret that is not shown"):
        shown.read(shown.text.replace("secret 1", "secret 7"))
