"""Warnings that say the same of many: one for all, with a count."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nlan.schema.syntax.report import Position, Report

_WORD = re.compile(r"[\w.:/-]+")


class Folding:
    """Takes warnings, and hands them on at the end: of those alike on a line, the first and their count.

    Alike are those that differ in nodes' names, addresses and numbers alone.
    """

    def __init__(self, report: Report, names: Iterable[str]) -> None:
        """Take the report that they are for, and the names of the nodes."""
        self._report, self._names = report, frozenset(names)
        self._found: dict[tuple[int, str], dict[tuple[Position, str, str], None]] = {}

    def warning(self, at: Position, message: str, hint: str = "") -> None:
        """Take one, as `Report.warning`; one that was taken already counts once."""
        alike = self._found.setdefault((at.line, _WORD.sub(self._plain, message)), {})
        alike[at, message, hint] = None

    def _plain(self, match: re.Match[str]) -> str:
        word = match[0]
        return "#" if word in self._names or any(sign.isdecimal() for sign in word) else word

    def close(self) -> None:
        """Hand on what was taken."""
        for (at, message, hint), *others in self._found.values():
            more = f" (and {len(others)} more like it)" if others else ""
            self._report.warning(at, message + more, hint)
