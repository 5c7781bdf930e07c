"""Where things stand in a file, and what is wrong there: problems are gathered, none stops the reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from nlan.errors import InputError, Problem
from nlan.secrets import hide

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Position(NamedTuple):
    """A path such as ``pe1.Ptn.wan.L2Vpn[0].Vni`` with its one-based line and column (0 when unknown)."""

    path: str = ""
    line: int = 0
    column: int = 0

    def key(self, name: str, line: int, column: int) -> Position:
        """Return the position of the mapping's entry `name`."""
        return Position(f"{self.path}.{name}" if self.path else name, line, column)

    def item(self, index: int, line: int, column: int) -> Position:
        """Return the position of the list's item `index`, counted from zero."""
        return Position(f"{self.path}[{index}]", line, column)


_TAG = re.compile(r"(\$\{.*?\}|\{%.*?%\}|\{#.*?#\})")


class Places(Protocol):
    """Where the lines of a text that is read came from."""

    def line(self, line: int) -> int:
        """Return the line of the source."""

    def column(self, line: int, column: int) -> int:
        """Return the column of the source, 0 where it cannot be told."""

    def file(self, line: int) -> str:
        """Return the source; empty for the file that is read."""


class Origin(NamedTuple):
    """Where the lines of a rendered text came from."""

    numbers: Sequence[int]
    rendered: Sequence[str]
    source: Sequence[str]

    def line(self, line: int) -> int:
        """Return the source's line of a rendered one."""
        return self.numbers[min(line, len(self.numbers)) - 1]

    def file(self, line: int) -> str:
        """Return the file of a rendered line: always the one that is read."""
        return ""

    def column(self, line: int, column: int) -> int:
        """Return the source's column; that of the tag for what a tag became, 0 where it cannot be told."""
        rendered = self.rendered[min(line, len(self.rendered)) - 1]
        source = self.source[min(self.line(line), len(self.source)) - 1]
        at = before = tag = 0
        for index, part in enumerate(_TAG.split(source)):  # text and tags by turns
            if index % 2:
                tag = before + 1
            else:
                found = rendered.find(part, at)
                if found < 0 or (index == 0 and found > 0):
                    return 0
                if column <= found:
                    return tag
                if column <= found + len(part):
                    return before + column - found
                at = found + len(part)
            before += len(part)
        return 0


class Written(NamedTuple, Generic[T_co]):
    """A value as the user wrote it, and where."""

    value: T_co
    at: Position


def values(written: Iterable[Written[T]] | None) -> tuple[T, ...]:
    """Return the bare values of a list that was read."""
    return tuple(item.value for item in written or ())


LONGEST = 600
"""Characters of one message; what stands in a file may be a page."""


class Report:
    """Gathers the problems of one file."""

    def __init__(self, file: str, most: int = 0) -> None:
        """Take the file as the user named it, and how many errors end the reading (0: all are gathered)."""
        self.file, self._left = file, most or -1
        self._problems: dict[Problem, None] = {}
        self._origin: Places | None = None

    def error(self, at: Position, message: str, hint: str = "") -> None:
        """Record what stops the file from being used."""
        self._add(at, message, hint, "error")

    def warning(self, at: Position, message: str, hint: str = "") -> None:
        """Record what is rarely meant and harms nothing."""
        self._add(at, message, hint, "warning")

    def _add(self, at: Position, message: str, hint: str, severity: Literal["error", "warning"]) -> None:
        message = _one_line(hide(message))
        problem = Problem(_one_line(at.path), message, self.file, at.line, at.column, hint, severity)
        if severity == "error" and problem not in self._problems:
            self._left -= 1
        self._problems[problem] = None
        if self._left == 0:
            errors = sum(problem.severity == "error" for problem in self._problems)
            end = Problem("", f"the reading ends here, at {errors} errors", self.file)
            raise InputError((*self.problems(), end))

    def copy(self) -> Report:
        """Return another report that has gathered the same so far."""
        other = Report(self.file)
        other._problems, other._left, other._origin = dict(self._problems), self._left, self._origin
        return other

    def map_lines(self, origin: Places) -> None:
        """Tell where in the source each line of the text that is read came from."""
        self._origin = origin

    def _positioned(self, problem: Problem) -> Problem:
        if self._origin is None or not problem.line:
            return problem
        column = self._origin.column(problem.line, problem.column)
        file = self.source_file(problem.line)
        return problem._replace(file=file, line=self.source_line(problem.line), column=column)

    def source_line(self, line: int) -> int:
        """Return the source's line that a line of the rendered text came from."""
        return self._origin.line(line) if self._origin and line else line

    def source_file(self, line: int) -> str:
        """Return the file that a line of the rendered text came from."""
        return (self._origin.file(line) if self._origin and line else "") or self.file

    @property
    def failed(self) -> bool:
        """Whether an error was recorded."""
        return any(problem.severity == "error" for problem in self._problems)

    def problems(self) -> tuple[Problem, ...]:
        """Return all that was recorded, by line and column; what stands in other files comes last."""
        placed = dict.fromkeys(self._positioned(problem) for problem in self._problems)
        return tuple(sorted(placed, key=lambda p: (p.file != self.file, p.file, p.line, p.column)))

    def stop_if_failed(self) -> None:
        """Raise what was recorded, warnings too, when an error is among it.

        Raises:
            InputError: With every problem, in file order.
        """
        if self.failed:
            raise InputError(self.problems())


class Muted(Report):
    """Keeps nothing: for what is read once more in full, and reported then."""

    def __init__(self) -> None:
        """Start empty, and stay so."""
        super().__init__("")

    def _add(self, at: Position, message: str, hint: str, severity: Literal["error", "warning"]) -> None:
        """Drop it."""


def _one_line(text: str) -> str:
    """Return the text with what is no print spelled out, and its middle left out where it is long."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 3 :]}"
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ``did you mean `X`?`` for the word most like `word`, or nothing where none is alike."""
    import difflib

    known = list(words)
    folded = {_fold(name): name for name in reversed(known)}
    close = difflib.get_close_matches(_fold(word), list(folded), n=1, cutoff=0.65)
    return f"did you mean `{folded[close[0]]}`?" if close else ""


def _fold(word: str) -> str:
    return word.replace("_", "").lower()


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return the words as an enumeration: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
