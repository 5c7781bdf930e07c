"""Sections and their keys: what is read of them is a `Record`; a `Vocabulary` says which keys there are.

A section knows the keys that are its own. Others are contributed, by services and routing engines, under the
section's title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, overload

from nlan.errors import InternalError
from nlan.schema.syntax import foreign, template
from nlan.schema.syntax.report import Position, nearest
from nlan.schema.syntax.tree import Map, Scalar, Tree
from nlan.schema.written.kinds import Json, Kind, Reader, ScalarKind, T_co, shape

TYPE = "type"
"""The key of a link or a network that says what makes it."""

T = TypeVar("T")
D = TypeVar("D")


class Record:
    """A section as it was written: values by snake_case key, each with its position."""

    __slots__ = ("at", "foreign", "joined", "positions", "values")

    def __init__(self, at: Position) -> None:
        """Start empty at a position."""
        self.at = at
        self.values: dict[str, object] = {}
        self.positions: dict[str, Position] = {}
        self.joined: set[str] = set()
        self.foreign: frozenset[str] = frozenset()

    @overload
    def get(self, key: Key[T]) -> T | None: ...
    @overload
    def get(self, key: Key[T], default: D) -> T | D: ...
    def get(self, key: AnyKey, default: object = None) -> object:
        """Return the value of a key, or the default where nothing (readable) is written."""
        return self.values.get(key.name, default)

    def position(self, key: AnyKey) -> Position:
        """Return where the key's value stands, or where the section does."""
        return self.positions.get(key.name, self.at)

    def __contains__(self, key: AnyKey) -> bool:
        """Tell whether a readable value is written."""
        return key.name in self.values

    def put(self, key: Key[T], value: T, at: Position) -> None:
        """Write a value at a position, as if it were read there."""
        self.values[key.name] = value
        self.positions[key.name] = at

    def has(self, key: AnyKey) -> bool:
        """Tell whether a value is written, readable or not."""
        return key.name in self.positions

    def over(self, base: Record) -> Record:
        """Return this record with what it does not say taken from `base`."""
        both = Record(self.at)
        both.values = {**base.values, **self.values}
        both.joined = base.joined | self.joined
        both.foreign = base.foreign | self.foreign
        for name in both.joined & self.values.keys() & base.values.keys():
            first, second = base.values[name], self.values[name]
            if isinstance(first, list) and isinstance(second, list):
                both.values[name] = [*first, *second]
        both.positions = {**base.positions, **self.positions}
        return both


class Key(Generic[T_co]):
    """A key of a section: its spellings, its kind, what it means."""

    def __init__(
        self,
        name: str,
        kind: Kind[T_co],
        doc: str,
        *,
        default: str = "",
        original: str = "",
        also: tuple[str, ...] = (),
        required: bool = False,
        served: bool = True,
        joined: bool = False,
        own: bool = True,
    ) -> None:
        """Take the snake_case name; `original` where CamelCase is not the regular one; `also` is taken.

        What is `joined` is joined entry by entry where two records say it; of one entry the last counts.
        Addresses in what is not the node's or segment's `own`, such as a peer's, are left to the pools.
        """
        self.name, self.kind, self.doc, self.default = name, kind, doc, default
        self.required, self.served, self.joined, self.own = required, served, joined, own
        self.camel = original or "".join(part[:1].upper() + part[1:] for part in name.split("_"))
        self.words = tuple(dict.fromkeys((name, self.camel, *also)))

    def taking(self, words: Mapping[str, str]) -> Key[T_co]:
        """Return the same key that takes these words besides, each with its meaning.

        Raises:
            InternalError: It takes one of them already, or no words at all.
        """
        other = copy(self)
        other.kind = self.kind.taking(words)
        other.doc = f"{self.doc[:-1]}; {'; '.join(f'`{word}`: {text}' for word, text in words.items())}."
        return other


AnyKey = Key[Any]
"""A key, whatever its values are."""


def keys_of(*namespaces: type) -> list[AnyKey]:
    """Return the keys that classes hold, class by class, in the order of writing."""
    return [value for one in namespaces for value in vars(one).values() if isinstance(value, Key)]


class Section(Kind[Record]):
    """A mapping with known keys, its own and what the reader's vocabulary adds. Reads to a `Record`."""

    def __init__(
        self, name: str, doc: str, keys: Sequence[AnyKey] = (), modules: Mapping[str, str] | None = None
    ) -> None:
        """Take its name (with an article where it is a noun), its meaning and its keys.

        `modules` are words of another tool that would stand here, each with what to say instead.
        """
        self.modules = modules or {}
        self.title = name
        self.name = re.sub("^an? ", "", name)
        self.doc = doc
        self.wanted = f"{name} (a mapping)"
        self.keys = tuple(keys)

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
        key = reader.vocabulary.spellings(self).get(word.text)
        if is_extension(word.text) and key is None:
            return
        if (hint := self.modules.get(word.text)) and (key is None or not key.served or _is_module(value)):
            reader.report.error(where, f"`{word.text}` is a module of neutron-lan, not of nlan", hint)
        elif key is None:
            hint = nearest(word.text, self._suggestions(word.text, reader))
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

    def _value(self, record: Record, key: AnyKey, at: Position, value: Tree, reader: Reader) -> None:
        record.positions[key.name] = at
        read = key.kind.read(value, at, reader)
        if read is not None:
            record.values[key.name] = read
            if key.joined:
                record.joined.add(key.name)
            if not key.own:
                record.foreign |= {key.name}

    def _suggestions(self, word: str, reader: Reader) -> list[str]:
        camel = word[:1].isupper()
        return [key.camel if camel else key.name for key in reader.vocabulary.keys(self) if key.served]

    def _require(self, record: Record, reader: Reader) -> Record:
        for key in reader.vocabulary.keys(self):
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

    def definition(self, vocabulary: Vocabulary) -> Json:
        """Return the definition itself: snake_case is offered, CamelCase taken, one of them at a time."""
        keys = vocabulary.keys(self)
        properties: Json = {}
        taken: Json = {"^x-": True}
        required = [{"anyOf": [{"required": [word]} for word in key.words]} for key in keys if key.required]
        once = {
            word: {"properties": dict.fromkeys((one for one in key.words if one != word), False)}
            for key in keys
            if key.served
            for word in key.words[1:]
        }
        for key in keys:
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


class Contribution(NamedTuple):
    """What somebody, such as a service or an engine, adds to what a file may say.

    Attributes:
        keys: Keys by the title of the section that they stand in, such as ``a node`` or ``a link``.
        sections: Sections of the contributor's own, which its keys lead to, as the reference page has them.
        titles: What each type of its model is called in messages, such as ``a queue``.
        fields: What a field of its model takes beyond its type, by type and field: a range, a pattern, words.
        routing: Keys of ``a node`` that make a router of it, and of ``a lab`` that make one of every node,
            where a node does not say what it is.
        foreign: Files of the contributor's programs, which somebody may take for a lab's.
        lines: What of it takes an address of a segment, such as ``${r2@r3}``, in words; empty for nothing.
        pages: Where it is told at length, by headline: of nlan's own a path below ``docs``, else a URL.
        types: Words that the `type` of a section takes besides, by its title: ``a link``, ``a network``;
            each with a few words for the reference. The service puts a `Maker` of it into `Wiring.makers`.
    """

    keys: Mapping[str, Sequence[AnyKey]]
    sections: Sequence[Section] = ()
    titles: Mapping[type, str] = MappingProxyType({})
    fields: Mapping[tuple[type, str], ScalarKind[object]] = MappingProxyType({})
    routing: Mapping[str, Sequence[AnyKey]] = MappingProxyType({})
    foreign: Sequence[foreign.Kind] = ()
    lines: str = ""
    pages: Mapping[str, str] = MappingProxyType({})
    types: Mapping[str, Mapping[str, str]] = MappingProxyType({})


NOTHING = Contribution({})
"""Of a service or an engine that has no keys, or whose keys are in the table."""


class Vocabulary:
    """All sections and keys that a file may have: nlan's own and what is contributed.

    Reading, suggestions, the JSON Schema and the reference page ask it. A contributed key takes the place of
    one that is known and not supported; any other that is there already is a bug of the contributor's.
    """

    def __init__(self, sections: Iterable[Section] = (), contributions: Iterable[Contribution] = ()) -> None:
        """Take nlan's own sections, in the order of the reference page, and what is contributed."""
        contributions = tuple(contributions)
        self.sections = (*sections, *(section for one in contributions for section in one.sections))
        self.titles = {kind: title for one in contributions for kind, title in one.titles.items()}
        self.fields = {field: kind for one in contributions for field, kind in one.fields.items()}
        self.pages = {title: where for one in contributions for title, where in one.pages.items()}
        self.foreign = [kind for one in contributions for kind in one.foreign]
        self.lines = [one.lines for one in contributions if one.lines]
        self._keys: dict[str, tuple[AnyKey, ...]] = {}
        self._spellings: dict[str, dict[str, AnyKey]] = {}
        titles = {section.title: section for section in self.sections}
        for title, keys in ((title, keys) for one in contributions for title, keys in one.keys.items()):
            if title not in titles:
                raise InternalError(f"no section is called `{title}`, and keys are contributed to it")
            self._add(titles[title], keys)
        for title, words in ((title, words) for one in contributions for title, words in one.types.items()):
            if title not in titles:
                raise InternalError(f"no section is called `{title}`, and types are contributed to it")
            self._add_types(titles[title], words)

    def _add_types(self, section: Section, words: Mapping[str, str]) -> None:
        keys = self.keys(section)
        place = next((n for n, key in enumerate(keys) if key.name == TYPE), None)
        if place is None:
            raise InternalError(f"{section.title} has no `{TYPE}`, and types are contributed to it")
        self._keys[section.title] = (*keys[:place], keys[place].taking(words), *keys[place + 1 :])

    def _add(self, section: Section, keys: Sequence[AnyKey]) -> None:
        named = {key.name for key in keys}
        before = [key for key in self.keys(section) if key.served or key.name not in named]
        taken = {word for key in before for word in key.words}
        for word in (word for key in keys for word in key.words):
            if word in taken:
                raise InternalError(f"`{word}` of {section.title} is contributed, and is there already")
            taken.add(word)
        self._keys[section.title] = (*before, *keys)

    def keys(self, section: Section) -> tuple[AnyKey, ...]:
        """Return the keys of a section, its own first."""
        return self._keys.get(section.title, section.keys)

    def spellings(self, section: Section) -> Mapping[str, AnyKey]:
        """Return the keys of a section by every word that means them."""
        found = self._spellings.get(section.title)
        if found is None:
            found = {word: key for key in self.keys(section) for word in key.words}
            self._spellings[section.title] = found
        return found
