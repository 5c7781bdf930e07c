"""Verbs of other people's packages: in the help, run, completed; their own table is left alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlan.api.doctor.parts import parts
from nlan.cli.complete import candidates
from nlan.cli.main import main
from nlan.cli.verbs import VERBS, seam
from nlan.registry import Part, Registry

GREETING = """
from nlan.cli.options import Option
from nlan.cli.verbs import Verb

def run(arguments):
    print(f"hello {arguments.whom}")
    return 3

VERB = Verb("greet", "say hello", (Option(("whom",), {"choices": ("you", "them")}),), run=run)
LATE = Verb("up", "be somebody else", run=run)
HALF = object()
"""


@pytest.fixture
def _greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody's package, as an installer puts it there: with three verbs, of which one can be used."""
    (tmp_path / "greeting.py").write_text(GREETING)
    metadata = tmp_path / "greeting-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    points = "[nlan.verbs]\ngreet = greeting:VERB\nup = greeting:LATE\nhalf = greeting:HALF\n"
    (metadata / "entry_points.txt").write_text(points + "[nlan.nowhere]\nx = greeting:VERB\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("greeting", None)


@pytest.mark.usefixtures("_greeting")
def test_it_stands_in_the_help_behind_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    listed = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("    ")]
    assert listed[-1] == ["greet", "say hello"]
    assert [words[0] for words in listed].count("up") == 1


@pytest.mark.usefixtures("_greeting")
def test_it_runs_and_says_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["greet", "you"]) == 3
    assert capsys.readouterr().out == "hello you\n"
    assert main(["greet", "nobody"]) == 1
    assert "invalid choice: 'nobody'" in capsys.readouterr().err


@pytest.mark.usefixtures("_greeting")
def test_it_is_completed() -> None:
    assert candidates(["gr"]) == [("greet", "say hello")]
    assert [word for word, _ in candidates(["greet", ""])] == ["you", "them"]


@pytest.mark.usefixtures("_greeting")
def test_what_cannot_be_used_is_named_with_the_reason() -> None:
    found = parts(Registry(), [seam()])
    assert [str(part) for part in found.broken] == [
        "verbs half of greeting 1.0: it lacks name, summary, options, description, run",
        "verbs up of greeting 1.0: nlan has one of that name",
        "nowhere x of greeting 1.0: nlan has no seam that is called nowhere",
    ]
    assert Part("verbs", "greet", "greeting 1.0", "greeting:VERB") in found.usable


def test_every_own_verb_has_its_module() -> None:
    own = [part.name for part in parts(Registry(()), [seam()]).usable if part.seam == "verbs"]
    assert own == sorted(verb.name for verb in VERBS)


def test_where_nothing_adds_a_verb_nothing_more_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "nlan.registry")
    assert main(["--help"]) == 0
    assert "nlan.registry" not in sys.modules


def test_ours_is_not_looked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> bool:
        raise AssertionError("looked")

    monkeypatch.setattr("nlan.entry_points.are_there", never)
    assert main(["generate", "ring", "3"]) == 0
    assert main(["nothing"]) == 1
