"""The way from a file to a lab: text, template, tree, names, records, lab, checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nlan.errors import Problem
from nlan.model import Lab
from nlan.schema.checking.verify import verify
from nlan.schema.resolving.allocate import Allocations, Allocator
from nlan.schema.resolving.build import build_lab
from nlan.schema.resolving.contributors import Contributor, installed, vocabulary
from nlan.schema.resolving.drafts import Positions
from nlan.schema.resolving.names import (
    Underlay,
    allocate_underlay,
    breadth,
    entries_of,
    is_short,
    node_trees,
)
from nlan.schema.resolving.settings import Settings
from nlan.schema.syntax import template
from nlan.schema.syntax.foreign import is_foreign_text, is_foreign_tree
from nlan.schema.syntax.ranges import expand_names
from nlan.schema.syntax.report import Position, Report, Written, nearest
from nlan.schema.syntax.source import check_text, read_source
from nlan.schema.syntax.tree import Map, Scalar, Tree, missing_blank, parse_tree
from nlan.schema.written import table
from nlan.schema.written.common import NAME
from nlan.schema.written.kinds import Reader, shape
from nlan.schema.written.sections import Record, Vocabulary
from nlan.values import NAME_MAX, is_name

if TYPE_CHECKING:
    from nlan.schema.syntax.importing import Importers, Told

PROBLEMS_MAX = 1000
"""Errors of one file; nobody reads more, and each may ask for the likely meant word."""


class Loaded(NamedTuple):
    """What `load` returns.

    Attributes:
        lab: The resolved lab.
        allocations: What is allocated now; hand it in at the next load.
        warnings: What is doubtful and harms nothing, in file order.
        source: The file's text as it was read.
        lines: The line that each node begins at, and each of its interfaces, as ``NODE.INTERFACE``.
        raw: Where the lines of each node's raw configuration stand: the file, and its line of each.
    """

    lab: Lab
    allocations: Allocations
    warnings: tuple[Problem, ...]
    source: str
    lines: dict[str, int]
    raw: dict[str, tuple[str, tuple[int, ...]]] = {}  # noqa: RUF012 - a tuple's default, never changed


Remembered = Allocations | Callable[[str], Allocations] | None
"""What earlier loads allocated; a function is asked with the lab's name, once that is known."""


def load(
    path: Path,
    *,
    lab: str | None = None,
    allocations: Remembered = None,
    text: str | None = None,
    importers: Importers | None = None,
    told: Told | None = None,
    services: Sequence[Contributor] | None = None,
) -> Loaded:
    """Read the file at `path` and return the lab that it describes.

    What is no lab's file is read by the importer that recognises it; so is a folder.

    Args:
        path: The file; problems name it so, and files that it names are relative to its folder.
        lab: The lab's name, instead of the file's.
        allocations: What earlier loads allocated (see `Remembered`); names keep what they have.
        text: The file's text, where it need not be read.
        importers: Who reads files of other tools; those that are installed, where none are given.
        told: What the user tells such a reader besides, by option.
        services: What nodes may hold, with its keys; those that are installed, where none are given.

    Raises:
        InputError: With every problem of the file, by line.
    """
    report = Report(str(path), PROBLEMS_MAX)
    services = installed() if services is None else services
    words = vocabulary(services)
    others = _Others(importers, told or {})
    if text is None and path.is_dir():
        imported = _import(path, "", report, others)
        tree, marked, source, report = imported or _read_file(path, report, words, others)
    elif text is None:
        tree, marked, source, report = _read_file(path, report, words, others)
    else:
        tree, marked, source, report = _read(path, check_text(text, report), report, words, _Others({}))
    for option in others.told if marked else ():
        report.error(Position(f"--{option}"), "this is a lab's own file, which needs none; leave it out")
    kept = _remembered(allocations, tree, lab, path)
    while True:
        work = _Load(tree, report.copy(), kept, words)
        resolved = work.lab(lab, path, marked, services)
        if (spared := work.allocator.without_gone()) is None:
            break
        kept = spared
    work.report.stop_if_failed()
    starts = {name: trees[0][0].line for name, trees in work.nodes.items()}
    starts |= work.positions.interfaces()
    own = report.source_file(0)
    lines = {n: report.source_line(at) for n, at in starts.items() if report.source_file(at) == own}
    raw = dict(_raw_lines(resolved, work.positions, marked, report))
    return Loaded(resolved, work.allocator.recorded(), work.report.problems(), source, lines, raw)


_BLOCK = re.compile(r"[|>][-+0-9]*\s*(#.*)?$")


def _raw_lines(
    lab: Lab, positions: Positions, text: str, report: Report
) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    """Yield each node with raw lines, and where those stand: a file, and its line of each."""
    source = text.split("\n")
    for node in lab.nodes:
        key, lines = next((one for service in node.services for one in service.texts()), ("", ""))
        if not key:
            continue
        at, count = positions.find("node", node.name, key, "text"), lines.count("\n") + 1
        if at.path:
            yield node.name, (at.path, tuple(range(1, count + 1)))
        elif not text:  # imported: the lines stand there as they are
            numbers = range(at.line, at.line + count)
            yield node.name, (report.source_file(at.line), tuple(map(report.source_line, numbers)))
        elif 0 < at.line <= len(source):
            first = at.line + bool(_BLOCK.search(source[at.line - 1]))
            yield node.name, (report.file, tuple(map(report.source_line, range(first, first + count))))


class _Read(NamedTuple):
    """A file as it was read.

    Attributes:
        tree: What it says.
        marked: Its text with the names of nodes marked; empty for what was imported.
        source: Its text; for what was imported, what a lab's file would say.
        report: Knows where its lines are.
    """

    tree: Map
    marked: str
    source: str
    report: Report


class _Others(NamedTuple):
    """Who reads files of other tools, and what they are told."""

    importers: Importers | None = None
    told: Told = {}  # noqa: RUF012 - a tuple's default, never changed


def _read_file(path: Path, report: Report, words: Vocabulary, others: _Others) -> _Read:
    return _read(path, read_source(path, report), report, words, others)


def _import(path: Path, text: str, report: Report, others: _Others) -> _Read | None:
    from nlan.schema.syntax.emit import to_text
    from nlan.schema.syntax.importing import import_lab

    imported = import_lab(path, text, report, others.importers, others.told)
    return imported and _Read(imported[0], "", to_text(imported[0]), imported[1])


def _read(path: Path, source: str | None, report: Report, words: Vocabulary, others: _Others) -> _Read:
    """Read a text.

    Raises:
        InputError: It is no text, no mapping, or another tool's file that nobody imports.
    """
    report.stop_if_failed()
    source = source or ""
    attempt, foreign = report.copy(), report.copy()
    marked = template.mark_names(source, attempt)
    if marked and marked[1]:
        attempt.map_lines(marked[1])
    tree = parse_tree(marked[0], attempt) if marked else None
    if tree is not None:
        is_foreign_tree(tree, foreign)
    if not isinstance(tree, Map):
        is_foreign_text(source, foreign, words.foreign)
    if foreign.failed or not isinstance(tree, Map):
        imported = _import(path, source, report, others)
        if imported is not None:
            return imported
    foreign.stop_if_failed()
    if tree is not None and not isinstance(tree, Map):
        hint = missing_blank(tree.text, tree.line) if isinstance(tree, Scalar) else ""
        message = f"expected a mapping, got {shape(tree)}"
        attempt.error(Position("", tree.line, tree.column), message, hint)
    if marked is None or not isinstance(tree, Map):
        attempt.stop_if_failed()
        raise AssertionError("a file without a tree has a problem")  # pragma: no cover
    return _Read(tree, marked[0], source, attempt)


def _remembered(allocations: Remembered, tree: Map, name: str | None, path: Path) -> Allocations:
    """Return what earlier loads allocated for the lab of that name; nothing for what can be no lab's."""
    if not callable(allocations):
        return allocations or Allocations()
    written = tree.find("name", "Name")
    own = written.text if isinstance(written, Scalar) else ""
    called = name or own or valid_name(path.name.split(".")[0])
    return allocations(called) if is_name(called) else Allocations()


class _Load:
    """One load: the tree, where problems go, what is allocated."""

    def __init__(self, tree: Map, report: Report, kept: Allocations, vocabulary: Vocabulary) -> None:
        self.tree, self.report, self.allocator = tree, report, Allocator(kept, report)
        self.vocabulary = vocabulary
        self.short = is_short(tree, vocabulary)
        self.nodes = node_trees(tree, self.short, vocabulary, report)
        self.positions = Positions()
        self.misnamed: set[str] = set()

    def lab(self, name: str | None, path: Path, text: str, services: Sequence[Contributor]) -> Lab:
        """Return the resolved and checked lab; after errors it may lack parts."""
        underlay = self._underlay(text, services)
        find = underlay.find if underlay else lambda name: None
        reader = Reader(self.report, find, self.vocabulary, self.nodes)
        written, records = self._records(reader)
        if not self.nodes and not self.report.failed:
            self.report.error(written.position(table.ShortKeys.nodes), "the lab has no nodes")
        settings = Settings(written, self.report, self.allocator, path, self.misnamed)
        self.positions = settings.positions
        lab = build_lab(self._name(name, written, path), settings, records, underlay, services)
        verify(lab, settings.positions, self.report, services)
        return lab

    def _underlay(self, text: str, services: Sequence[Contributor]) -> Underlay | None:
        asked = (service.needs_underlay(self.tree, self.nodes) for service in services)
        if self.short and not template.names_nodes(text) and not any(asked):
            return None
        return allocate_underlay(self.tree, self.nodes, self.allocator, self.vocabulary, self.report)

    def _name(self, name: str | None, written: Record, path: Path) -> str:
        if name is not None:
            try:
                return str(NAME.parse(name, True))
            except ValueError as error:
                self.report.error(Position("--lab"), str(error))
        return str(name or written.get(table.LabKeys.name) or valid_name(path.name.split(".")[0]))

    def _records(self, reader: Reader) -> tuple[Record, dict[str, Record]]:
        if self.short:
            written = table.LAB.read(self.tree, Position(), reader)
            return written or Record(Position()), self._short_nodes(written, reader) if written else {}
        full = self.vocabulary.spellings(table.FULL)
        own = tuple(entry for entry in self.tree.entries if entry[0].text in full)
        written = table.FULL.read(self.tree._replace(entries=own), Position(), reader)
        for key, _ in entries_of(self.tree, self.short, self.vocabulary):
            expand_names(key.text, Position(template.spelled(key.text), key.line, key.column), self.report)
        records = {}
        for name, trees in self.nodes.items():
            self._once(name, trees)
            found = [self._node(name, key, value, reader) for key, value in sorted(trees, key=breadth)]
            at = Position(template.spelled(name), trees[0][0].line, trees[0][0].column)
            if not any(found) or not self._is_name(name, at):
                continue
            records[name] = Record(at)
            for record in found:
                records[name] = record.over(records[name]) if record else records[name]
        return written or Record(Position()), records

    def _node(self, name: str, key: Scalar, value: Tree | None, reader: Reader) -> Record | None:
        at = Position(template.spelled(name), key.line, key.column)
        if isinstance(value, Scalar) and not value.is_null:
            hint = nearest(name, self.vocabulary.spellings(table.FULL))
            self.report.error(at, f"expected {table.NODE.wanted}, got {shape(value)}", hint)
            return None
        return table.NODE.read(value or key, at, reader)

    def _short_nodes(self, written: Record, reader: Reader) -> dict[str, Record]:
        spoken = dict(self._spoken(written.get(table.ShortKeys.nodes, [])))
        defaults = written.get(table.ShortKeys.defaults)
        records: dict[str, Record] = {}
        for name, trees in self.nodes.items():
            at = Position(f"nodes.{template.spelled(name)}", trees[0][0].line, trees[0][0].column)
            found = [
                spoken[where]
                for key, _ in sorted(trees, key=breadth)
                if (where := (key.text, key.line, key.column)) in spoken
            ]
            record = Record(found[0].at if found else at)
            self._once(name, trees)
            if not self._is_name(name, at):
                continue
            for other in found:
                record = other.over(record)
            records[name] = record.over(defaults) if defaults else record
        return records

    def _is_name(self, name: str, at: Position) -> bool:
        try:
            NAME.parse(name, True)
        except ValueError:
            message = f"`{template.spelled(name)}` cannot be a node's name: {NAME.rule}"
            self.report.error(at, message)
            self.misnamed.add(name)
            return False
        return True

    def _once(self, name: str, trees: list[tuple[Scalar, Tree | None]]) -> None:
        keys = [key for key, _ in trees if "[" not in key.text]
        if len(keys) < 2 or (self.short and self.tree.find("nodes", "Nodes") is None):
            return
        where = Position(f"nodes.{name}" if self.short else name, keys[1].line, keys[1].column)
        first = self.report.source_line(keys[0].line)
        self.report.error(where, f"the node `{name}` is defined twice; the first is in line {first}")

    def _spoken(self, nodes: table.Nodes) -> Iterator[tuple[tuple[str, int, int], Record]]:
        """Yield ((key's text, its line, its column), record) of everything below `nodes`."""
        entry: Written[str] | Written[str | table.NamedNodes] | tuple[Written[str], Record]
        for entry in nodes:
            if not isinstance(entry, Written):
                name, record = entry
                expand_names(name.value, name.at, self.report)
                yield (name.value, name.at.line, name.at.column), record
            elif isinstance(entry.value, list):
                yield from self._spoken(entry.value)
            else:
                expand_names(entry.value, entry.at, self.report)
                yield (entry.value, entry.at.line, entry.at.column), Record(entry.at)


def valid_name(text: str) -> str:
    """Return a lab name made from `text`: what no name may hold becomes a dash."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:NAME_MAX].strip("-_")
    return name or "lab"
