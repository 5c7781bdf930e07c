"""`${pe1}` stands for pe1's underlay address, `${pe1@pe2}` for that on the segment that it shares with pe2.

Loops and conditions are Jinja2's, in a sandbox.

Plain names need no template engine: the four signs around them are replaced by as many private
characters, so that YAML sees a word of the same length and every column stays exact. What is
more than that is rendered by a process of its own (`render.py`), bounded in time and memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nlan.schema.syntax.report import Origin, Report

OPEN, BRACE, CLOSE = "\ue000", "\ue001", "\ue002"
"""What stands for `$`, `{` and `}` of a plain name."""

_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PLAIN = re.compile(rf"\$\{{([ \t]*{_NAME}[ \t]*)\}}")
_ON_SEGMENT = re.compile(rf"\$\{{([ \t]*{_NAME}@{_NAME}(?:/[46])?[ \t]*)\}}")
_MARKED = re.compile(f"{OPEN}{BRACE}([^{CLOSE}]*){CLOSE}")


def mark_names(text: str, report: Report) -> tuple[str, Origin | None] | None:
    """Return the text with placeholders for names, and where its lines come from.

    That is None where they are the source's own. Returns None after recording why the
    template cannot be rendered.
    """
    text = mark_addresses(text)
    if "{%" in text or "${" in _PLAIN.sub("", _comments_off(text)):
        from nlan.schema.syntax.rendering import render

        return render(text, report)
    return _PLAIN.sub(rf"{OPEN}{BRACE}\1{CLOSE}", text), None


def mark_addresses(text: str) -> str:
    """Return the text with placeholders for `${r2@r3}`, which no template engine shall read."""
    return _ON_SEGMENT.sub(rf"{OPEN}{BRACE}\1{CLOSE}", text) if "${" in text else text


def names_nodes(text: str) -> bool:
    """Tell whether an underlay address is asked for: by a placeholder with nothing but a name."""
    return OPEN in text and any("@" not in match[1] for match in _MARKED.finditer(text))


def _comments_off(text: str) -> str:
    if "#" not in text:
        return text
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def fill_names(text: str, find: Callable[[str], str | None]) -> tuple[str | None, str]:
    """Return the text with every placeholder filled, or None and the one that `find` knows nothing for."""
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
