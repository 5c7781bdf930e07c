"""Loops and conditions: the file is rendered by Jinja2 in a sandbox, in a bounded process of its own.

Every source line carries its number through the rendering, so that problems still name the
author's line.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nlan.schema.syntax.report import Origin, Position, Report
from nlan.schema.syntax.source import SIZE_MAX
from nlan.schema.syntax.template import spelled

SECONDS = 5.0
"""How long a template may run."""
LINE_OPEN, LINE_CLOSE = "\ue003", "\ue004"

_MARK = re.compile(f"{LINE_OPEN}([0-9]{{1,9}}){LINE_CLOSE}")
_TOKENS = re.compile(r"\{%|%\}|\$\{|\}|\{#|#\}")
_CLOSES = {"{%": "%}", "${": "}", "{#": "#}"}


def render(text: str, report: Report) -> tuple[str, Origin] | None:
    """Return the rendered text and where its lines come from, or None after saying why."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the pipe and Jinja2 do
    command = [sys.executable, "-I", str(Path(__file__).with_name("render.py")), str(SIZE_MAX)]
    try:
        done = subprocess.run(
            command,
            input=_numbered(text),
            capture_output=True,
            timeout=SECONDS,
            encoding="utf-8",
            check=False,
        )
    except subprocess.TimeoutExpired:
        report.error(Position(), f"the template ran longer than {SECONDS:.0f} seconds")
        return None
    if done.returncode == 0:
        return _unnumbered(done.stdout, text.split("\n"))
    _failed(done.returncode, done.stdout, report)
    return None


def _failed(code: int, output: str, report: Report) -> None:
    line, _, message = output.partition(":")
    if code != 1 or not line.isdecimal():
        report.error(Position(), "the template takes more memory or time than a file may")
        return
    hint = "a node whose name is no plain word is `${node('NAME')}`" if "is undefined" in message else ""
    report.error(Position("", int(line)), f"the template fails: {message.strip()}", hint)


def _numbered(text: str) -> str:
    """Append each line's number, except inside of tags and where a line holds only tags."""
    lines, inside = [], ""
    for number, line in enumerate(text.split("\n"), 1):
        inside = _open_after(line, inside)
        only = re.fullmatch(r"\s*(\{%.*%\}|\{#.*#\})\s*", line) and not re.search(r"%\}.*\S.*\{%", line)
        lines.append(line if inside or only else f"{line}{LINE_OPEN}{number}{LINE_CLOSE}")
    return "\n".join(lines)


def _open_after(line: str, inside: str) -> str:
    for match in _TOKENS.finditer(line):
        if not inside and match[0] in _CLOSES:
            inside = _CLOSES[match[0]]
        elif match[0] == inside:
            inside = ""
    return inside


def _unnumbered(text: str, source: list[str]) -> tuple[str, Origin]:
    lines: list[str] = []
    numbers: list[int] = []
    last = 1
    for line in text.split("\n"):
        match = _MARK.search(line)
        last = int(match[1]) if match else last
        numbers.append(last)
        lines.append(_MARK.sub("", line))
    return "\n".join(lines), Origin(numbers, [spelled(line) for line in lines], source)
