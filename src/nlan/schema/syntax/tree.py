"""YAML to a tree of strings, lists and mappings that know their line and column.

The scanner is libyaml's where PyYAML has it. Scalars stay text: what a scalar means is for the
table to say (`nlan.schema.written.kinds`), so that `1e3` can be a name and `100` an AS number. Anchors,
aliases and merge keys work; what they expand to is bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nlan.schema.syntax.report import Position, Report
from nlan.schema.syntax.template import spelled

if TYPE_CHECKING:
    import yaml

NODES_MAX = 2_000_000
"""Scalars, lists and mappings that a file may hold, aliases expanded."""
DEPTH_MAX = 60
"""Lists and mappings inside each other."""

_TAGS = frozenset(
    ["!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))]
)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar(NamedTuple):
    """A scalar's text; `plain` when it is written without quotes."""

    text: str
    plain: bool
    line: int
    column: int

    @property
    def is_null(self) -> bool:
        """Whether nothing is written here (``key:`` or ``key: null``)."""
        return self.plain and self.text in _NULLS


class Seq(NamedTuple):
    """A list."""

    items: tuple[Tree, ...]
    line: int
    column: int


class Map(NamedTuple):
    """A mapping, in file order; its keys are unique."""

    entries: tuple[tuple[Scalar, Tree], ...]
    line: int
    column: int

    def find(self, *names: str) -> Tree | None:
        """Return the value of the first entry whose key is one of `names`, or None."""
        return next((value for key, value in self.entries if key.text in names), None)


Tree = Scalar | Seq | Map


def moved(tree: Tree, lines: int) -> Tree:
    """Return the tree with its lines counted from that many lines before it."""
    if lines == 0:
        return tree
    match tree:
        case Map(entries, line, column):
            own = ((key._replace(line=key.line + lines), moved(value, lines)) for key, value in entries)
            return Map(tuple(own), line + lines, column)
        case Seq(items, line, column):
            return Seq(tuple(moved(item, lines) for item in items), line + lines, column)
        case Scalar():
            return tree._replace(line=tree.line + lines)


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    """What PyYAML's events have, each kind some of it."""

    start_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    implicit: tuple[bool, bool]


class _Parser(Protocol):
    def get_event(self) -> _Event: ...


class _StopError(Exception):
    """The rest of the file cannot be read; the reason is in the report."""


def parse_tree(text: str, report: Report) -> Tree | None:
    """Return the document's tree, or None after recording why there is none.

    Duplicate keys and keys that are not scalars are recorded and left out.
    """
    import yaml

    library: Any = yaml  # the stubs hide the C parser
    parser: _Parser = library.cyaml.CParser(text) if yaml.__with_libyaml__ else yaml.Loader(text)
    try:
        return _Composer(parser, report).document()
    except _StopError:
        return None
    except yaml.MarkedYAMLError as error:
        _broken(error, text, report)
        return None
    except yaml.YAMLError as error:
        report.error(Position(), f"invalid YAML: {error}")
        return None


def _broken(error: yaml.MarkedYAMLError, text: str, report: Report) -> None:
    mark = error.problem_mark or error.context_mark
    at = Position("", mark.line + 1, mark.column + 1) if mark else Position()
    context = f"{error.context}, " if error.context else ""
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    tab = "\t" in line[: len(line) - len(line.lstrip())] or "cannot start any token" in str(error.problem)
    hint = "indent with blanks, not tabs" if tab and "\t" in line else ""
    if re.search(r"[{\[,].*\w\[[0-9]", line) and not hint:
        hint = 'inside of brackets a range needs quotes: "pe[1-4]"'
    start = mark.line if mark and not hint else -1
    for number in range(start, -1, -1):
        hint = hint or (missing_blank(lines[number], number + 1) if number < len(lines) else "")
        if number < start and lines[number].strip():
            break
    report.error(at, f"invalid YAML: {context}{error.problem}", hint)


_NO_BLANK = re.compile(r"(?:^|[{,\s])([A-Za-z_][A-Za-z0-9_-]*):(?=[\[{]|[A-Za-z0-9]+$)")


def missing_blank(line: str, number: int) -> str:
    """Return what to write where a line has no blank behind a colon, or nothing."""
    match = _NO_BLANK.search(line.rstrip())
    return f"a blank is missing in line {number}: `{match[1]}: `" if match else ""


class _Composer:
    """Builds the tree from a parser's events; counts what aliases expand to."""

    def __init__(self, parser: _Parser, report: Report) -> None:
        self._next = parser.get_event
        self._report = report
        self._anchors: dict[str, tuple[Tree | None, int, int]] = {}  # what it is, its size and height
        self._count = 0
        self._deepest = 0

    def document(self) -> Tree | None:
        self._next()  # the stream starts
        start = self._next()
        if type(start).__name__ == "StreamEndEvent":
            self._report.error(Position(), "the file holds only comments; it should describe a lab")
            return None
        tree = self._node(self._next(), 0)
        self._next()  # the document ends
        after = self._next()
        if type(after).__name__ != "StreamEndEvent":
            self._report.error(_position(after), "a second document starts here; a lab is one document")
        return tree

    def _node(self, event: _Event, depth: int) -> Tree:
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event, depth)
        self._bound(event, 1, depth)
        before, above, self._deepest = self._count, self._deepest, depth
        if event.anchor:
            self._anchors[event.anchor] = (None, 0, 0)
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        tree: Tree
        if kind == "ScalarEvent":
            tree = Scalar(event.value, event.implicit[0], line, column)
        elif kind == "SequenceStartEvent":
            tree = self._sequence(line, column, depth)
        else:
            tree = self._mapping(line, column, depth)
        if event.tag and event.tag not in _TAGS:
            self._report.error(
                Position("", line, column), f"the tag {event.tag} means nothing here; leave it out"
            )
        if event.anchor:
            self._anchors[event.anchor] = (tree, self._count - before + 1, self._deepest - depth)
        self._deepest = max(self._deepest, above)
        return tree

    def _bound(self, event: _Event, more: int, depth: int) -> None:
        self._count += more
        self._deepest = max(self._deepest, depth)
        if self._count > NODES_MAX:
            self._report.error(_position(event), f"with its aliases the file grows above {NODES_MAX} values")
            raise _StopError
        if depth > DEPTH_MAX:
            self._report.error(_position(event), f"lists and mappings are nested deeper than {DEPTH_MAX}")
            raise _StopError

    def _alias(self, event: _Event, depth: int) -> Tree:
        tree, size, height = self._anchors.get(event.anchor or "", (None, -1, 0))
        if tree is None:
            why = "contains itself" if size == 0 else "is not defined before this line"
            self._report.error(_position(event), f"the alias *{event.anchor} {why}")
            raise _StopError
        self._bound(event, size, depth + height)
        return tree

    def _sequence(self, line: int, column: int, depth: int) -> Seq:
        items = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            items.append(self._node(event, depth + 1))
        return Seq(tuple(items), line, column)

    def _mapping(self, line: int, column: int, depth: int) -> Map:
        entries: dict[str, tuple[Scalar, Tree]] = {}
        merged: list[Tree] = []
        while type(event := self._next()).__name__ != "MappingEndEvent":
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                where = Position("", key.line, key.column)
                self._report.error(where, "expected a key, got a list or mapping")
            elif key.plain and key.text == "<<":
                merged.append(value)
            elif key.plain and re.match(r"[^\s:]+:[\[{]", key.text):
                word = key.text.partition(":")[0]
                message = f"a blank is missing behind the colon: `{word}: `"
                self._report.error(Position("", key.line, key.column), message)
                raise _StopError
            elif key.text in entries:
                self._twice(key, entries[key.text][0])
            else:
                entries[key.text] = (key, value)
        for tree in merged:
            self._merge(tree, entries)
        return Map(tuple(entries.values()), line, column)

    def _twice(self, key: Scalar, first: Scalar) -> None:
        where = Position("", key.line, key.column)
        line = self._report.source_line(first.line)
        self._report.error(
            where, f"the key `{spelled(key.text)}` is defined twice; the first is in line {line}"
        )

    def _merge(self, tree: Tree, entries: dict[str, tuple[Scalar, Tree]]) -> None:
        for source in tree.items if isinstance(tree, Seq) else (tree,):
            if not isinstance(source, Map):
                where = Position("", source.line, source.column)
                self._report.error(where, "`<<` wants a mapping, or a list of mappings")
                continue
            self._bound_merge(source)
            for key, value in source.entries:
                entries.setdefault(key.text, (key, value))

    def _bound_merge(self, source: Map) -> None:
        self._count += len(source.entries)
        if self._count > NODES_MAX:
            where = Position("", source.line, source.column)
            self._report.error(where, f"with its merge keys the file grows above {NODES_MAX} values")
            raise _StopError


def _position(event: _Event) -> Position:
    return Position("", event.start_mark.line + 1, event.start_mark.column + 1)
