"""Files of other tools: read into the tree that a lab's file would be, each part with its place in them.

What an importer makes of a file goes the way of every lab from there on: the same names, checks and
problems. Trees know lines, not files; so the lines of all files that an importer reads are numbered one
after the other, and `Sources` tells of each number which file and line it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from nlan.registry import Registry, Seam
from nlan.schema.syntax.parts import read_part
from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.source import read_source
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree, moved, parse_tree

Told = Mapping[str, str]
"""What a user tells an importer, by option, such as ``{"roster": "roster.yaml"}``."""


class SourceFile:
    """One file that an importer reads: its text, and trees and problems that say where in it they stand.

    Lines and columns count from one, as an editor shows them.
    """

    def __init__(self, text: str, before: int, report: Report) -> None:
        """Take its text, and how many lines other files have before it."""
        self.text, self._before, self._report = text, before, report

    def lines(self) -> list[tuple[int, str]]:
        """Return the lines with their numbers."""
        return list(enumerate(self.text.splitlines(), 1))

    def word(self, text: str, line: int, column: int = 1) -> Scalar:
        """Return what YAML has without quotes: a name, a number, an address, true."""
        return Scalar(text, True, line + self._before, column)

    def text_of(self, text: str, line: int, column: int = 1) -> Scalar:
        """Return what is text whatever it looks like; one of several lines begins at that line."""
        return Scalar(text, False, line + self._before, column)

    def sequence(self, items: Iterable[Tree], line: int, column: int = 1) -> Seq:
        """Return a list that begins there."""
        return Seq(tuple(items), line + self._before, column)

    def mapping(self, entries: Iterable[tuple[Scalar, Tree]], line: int, column: int = 1) -> Map:
        """Return a mapping that begins there; no two keys are alike."""
        return Map(tuple(entries), line + self._before, column)

    def yaml(self) -> Tree | None:
        """Return the file's text as YAML, each part with its place; None after saying why it is none."""
        own = Report("")
        tree = parse_tree(self.text, own)
        for problem in own.problems():
            self.error(problem.line, problem.column, problem.message, problem.hint)
        return None if tree is None or own.failed else moved(tree, self._before)

    def error(self, line: int, column: int, message: str, hint: str = "") -> None:
        """Say what stops the file from becoming a lab."""
        self._report.error(Position("", line + self._before, column), message, hint)

    def warning(self, line: int, column: int, message: str, hint: str = "") -> None:
        """Say what is left out, and does no harm."""
        self._report.warning(Position("", line + self._before, column), message, hint)


class Sources:
    """The files that one import reads; a `nlan.schema.syntax.report.Places`."""

    def __init__(self, path: Path, report: Report, told: Told) -> None:
        """Read for the file or folder at `path`; problems of all files go to the report.

        The user tells an importer of more than that by options, such as which file is a roster.
        """
        self.path, self.told, self._report = path, told, report
        self._firsts: list[int] = []
        self._names: list[str] = []
        self._count = 0

    def add(self, name: str, text: str) -> SourceFile:
        """Return a file that was read already, which problems call `name`."""
        before = self._count
        self._firsts.append(before + 1)
        self._names.append(name)
        self._count += text.count("\n") + 1
        return SourceFile(text, before, self._report)

    def read(self, name: str) -> SourceFile | None:
        """Read a file of the folder (or, of a file, beside it); None after saying that it cannot be read.

        Nothing is read that the caller, or the folder's owner, may not read.
        """
        lab = self.path / "-" if self.path.is_dir() else self.path
        called = str(lab.parent / name)
        own = Report(called)
        text = read_part(name, lab, own)
        problems = own.problems()
        file = self.add(called, text or "\n" * max((problem.line for problem in problems), default=0))
        for problem in problems:
            file.error(problem.line, problem.column, problem.message, problem.hint)
        return file if text is not None else None

    def read_named(self, path: str) -> SourceFile | None:
        """Read a file that the user named, as they do the lab's; None after saying that it cannot be read."""
        own = Report(path)
        text = read_source(Path(path), own)
        file = self.add(path, text or "")
        for problem in own.problems():
            file.error(max(problem.line, 1), problem.column, problem.message, problem.hint)
        return file if text is not None else None

    def error(self, at: Tree, message: str, hint: str = "") -> None:
        """Say what stops the files from becoming a lab, where a part of them is to blame."""
        self._report.error(Position("", at.line, at.column), message, hint)

    def warning(self, at: Tree, message: str, hint: str = "") -> None:
        """Say what is left out, and does no harm."""
        self._report.warning(Position("", at.line, at.column), message, hint)

    def line(self, line: int) -> int:
        """Return the line in its own file."""
        index = bisect_right(self._firsts, line) - 1
        return line - self._firsts[index] + 1 if index >= 0 else line

    def column(self, line: int, column: int) -> int:
        """Return the column, which is the file's own."""
        return column

    def file(self, line: int) -> str:
        """Return the file that a line is in; empty where it is in none."""
        index = bisect_right(self._firsts, line) - 1
        return self._names[index] if index >= 0 else ""


class Importer(Protocol):
    """Reads files of another tool. It is asked only about what is no lab of nlan's.

    It never guesses: what it cannot say in a lab it says as an error or a warning, with its place.
    """

    def recognises(self, path: Path, text: str) -> bool:
        """Tell whether a file with that text, or a folder (text is empty), is of its tool. Must be cheap."""

    def read(self, source: SourceFile | None, sources: Sources) -> Map:
        """Return the mapping that a lab's file would be (either spelling), with the places of the sources.

        Args:
            source: The file; None of a folder.
            sources: Where other files are read by, and what `path` it is about.
        """


SEAM: Seam[Importer] = Seam("importers", "nlan.importers", "IMPORTER", needs=("recognises", "read"))

Importers = Mapping[str, Importer]


def import_lab(
    path: Path, text: str, report: Report, importers: Importers | None, told: Told
) -> tuple[Map, Report] | None:
    """Return the tree that an importer makes of a file or folder, and a report that knows its places.

    None where nobody recognises it. `importers` are those that are installed where none are given.

    Raises:
        InputError: It is recognised, and wrong.
    """
    known = Registry().of(SEAM) if importers is None else importers
    importer = next((one for one in known.values() if one.recognises(path, text)), None)
    if importer is None:
        return None
    placed = report.copy()
    sources = Sources(path, placed, told)
    placed.map_lines(sources)
    source = None if path.is_dir() else sources.add(str(path), text)
    tree = importer.read(source, sources)
    if not tree.entries:
        placed.stop_if_failed()
    return tree, placed
