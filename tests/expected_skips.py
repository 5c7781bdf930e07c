"""`--expected-skips FILE`: a test that is skipped for a reason that the file does not name fails the run.

The file has a regular expression a line, for the whole reason; `#` begins a comment.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--expected-skips", metavar="FILE", help="fail on a skip for another reason")


def pytest_sessionfinish(session: pytest.Session) -> None:
    given = session.config.getoption("--expected-skips")
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if given is None or reporter is None:
        return
    expected = read(Path(given))
    skips = {(report.nodeid, reason(report)) for report in reporter.stats.get("skipped", ())}
    unexpected = sorted(skip for skip in skips if not any(one.fullmatch(skip[1]) for one in expected))
    if unexpected:
        reporter.write_sep("=", f"skipped for reasons that {given} does not name", red=True)
        for nodeid, why in unexpected:
            reporter.write_line(f"{nodeid}: {why}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def read(path: Path) -> list[re.Pattern[str]]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


def reason(report: Any) -> str:
    """Return why a test was skipped, as the summary has it."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(text).removeprefix("Skipped: ")
