"""A skip that nobody expects fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SKIPPED = """
import pytest

@pytest.mark.skipif(True, reason="the moon is not full (18 %)")
def test_by_night():
    pass

def test_by_day():
    pass
"""


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (r"the moon is not full \(\d+ %\)", 0),
        ("# the moon is not full (18 %)\n\nthe sun is not full", 1),
        ("the moon", 1),
    ],
    ids=["named", "in a comment", "a part of it"],
)
def test_reasons(tmp_path: Path, expected: str, code: int) -> None:
    (tmp_path / "test_one.py").write_text(SKIPPED)
    (tmp_path / "skips").write_text(expected)
    options = ["-q", "-p", "expected_skips", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--expected-skips", "skips", "test_one.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    shown = "test_one.py::test_by_night: the moon is not full (18 %)"
    assert (shown in done.stdout) == (code == 1)
