"""What is said in several places of the repository is said alike."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))
PROJECTS = (ROOT / "pyproject.toml", ROOT / "packages/tega/pyproject.toml")


def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    return found


def project(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(path.read_text())["project"]
    return found


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_its_state_and_its_day(path: Path) -> None:
    title, blank, status, date, *_ = path.read_text().split("\n")
    assert (title[:2], blank) == ("# ", "")
    assert re.fullmatch(r"Status: (accepted|superseded by \S+\.md)", status)
    assert re.fullmatch(r"Date: 20\d\d-\d\d-\d\d", date)


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_each_python_that_is_promised_is_tested(path: Path) -> None:
    words = " ".join(project(path)["classifiers"])
    promised = re.findall(r"Python :: (3\.\d+)", words)
    assert promised == workflow()["jobs"]["unit"]["strategy"]["matrix"]["python"]
    assert project(path)["requires-python"] == f">={promised[0]}"
    run = (ROOT / ".ci/run").read_text()
    assert f"for version in {' '.join(promised)};" in run


def test_what_workflows_run_is_there() -> None:
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    programs = re.findall(
        r"(?:^|\s)((?:\./|scripts/|\.ci/)[\w/-]+)", " ".join(s.get("run", "") for s in steps)
    )
    assert len(programs) > 5
    assert [name for name in programs if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/tests.yml"])
def test_the_file_of_expected_skips_is_not_taken_for_the_tests(path: str) -> None:
    # A word of its own is a path to pytest until tests/conftest.py is read, which then is not.
    words = re.findall(r"--expected-skips(.)", (ROOT / path).read_text())
    assert len(words) > 1
    assert set(words) == {"="}


def test_each_reason_to_skip_is_an_expression_of_its_own() -> None:
    lines = (ROOT / ".ci/expected-skips").read_text().splitlines()
    reasons = [line for line in lines if line and not line.startswith("#")]
    assert len(set(reasons)) == len(reasons) > 10
    for one in reasons:
        re.compile(one)
    assert not any(re.fullmatch(one, "the file is not beside this repository") for one in reasons)
