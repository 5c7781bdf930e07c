"""The kinds of values that a key can have: how each is read, the message when it is wrong, its JSON Schema.

A scalar kind parses text (`scalars` has them); a compound kind reads a tree. Reading never stops at the
first problem: what cannot be read is reported and becomes None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nlan.schema.syntax import template
from nlan.schema.syntax.report import Position, Report, Written, nearest
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree

Json = dict[str, Any]


class Reader:
    """What reading needs besides the tree: where problems go, and what `${name}` stands for."""

    def __init__(self, report: Report, find: Callable[[str], str | None], names: Iterable[str] = ()) -> None:
        """Take the report, the address of a node by name, and the names to suggest."""
        self.report = report
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
            message = f"`${{{unknown}}}` stands for an address in FRR's lines alone"
            self.report.error(at, message, "say the address, or the node where one is wanted")
        elif text is None:
            self.report.error(at, f"no node is called `{unknown}`", nearest(unknown, self._names))
        return text

    def lines(self, tree: Tree, at: Position, wanted: str) -> str | None:
        """Return the scalar's text as `text` does, but with placeholders such as `r2@r3` as they are."""
        keeping = Reader(
            self.report,
            lambda written: _kept(written) if "@" in written else self._find(written),
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


class Kind:
    """A kind of value; `wanted` is its name in messages, with the article."""

    wanted = "a value"

    def read(self, tree: Tree, at: Position, reader: Reader) -> Any:
        """Return the value, or None after recording what is wrong with it."""
        raise NotImplementedError

    def schema(self) -> Json:
        """Return its JSON Schema."""
        raise NotImplementedError


class ScalarKind(Kind):
    """A kind that is written as one word."""

    def parse(self, text: str, plain: bool) -> Any:
        """Return the value of `text`.

        Raises:
            ValueError: It is none; the sentence says what was expected. A second argument is a hint.
        """
        raise NotImplementedError

    def text_of(self, tree: Tree, at: Position, reader: Reader) -> str | None:
        """Return the scalar's text, or None after recording why there is none."""
        return reader.text(tree, at, self.wanted)

    def read(self, tree: Tree, at: Position, reader: Reader) -> Any:
        """Parse the scalar."""
        text = self.text_of(tree, at, reader)
        if text is None or not isinstance(tree, Scalar):
            return None
        try:
            return self.parse(text, tree.plain)
        except ValueError as error:
            reader.report.error(at, *map(str, error.args))
            return None


class ListOf(Kind):
    """A list of one kind; a single value may stand for a list of one. Reads to a list of `Said`."""

    def __init__(self, kind: Kind, single: bool = True) -> None:
        """Take the items' kind, and whether one item may stand alone."""
        self.item, self._single = kind, single
        self.wanted = f"a list, each item {kind.wanted}"

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[Written] | None:
        """Return what could be read of the items."""
        if isinstance(tree, Scalar) and tree.is_null:
            return []
        if not isinstance(tree, Seq):
            if not self._single:
                reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
                return None
            value = self.item.read(tree, at, reader)
            return [] if value is None else [Written(value, at)]
        return [written for written in self._items(tree, at, reader) if written.value is not None]

    def _items(self, tree: Seq, at: Position, reader: Reader) -> Iterable[Written]:
        for index, item in enumerate(tree.items):
            where = at.item(index, item.line, item.column)
            yield Written(self.item.read(item, where, reader), where)

    def schema(self) -> Json:
        """An array, or one item."""
        array = {"type": ["array", "null"], "items": self.item.schema()}
        return {"anyOf": [array, self.item.schema()]} if self._single else array

    def shaped(self, shape: type[Tree]) -> Json:
        """Return the schema of an array alone, or of an item alone."""
        return {"type": "array", "items": self.item.schema()} if shape is Seq else self.item.schema()


class MapOf(Kind):
    """A mapping whose keys are of one scalar kind. Reads to a list of (key as `Said`, value)."""

    def __init__(self, key: ScalarKind, value: Kind) -> None:
        """Take the kinds of keys and of values."""
        self.key, self.value = key, value
        self.wanted = f"a mapping from {key.wanted} to {value.wanted}"

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[tuple[Written, Any]] | None:
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


class Shapes(Kind):
    """Different kinds for a scalar, a list and a mapping; reads to what the kind of that shape reads."""

    def __init__(
        self, wanted: str, scalar: Kind | None = None, seq: Kind | None = None, map: Kind | None = None
    ) -> None:
        """Take the kind of each shape; a shape without a kind is refused."""
        self.wanted, self.kinds = wanted, {Scalar: scalar, Seq: seq, Map: map}

    def read(self, tree: Tree, at: Position, reader: Reader) -> Any:
        """Read by shape; nothing written reads as an empty mapping where mappings are taken."""
        shaped: type = type(tree)
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


_JOINED = frozenset(("sysctls",))
"""Mappings that are joined entry by entry where two records say them; of one entry the last counts."""


class Record:
    """A section as it was written: values by snake_case key, each with its position."""

    __slots__ = ("at", "positions", "values")

    def __init__(self, at: Position) -> None:
        """Start empty at a position."""
        self.at = at
        self.values: dict[str, Any] = {}
        self.positions: dict[str, Position] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key, or the default where nothing (readable) is written."""
        return self.values.get(name, default)

    def position(self, name: str) -> Position:
        """Return where the key's value stands, or where the section does."""
        return self.positions.get(name, self.at)

    def __contains__(self, name: str) -> bool:
        """Tell whether a readable value is written."""
        return name in self.values

    def over(self, base: Record) -> Record:
        """Return this record with what it does not say taken from `base`."""
        both = Record(self.at)
        both.values = {**base.values, **self.values}
        for name in _JOINED & self.values.keys() & base.values.keys():
            both.values[name] = [*base.values[name], *self.values[name]]
        both.positions = {**base.positions, **self.positions}
        return both


class Key:
    """A key of a section: its spellings, its kind, what it means."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        doc: str,
        *,
        default: str = "",
        original: str = "",
        also: tuple[str, ...] = (),
        required: bool = False,
        served: bool = True,
    ) -> None:
        """Take the snake_case name; `original` where CamelCase is not the regular one; `also` is taken."""
        self.name, self.kind, self.doc, self.default = name, kind, doc, default
        self.required, self.served = required, served
        self.camel = original or "".join(part[:1].upper() + part[1:] for part in name.split("_"))
        self.words = tuple(dict.fromkeys((name, self.camel, *also)))


class Section(Kind):
    """A mapping with known keys. Reads to a `Record`."""

    def __init__(
        self, name: str, doc: str, keys: Sequence[Key] = (), modules: Mapping[str, str] | None = None
    ) -> None:
        """Take its name (with an article where it is a noun), its meaning and its keys.

        `modules` are words of another tool that would stand here, each with what to say instead.
        """
        self.modules = modules or {}
        self.title = name
        self.name = re.sub("^an? ", "", name)
        self.doc = doc
        self.wanted = f"{name} (a mapping)"
        self.keys: tuple[Key, ...] = ()
        self.spellings: dict[str, Key] = {}
        self.define(keys)

    def define(self, keys: Sequence[Key]) -> None:
        """Set the keys; apart from the constructor for sections that refer to each other."""
        self.keys = tuple(keys)
        self.spellings = {word: key for key in keys for word in key.words}

    def read(self, tree: Tree, at: Position, reader: Reader) -> Record | None:
        """Return what could be read of the keys; unknown, doubled and missing keys are reported."""
        record = Record(at)
        if not isinstance(tree, Map):
            if isinstance(tree, Scalar) and tree.is_null:
                return self._require(record, reader)
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        for word, value in tree.entries:
            self._entry(record, word, value, reader)
        return self._require(record, reader)

    def _entry(self, record: Record, word: Scalar, value: Tree, reader: Reader) -> None:
        where = record.at.key(template.spelled(word.text), word.line, word.column)
        key = self.spellings.get(word.text)
        if is_extension(word.text) and key is None:
            return
        if (hint := self.modules.get(word.text)) and (key is None or not key.served or _is_module(value)):
            reader.report.error(where, f"`{word.text}` is a module of neutron-lan, not of nlan", hint)
        elif key is None:
            hint = nearest(word.text, self._suggestions(word.text))
            reader.report.error(where, f"`{template.spelled(word.text)}` is no key of {self.title}", hint)
        elif not key.served:
            reader.report.error(where, f"`{word.text}` is known but not supported yet")
        elif key.name in record.positions:
            first = reader.report.source_line(record.positions[key.name].line)
            reader.report.error(
                where, f"`{word.text}` is defined twice; its other spelling is in line {first}"
            )
        else:
            self._value(record, key, where._replace(line=value.line, column=value.column), value, reader)

    def _value(self, record: Record, key: Key, at: Position, value: Tree, reader: Reader) -> None:
        record.positions[key.name] = at
        read = key.kind.read(value, at, reader)
        if read is not None:
            record.values[key.name] = read

    def _suggestions(self, word: str) -> list[str]:
        camel = word[:1].isupper()
        return [key.camel if camel else key.name for key in self.keys if key.served]

    def _require(self, record: Record, reader: Reader) -> Record:
        for key in self.keys:
            if key.required and key.name not in record.positions:
                word = (
                    key.camel
                    if any(name[:1].isupper() for name in record.at.path.split(".")[1:])
                    else key.name
                )
                reader.report.error(record.at, f"`{word}` is required: {key.kind.wanted}")
        return record

    def schema(self) -> Json:
        """A reference to the section's definition."""
        return {"$ref": f"#/$defs/{self.name.replace(' ', '_')}"}

    def definition(self) -> Json:
        """Return the definition itself: snake_case is offered, CamelCase taken, one of them at a time."""
        properties: Json = {}
        taken: Json = {"^x-": True}
        required = [
            {"anyOf": [{"required": [word]} for word in key.words]} for key in self.keys if key.required
        ]
        once = {
            word: {"properties": dict.fromkeys((one for one in key.words if one != word), False)}
            for key in self.keys
            if key.served
            for word in key.words[1:]
        }
        for key in self.keys:
            if key.served:
                entry = key.kind.schema() | {"description": key.doc}
                properties[key.name] = entry
                taken |= {f"^{word}$": entry for word in key.words[1:]}
        return {
            "type": "object" if required else ["object", "null"],
            "description": self.doc,
            "properties": properties,
            "patternProperties": taken,
            "additionalProperties": False,
            "dependentSchemas": once,
            **({"allOf": required} if required else {}),
        }


def is_extension(word: str) -> bool:
    """Tell whether a key is the file's own business: a place for anchors, read by nobody."""
    return word.startswith("x-")


def _is_module(value: Tree) -> bool:
    """Whether a key that has another meaning elsewhere holds a mapping, as it does there."""
    return isinstance(value, Map)


class Ptn(Kind):
    """Packet transport networks: a mapping by name, or `Networks:` as a list with `Id`.

    Reads to a list of (name as `Said`, record).
    """

    wanted = "networks by name, or a list `Networks` with `Id`"

    def __init__(self, name: ScalarKind, network: Section) -> None:
        """Take the kinds of a network's name and of the network."""
        self.networks = MapOf(name, network)
        self._list = Section("Ptn", "", [Key("networks", ListOf(network, single=False), "")])

    def read(self, tree: Tree, at: Position, reader: Reader) -> list[tuple[Written, Any]] | None:
        """Read either shape; the list's `Id` becomes the name."""
        if not isinstance(tree, Map) and not (isinstance(tree, Scalar) and tree.is_null):
            reader.report.error(at, f"expected {self.wanted}, got {shape(tree)}")
            return None
        inner = tree.find("Networks", "networks") if isinstance(tree, Map) else None
        if not isinstance(inner, Seq):
            return self.networks.read(tree, at, reader)
        record = self._list.read(tree, at, reader)
        return [
            self._named(written.value, reader) for written in (record.get("networks", []) if record else [])
        ]

    @staticmethod
    def _named(record: Record, reader: Reader) -> tuple[Written, Record]:
        if "id" not in record.positions:
            reader.report.error(record.at, "`Id` is required: the network's name")
        return Written(record.get("id", ""), record.position("id")), record

    def schema(self) -> Json:
        """Either shape."""
        shapes: list[Json] = [
            {
                "type": "object",
                "properties": {name: {"type": "array", "items": self.networks.value.schema()}},
                "required": [name],
                "additionalProperties": False,
            }
            for name in ("Networks", "networks")
        ]
        return {"anyOf": [*shapes, self.networks.schema()]}
