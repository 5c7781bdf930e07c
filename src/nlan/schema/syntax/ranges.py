"""Ranges of names: `pe[1-4]`, `r[01-12]`, `x[1,3-5]`, `p[1-2]r[1-3]`."""

from __future__ import annotations

import re

from nlan.schema.syntax.report import Position, Report

NAMES_MAX = 100_000
"""Names that one range may stand for."""

_RANGE = re.compile(r"\[([0-9,\- ]*)\]")


def expand_range(text: str, at: Position, report: Report) -> list[str]:
    """Return the names that `text` stands for; what is no range is reported and left out."""
    if "[" not in text and "]" not in text:
        return [text]
    parts = _RANGE.split(text)
    if any("[" in part or "]" in part for part in parts[::2]):
        report.error(at, f"`{text}` is not a name or a range such as `pe[1-4]`")
        return []
    names = [parts[0]]
    for numbers, tail in zip(parts[1::2], parts[2::2], strict=True):
        words = _numbers(numbers, text, at, report)
        if words is None:
            return []
        if len(names) * len(words) > NAMES_MAX:
            return _many(text, at, report)
        names = [name + word + tail for name in names for word in words]
    return names


def _numbers(text: str, whole: str, at: Position, report: Report) -> list[str] | None:
    words: list[str] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?", part)
        if not match:
            report.error(at, f"`{whole}`: `[{text}]` is not a range such as `[1-4]` or `[1,3-5]`")
            return None
        low, high = match[1], match[2] or match[1]
        if int(high) < int(low):
            report.error(at, f"`{whole}`: the range `{low}-{high}` counts down")
            return None
        if int(high) - int(low) + len(words) >= NAMES_MAX:
            _many(whole, at, report)
            return None
        width = len(low) if low.startswith("0") else 0
        words += [str(number).zfill(width) for number in range(int(low), int(high) + 1)]
    return words


def _many(text: str, at: Position, report: Report) -> list[str]:
    report.error(at, f"`{text}` stands for more than {NAMES_MAX} names")
    return []


def split_names(text: str) -> list[str]:
    """Return the comma-separated parts of a text; commas inside of brackets do not count."""
    if "," not in text:
        return [text.strip()]
    parts, start, inside = [], 0, False
    for at, sign in enumerate(text):
        if sign in "[]":
            inside = sign == "["
        elif sign == "," and not inside:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, text[start:])]


def expand_names(text: str, at: Position, report: Report) -> list[str]:
    """Return the names of ``pe[1-4], rr``."""
    names: list[str] = []
    for part in split_names(text):
        names += expand_range(part, at, report)
        if len(names) > NAMES_MAX:
            return _many(text, at, report)
    return names
