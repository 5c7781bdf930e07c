"""`${pe1}` stands for pe1's underlay address; loops and conditions are Jinja2's, in a sandbox.

Plain names need no template engine: the four signs around them are replaced by as many private
characters, so that YAML sees a word of the same length and every column stays exact. What is
more than that is rendered by a process of its own (`render.py`), bounded in time and memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nlan.schema.report import Origin, Place, Report

OPEN, BRACE, CLOSE = "\ue000", "\ue001", "\ue002"
"""What stands for `$`, `{` and `}` of a plain name."""

_PLAIN = re.compile(r"\$\{([ \t]*[A-Za-z0-9_][A-Za-z0-9_.-]*[ \t]*)\}")
_MARKED = re.compile(f"{OPEN}{BRACE}([^{CLOSE}]*){CLOSE}")


def mark_names(text: str, report: Report) -> tuple[str, Origin | None] | None:
    """Return the text with placeholders for names, and where its lines come from.

    That is None where they are the source's own. Returns None after recording why the
    template cannot be rendered.
    """
    if "{%" in text or "${" in _PLAIN.sub("", _comments_off(text)):
        from nlan.schema.rendering import render

        return render(text, report)
    if "${" not in text:
        return text, None
    return _PLAIN.sub(rf"{OPEN}{BRACE}\1{CLOSE}", text), None


def _comments_off(text: str) -> str:
    if "#" not in text:
        return text
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def fill_names(text: str, find: Callable[[str], str | None]) -> tuple[str | None, str]:
    """Return the text with every placeholder filled, or None and the name that nobody has."""
    if OPEN not in text:
        return text, ""
    unknown: list[str] = []

    def fill(match: re.Match[str]) -> str:
        value = find(match[1].strip())
        if value is None:
            unknown.append(match[1].strip())
        return value or ""

    filled = _MARKED.sub(fill, text)
    return (None, unknown[0]) if unknown else (filled, "")


def spelled(text: str) -> str:
    """Return the text as the user wrote it, placeholders turned back to `${name}`."""
    return text.replace(OPEN, "$").replace(BRACE, "{").replace(CLOSE, "}")


def at_line(line: int) -> Place:
    """Return the place of a whole line."""
    return Place("", line)
