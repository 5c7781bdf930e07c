"""Golden cases: a folder with a file and what is said of it. `NLAN_UPDATE_CASES=1` writes that anew."""

import os
from pathlib import Path

import pytest

from nlan.errors import InputError
from nlan.model import from_json, to_json
from nlan.schema import Allocations, load, to_yaml

CASES = Path(__file__).parents[2] / "cases"
INPUT = Path("input.yaml")


def cases(area: str) -> list[Path]:
    return sorted(folder for folder in (CASES / area).iterdir() if (folder / INPUT).exists())


def compare(expected: Path, text: str) -> None:
    if os.environ.get("NLAN_UPDATE_CASES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def said_of(path: Path) -> str:
    """Return every problem as nlan prints it; a file that loads has only warnings."""
    try:
        problems = load(path).warnings
    except InputError as error:
        problems = error.problems
    return "".join(f"{problem}\n" for problem in problems)


@pytest.mark.parametrize("case", cases("errors"), ids=lambda case: case.name)
def test_every_problem_is_said(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    said = said_of(INPUT)
    assert said, "a case of the area `errors` has at least one problem"
    compare(case / "expected.txt", said)


@pytest.mark.parametrize("case", cases("schema"), ids=lambda case: case.name)
def test_lab_is_resolved(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    recorded = case / "allocations.json"
    before = from_json(recorded.read_bytes(), Allocations) if recorded.exists() else Allocations()
    loaded = load(INPUT, allocations=before)
    compare(case / "expected.yaml", to_yaml(loaded.lab, secrets=True))
    again = load(INPUT, allocations=from_json(to_json(loaded.allocations), Allocations))
    assert to_json(again.lab) == to_json(loaded.lab)
    assert again.allocations == loaded.allocations
