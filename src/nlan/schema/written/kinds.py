"""The kinds of values that a key can have: how each is read, the message when it is wrong, its JSON Schema.

A scalar kind parses text (`scalars` has them); a compound kind reads a tree. Reading never stops at the
first problem: what cannot be read is reported and becomes None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nlan.errors import InternalError
from nlan.schema.syntax import template
from nlan.schema.syntax.report import Position, Report, Written, listed, nearest
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree

if TYPE_CHECKING:
    from nlan.schema.written.sections import Vocabulary

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
K = TypeVar("K")
Json = dict[str, Any]


class Reader:
    """What reading needs besides the tree: where problems go, and what `${name}` stands for."""

    def __init__(
        self,
        report: Report,
        find: Callable[[str], str | None],
        vocabulary: Vocabulary,
        names: Iterable[str] = (),
    ) -> None:
        """Take the report, the address of a node by name, the keys that there are, and names to suggest."""
        self.report, self.vocabulary = report, vocabulary
        self._find = find
        self._names = tuple(names)

    def text(self, tree: Tree, at: Position, wanted: str) -> str | None:
        """Return the scalar's text with placeholders filled, or None after recording why not."""
        if not isinstance(tree, Scalar):
            self.report.error(at, f"expected {wanted}, got {shape(tree)}")
            return None
        if tree.is_null:
            self.report.error(at, f"expected {wanted}, got nothing")
            return None
        text, unknown = template.fill_names(tree.text, self._find)
        if text is None and "@" in unknown:
            lines = listed(self.vocabulary.lines, "and") or "raw configuration"
            message = f"`${{{unknown}}}` stands for an address in {lines} alone"
            self.report.error(at, message, "say the address, or the node where one is wanted")
        elif text is None:
            self.report.error(at, f"no node is called `{unknown}`", nearest(unknown, self._names))
        return text

    def lines(self, tree: Tree, at: Position, wanted: str) -> str | None:
        """Return the scalar's text as `text` does, but with placeholders such as `r2@r3` as they are."""
        keeping = Reader(
            self.report,
            lambda name: _kept(name) if "@" in name else self._find(name),
            self.vocabulary,
            self._names,
        )
        return keeping.text(tree, at, wanted)


def _kept(name: str) -> str:
    return f"{template.OPEN}{template.BRACE}{name}{template.CLOSE}"


def shape(tree: Tree) -> str:
    """Return what kind of thing the tree is, in words."""
    if isinstance(tree, Scalar):
        return "nothing" if tree.is_null else f"`{template.spelled(tree.text)}`"
    return "a list" if isinstance(tree, Seq) else "a mapping"


class Kind(Generic[T_co]):
    """A kind of value, read to a `T_co`; `wanted` is its name in messages, with the article."""

    wanted = "a value"

    def read(self, tree: Tree, at: Position, reader: Reader) -> T_co | None:
        """Return the value, or None after recording what is wrong with it."""
        raise NotImplementedError

    def schema(self) -> Json:
        """Return its JSON Schema."""
        raise NotImplementedError

    def taking(self, words: Iterable[str]) -> Kind[T_co]:
        """Return the same kind that takes these words besides.

        Raises:
            InternalError: It takes one of them already, or no words at all.
        """
        raise InternalError(f"{self.wanted} is no choice of words")


class ScalarKind(Kind[T_co]):
    """A kind that is written as one word.

    Where it `explains`, its own message about a wrong text says more than a list of what may stand there.
    """

    explains = False

    def parse(self, text: str, plain: bool) -> T_co:
        """Return the value of `text`.

        Raises:
            ValueError: It is none; the sentence says what was expected. A second argument is a hint.
        """
        raise NotImplementedError

    def text_of(self, tree: Tree, at: Position, reader: Reader) -> str | None:
        """Return the scalar's text, or None after recording why there is none."""
        return reader.text(tree, at, self.wanted)

    def read(self, tree: Tree, at: Position, reader: Reader) -> T_co | None:
        """Parse the scalar."""
        text = self.text_of(tree, at, reader)
        if text is None or not isinstance(tree, Scalar):
            return None
        try:
            return self.parse(text, tree.plain)
        except ValueError as error:
            reader.report.error(at, *map(str, error.args))
            return None


class ListOf(Kind[list[Written[T]]]):
    """A list of one kind; a single value may stand for a list of one. Reads to a list of `Written`."""

    def __init__(self, kind: Kind[T], single: bool = True) -> None:
        """Take the items' kind, and whether one item may stand alone."""
        self.item, self._single = kind, single
        self.wanted = f"a list, each item {kind.wanted}"

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[Written[T]] | None:
        """Return what could be read of the items."""
        if isinstance(tree, Scalar) and tree.is_null:
            return []
        if not isinstance(tree, Seq):
            if not self._single:
                reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
                return None
            value = self.item.read(tree, at, reader)
            return [] if value is None else [Written(value, at)]
        return list(self._items(tree, at, reader))

    def _items(self, tree: Seq, at: Position, reader: Reader) -> Iterable[Written[T]]:
        for index, item in enumerate(tree.items):
            where = at.item(index, item.line, item.column)
            value = self.item.read(item, where, reader)
            if value is not None:
                yield Written(value, where)

    def schema(self) -> Json:
        """An array, or one item."""
        array = {"type": ["array", "null"], "items": self.item.schema()}
        return {"anyOf": [array, self.item.schema()]} if self._single else array

    def shaped(self, shape: type[Tree]) -> Json:
        """Return the schema of an array alone, or of an item alone."""
        return {"type": "array", "items": self.item.schema()} if shape is Seq else self.item.schema()


class MapOf(Kind[list[tuple[Written[K], T]]]):
    """A mapping whose keys are of one scalar kind. Reads to a list of (key as `Written`, value)."""

    def __init__(self, key: ScalarKind[K], value: Kind[T]) -> None:
        """Take the kinds of keys and of values."""
        self.key, self.value = key, value
        self.wanted = f"a mapping from {key.wanted} to {value.wanted}"

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[tuple[Written[K], T]] | None:
        """Return what could be read of the entries, in file order."""
        if isinstance(tree, Scalar) and tree.is_null:
            return []
        if not isinstance(tree, Map):
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        entries = []
        for key, value in tree.entries:
            where = at.key(template.spelled(key.text), key.line, key.column)
            name = self.key.read(key, where, reader)
            read = self.value.read(value, where._replace(line=value.line, column=value.column), reader)
            if name is not None and read is not None:
                entries.append((Written(name, where), read))
        return entries

    def schema(self) -> Json:
        """An object."""
        return {
            "type": ["object", "null"],
            "propertyNames": self.key.schema(),
            "additionalProperties": self.value.schema(),
        }


class Shapes(Kind[T_co]):
    """Different kinds for a scalar, a list and a mapping; reads to what the kind of that shape reads."""

    def __init__(
        self,
        wanted: str,
        scalar: Kind[T_co] | None = None,
        seq: Kind[T_co] | None = None,
        map: Kind[T_co] | None = None,
    ) -> None:
        """Take the kind of each shape; a shape without a kind is refused."""
        self.wanted = wanted
        self.kinds: dict[type[Tree], Kind[T_co] | None] = {Scalar: scalar, Seq: seq, Map: map}

    def read(self, tree: Tree, at: Position, reader: Reader) -> T_co | None:
        """Read by shape; nothing written reads as an empty mapping where mappings are taken."""
        shaped: type[Tree] = type(tree)
        if isinstance(tree, Scalar) and tree.is_null and self.kinds[Map]:
            shaped = Map
        kind = self.kinds[shaped]
        if kind is None:
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        return kind.read(tree, at, reader)

    def schema(self) -> Json:
        """Any of them."""
        return {
            "anyOf": [
                kind.shaped(shape) if isinstance(kind, ListOf) else kind.schema()
                for shape, kind in self.kinds.items()
                if kind
            ]
        }


def or_placeholder(pattern: str) -> str:
    """Return the pattern of JSON Schema for a whole text, or one with a placeholder."""
    return f"^(?:{pattern}|.*[$][{{].*)$"
