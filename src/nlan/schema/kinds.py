"""The kinds of values that a key can have: how each is read, what is said when it is wrong, its JSON Schema.

A scalar kind parses text; a compound kind reads a tree. Reading never stops at the first
problem: what cannot be read is reported and becomes None.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from nlan.schema import template
from nlan.schema.report import Place, Report, Said, listed, nearest
from nlan.schema.tree import Map, Scalar, Seq, Tree

Json = dict[str, Any]


class Reader:
    """What reading needs besides the tree: where problems go, and what `${name}` stands for."""

    def __init__(self, report: Report, find: Callable[[str], str | None], names: Iterable[str] = ()) -> None:
        """Take the report, the address of a node by name, and the names to suggest."""
        self.report = report
        self._find = find
        self._names = tuple(names)

    def text(self, tree: Tree, at: Place, wanted: str) -> str | None:
        """Return the scalar's text with placeholders filled, or None after recording why not."""
        if not isinstance(tree, Scalar):
            self.report.error(at, f"{shape(tree)} stands where {wanted} is wanted")
            return None
        if tree.is_null:
            self.report.error(at, f"nothing stands where {wanted} is wanted")
            return None
        text, unknown = template.fill_names(tree.text, self._find)
        if text is None:
            self.report.error(at, f"no node is called `{unknown}`", nearest(unknown, self._names))
        return text


def shape(tree: Tree) -> str:
    """Return what kind of thing the tree is, in words."""
    if isinstance(tree, Scalar):
        return "nothing" if tree.is_null else f"`{template.spelled(tree.text)}`"
    return "a list" if isinstance(tree, Seq) else "a mapping"


class Kind:
    """A kind of value; `wanted` is its name in messages, with the article."""

    wanted = "a value"

    def read(self, tree: Tree, at: Place, reader: Reader) -> Any:
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

    def read(self, tree: Tree, at: Place, reader: Reader) -> Any:
        """Parse the scalar."""
        text = reader.text(tree, at, self.wanted)
        if text is None or not isinstance(tree, Scalar):
            return None
        try:
            return self.parse(text, tree.plain)
        except ValueError as error:
            reader.report.error(at, *map(str, error.args))
            return None


class Text(ScalarKind):
    """Any text, or text of a pattern."""

    def __init__(self, wanted: str = "a text", pattern: str = "", longest: int = 0) -> None:
        """Take its name, the pattern it must match wholly, and its longest length."""
        self.wanted, self._pattern, self._longest = wanted, pattern, longest

    def parse(self, text: str, plain: bool) -> str:
        """Return the text."""
        if self._longest and len(text) > self._longest:
            raise ValueError(
                f"`{text}` is longer than {self._longest} characters, the most for {self.wanted}"
            )
        if self._pattern and not re.fullmatch(self._pattern, text):
            raise ValueError(f"`{text}` is not {self.wanted}")
        return text

    def schema(self) -> Json:
        """A string; numbers are texts too, and so are words that YAML takes for a truth value."""
        json: Json = {"type": ["string", "number", "boolean"]}
        json |= {"maxLength": self._longest} if self._longest else {}
        return json | ({"pattern": f"^(?:{self._pattern})$"} if self._pattern else {})


class Line(Text):
    """A text of one line, as a daemon's configuration wants it; a single word without blanks if `word`."""

    def __init__(self, wanted: str, longest: int = 0, *, word: bool = False) -> None:
        """Take its name, its longest length, and whether blanks are refused."""
        super().__init__(wanted, longest=longest)
        self._word = word

    def parse(self, text: str, plain: bool) -> str:
        """Return the line."""
        value = super().parse(text, plain)
        if not value.strip():
            raise ValueError(f"nothing stands where {self.wanted} is wanted")
        if not value.isprintable() or (self._word and " " in value):
            raise ValueError(f"`{text}` is not {self.wanted}: that is one {'word' if self._word else 'line'}")
        return value

    def schema(self) -> Json:
        """A string with something in it."""
        return super().schema() | {"pattern": r"^\S+$" if self._word else r"\S"}


class Name(Text):
    """The name of a lab, a node, or something of theirs."""

    def __init__(self, longest: int) -> None:
        """Take its longest length."""
        super().__init__("a name", "[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?", longest)
        self.rule = f"letters, digits, `-` and `_`, at most {longest}, a letter or digit at both ends"

    def parse(self, text: str, plain: bool) -> str:
        """Return the name."""
        try:
            return super().parse(text, plain)
        except ValueError:
            raise ValueError(f"`{text}` cannot be a name: {self.rule}") from None


class Integer(ScalarKind):
    """A whole number of a range; `what` names it in messages, `source` is the standard that says so."""

    def __init__(self, low: int, high: int, what: str, source: str = "") -> None:
        """Take the range, both ends included."""
        self.low, self.high, self.what = low, high, what
        self._source = f" ({source})" if source else ""
        self.wanted = f"a whole number from {low} to {high}"

    def parse(self, text: str, plain: bool) -> int:
        """Return the number."""
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
            raise ValueError(f"`{text}` is not {self.wanted}")
        value = int(text)
        if value > self.high:
            raise ValueError(f"{value} is above {self.high}, the largest {self.what}{self._source}")
        if value < self.low:
            raise ValueError(f"{value} is below {self.low}, the smallest {self.what}{self._source}")
        return value

    def schema(self) -> Json:
        """An integer, or its digits in quotes."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": self.low, "maximum": self.high},
                {"type": "string", "pattern": "^([0-9]+|.*[$][{].*)$"},
            ]
        }


class HoldTime(Integer):
    """Seconds that BGP holds a silent session: none, or three and more."""

    LEAST = 3

    def __init__(self) -> None:
        """Take the range of RFC 4271, section 4.2."""
        super().__init__(0, 65535, "number of seconds")
        self.wanted = f"0, or a whole number from {self.LEAST} to {self.high}"

    def parse(self, text: str, plain: bool) -> int:
        """Return the seconds."""
        value = super().parse(text, plain)
        if 0 < value < self.LEAST:
            raise ValueError(f"{value} is no hold time; that is {self.wanted} (RFC 4271)")
        return value

    def schema(self) -> Json:
        """Likewise."""
        return super().schema() | {"not": {"enum": list(range(1, self.LEAST))}}


class Number(ScalarKind):
    """A number above zero, fractions allowed."""

    wanted = "a number above zero"

    def parse(self, text: str, plain: bool) -> float:
        """Return the number."""
        if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}(e-[0-9]{1,2})?", text) or float(text) <= 0:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return float(text)

    def schema(self) -> Json:
        """A number, or its digits in quotes."""
        quoted = {"type": "string", "pattern": _or_placeholder(r"[0-9]*\.?[0-9]+")}
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, quoted]}


class Size(ScalarKind):
    """An amount of memory: octets, or with K, M, G (powers of 1024)."""

    wanted = "an amount of memory such as `64M`"
    _units: ClassVar[dict[str, int]] = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}

    def parse(self, text: str, plain: bool) -> int:
        """Return the octets."""
        match = re.fullmatch(r"([0-9]{1,15})\s*([kmgt]?)(?:i?b)?", text.lower())
        octets = int(match[1]) << self._units[match[2]] if match else 0
        if not 0 < octets < 2**63:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return octets

    def schema(self) -> Json:
        """An integer, or a string with its unit."""
        text = {"type": "string", "pattern": _or_placeholder(r"[0-9]+\s*[KkMmGgTt]?([Ii]?[Bb])?")}
        return {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, text]}


class Bool(ScalarKind):
    """True or false."""

    wanted = "`true` or `false`"
    _words: ClassVar[dict[str, bool]] = {
        "true": True,
        "yes": True,
        "on": True,
        "false": False,
        "no": False,
        "off": False,
    }

    def parse(self, text: str, plain: bool) -> bool:
        """Return the truth value."""
        if not plain or text.lower() not in self._words:
            raise ValueError(f"`{text}` is not {self.wanted}")
        return self._words[text.lower()]

    def schema(self) -> Json:
        """A boolean."""
        return {"type": "boolean"}


class No(Bool):
    """False alone, where true says nothing."""

    wanted = "`false`"

    def parse(self, text: str, plain: bool) -> bool:
        """Return False."""
        if super().parse(text, plain):
            raise ValueError(f"`{text}` is not {self.wanted}")
        return False

    def schema(self) -> Json:
        """False."""
        return {"const": False}


class Choice(ScalarKind):
    """One of a few words; an alias stands for a word."""

    def __init__(self, *words: str, **aliases: str) -> None:
        """Take the words, and aliases by name."""
        self.words, self._aliases = words, aliases
        self.wanted = listed([f"`{word}`" for word in words], "or")
        if len(words) > 6:
            self.wanted = f"one of {', '.join(words)}"

    def parse(self, text: str, plain: bool) -> str:
        """Return the word."""
        word = self._aliases.get(text.lower(), text.lower())
        if word not in self.words:
            raise ValueError(f"`{text}` is not {self.wanted}", nearest(text, self.words))
        return word

    def schema(self) -> Json:
        """An enumeration, in capitals too."""
        words = [*self.words, *self._aliases]
        folded = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
        return {"anyOf": [{"enum": words}, {"type": "string", "pattern": f"^({'|'.join(folded)})$"}]}


class Address(ScalarKind):
    """An IPv4 or IPv6 address, without a prefix length."""

    wanted = "an address such as `192.0.2.1`"

    def parse(self, text: str, plain: bool) -> Any:
        """Return the address."""
        try:
            return ipaddress.ip_address(_unscoped(text))
        except ValueError:
            hint = ", without a prefix length" if "/" in text else ""
            raise ValueError(f"`{text}` is not {self.wanted}{hint}") from None

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(_ADDRESS)
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1", "${pe1}"]}


_ADDRESS = "[0-9A-Fa-f:.]+"


def _or_placeholder(pattern: str) -> str:
    """Return the pattern of JSON Schema for a whole text, or one with a placeholder."""
    return f"^(?:{pattern}|.*[$][{{].*)$"


def _unscoped(text: str) -> str:
    """Return the text; a zone (``fe80::1%eth1``) makes it no address of a file, which names interfaces."""
    if "%" in text:
        raise ValueError
    return text


class Ipv4(ScalarKind):
    """Four numbers with dots: a router ID, or an OSPF area that may also be a plain number."""

    def __init__(self, wanted: str, decimal: bool = False) -> None:
        """Take its name in messages, and whether a plain number means the same."""
        self.wanted, self._decimal = wanted, decimal

    def parse(self, text: str, plain: bool) -> Any:
        """Return the IPv4 address."""
        try:
            if self._decimal and text.isdecimal():
                return ipaddress.IPv4Address(int(text))
            return ipaddress.IPv4Address(text)
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}") from None

    def schema(self) -> Json:
        """A string, or a number."""
        text = {"type": "string", "pattern": _or_placeholder("[0-9.]+")}
        return (
            {"anyOf": [text, {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}]}
            if self._decimal
            else text
        )


class RouterId(Ipv4):
    """An IPv4 address by form, other than zero (RFC 2328, RFC 6286)."""

    def __init__(self) -> None:
        """Name it."""
        super().__init__("a router ID such as `192.0.2.1`")

    def parse(self, text: str, plain: bool) -> Any:
        """Return the router ID."""
        value = super().parse(text, plain)
        if int(value) == 0:
            raise ValueError(f"`{text}` is not {self.wanted}: zero is none")
        return value


class Interface(ScalarKind):
    """An interface's address with its prefix length."""

    def __init__(
        self, wanted: str = "an address with its prefix length such as `192.0.2.1/24`", bare: bool = False
    ):
        """Take its name in messages, and whether an address alone means the longest prefix."""
        self.wanted, self._bare = wanted, bare

    def parse(self, text: str, plain: bool) -> Any:
        """Return the address with its prefix length; one that cannot be a host's is refused."""
        try:
            value = ipaddress.ip_interface(_unscoped(text))
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}{self._why(text)}") from None
        if "/" not in text and not self._bare:
            raise ValueError(f"`{text}` has no prefix length; {self.wanted} is wanted")
        return _hostly(value, text)

    @staticmethod
    def _why(text: str) -> str:
        try:
            ipaddress.ip_address(_unscoped(text).partition("/")[0])
        except ValueError:
            return ""
        return "; the prefix length is wrong"

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(f"{_ADDRESS}(/[0-9.]+){'?' * self._bare}")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.1/24", "2001:db8::1/64"]}


def _hostly(value: Any, text: str) -> Any:
    network = value.network
    for what in ("multicast", "loopback", "unspecified"):
        if getattr(value.ip, f"is_{what}"):
            raise ValueError(f"`{text}` is {'an' if what[0] == 'u' else 'a'} {what} address")
    if network.prefixlen >= network.max_prefixlen - 1:
        return value
    if value.ip == network.network_address:
        raise ValueError(f"`{text}` is the prefix itself, not an address in it")
    if value.version == 4 and value.ip == network.broadcast_address:
        raise ValueError(f"`{text}` is the broadcast address of its prefix, not a host's")
    return value


class Prefix(ScalarKind):
    """A prefix; host bits are cleared when `loose`, refused otherwise."""

    wanted = "a prefix such as `192.0.2.0/24`"

    def __init__(self, loose: bool = False) -> None:
        """Tell whether host bits may be set, as in the original's OSPF networks."""
        self._loose = loose

    def parse(self, text: str, plain: bool) -> Any:
        """Return the network."""
        if "/" not in text:
            raise ValueError(f"`{text}` has no prefix length; {self.wanted} is wanted")
        try:
            loose = ipaddress.ip_network(_unscoped(text), strict=False)
        except ValueError:
            raise ValueError(f"`{text}` is not {self.wanted}") from None
        if not self._loose and str(loose.network_address) != text.split("/")[0].lower():
            exact = ipaddress.ip_interface(text)
            if exact.ip != loose.network_address:
                raise ValueError(f"`{text}` has host bits set; the prefix is `{loose}`")
        return loose

    def schema(self) -> Json:
        """A string."""
        pattern = _or_placeholder(f"{_ADDRESS}/[0-9.]+")
        return {"type": "string", "pattern": pattern, "examples": ["192.0.2.0/24", "2001:db8::/48"]}


class AnyScalar(ScalarKind):
    """One of several scalar kinds; the first that fits."""

    def __init__(self, wanted: str, *kinds: ScalarKind) -> None:
        """Take the kinds, the strictest first."""
        self.wanted, self._kinds = wanted, kinds

    def parse(self, text: str, plain: bool) -> Any:
        """Return what the first fitting kind makes of it; a wrong number or address is said as such."""
        message = f"`{text}` is not {self.wanted}"
        for kind in self._kinds:
            try:
                return kind.parse(text, plain)
            except ValueError as error:
                own = (
                    isinstance(kind, Integer | Interface)
                    and error.args[0] != f"`{text}` is not {kind.wanted}"
                )
                message = error.args[0] if own else message
        raise ValueError(message)

    def schema(self) -> Json:
        """Any of them."""
        return {"anyOf": [kind.schema() for kind in self._kinds]}


class ListOf(Kind):
    """A list of one kind; a single value may stand for a list of one. Reads to a list of `Said`."""

    def __init__(self, kind: Kind, single: bool = True) -> None:
        """Take the items' kind, and whether one item may stand alone."""
        self.item, self._single = kind, single
        self.wanted = f"a list, each item {kind.wanted}"

    def read(self, tree: Tree, at: Place, reader: Reader) -> list[Said] | None:
        """Return what could be read of the items."""
        if isinstance(tree, Scalar) and tree.is_null:
            return []
        if not isinstance(tree, Seq):
            if not self._single:
                reader.report.error(at, f"{shape(tree)} stands where {self.wanted} is wanted")
                return None
            value = self.item.read(tree, at, reader)
            return [] if value is None else [Said(value, at)]
        return [said for said in self._items(tree, at, reader) if said.value is not None]

    def _items(self, tree: Seq, at: Place, reader: Reader) -> Iterable[Said]:
        for index, item in enumerate(tree.items):
            where = at.item(index, item.line, item.column)
            yield Said(self.item.read(item, where, reader), where)

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

    def read(self, tree: Tree, at: Place, reader: Reader) -> list[tuple[Said, Any]] | None:
        """Return what could be read of the entries, in file order."""
        if isinstance(tree, Scalar) and tree.is_null:
            return []
        if not isinstance(tree, Map):
            reader.report.error(at, f"{shape(tree)} stands where {self.wanted} is wanted")
            return None
        entries = []
        for key, value in tree.entries:
            where = at.key(template.spelled(key.text), key.line, key.column)
            name = self.key.read(key, where, reader)
            read = self.value.read(value, where._replace(line=value.line, column=value.column), reader)
            if name is not None and read is not None:
                entries.append((Said(name, where), read))
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

    def read(self, tree: Tree, at: Place, reader: Reader) -> Any:
        """Read by shape; nothing said reads as an empty mapping where mappings are taken."""
        shaped: type = type(tree)
        if isinstance(tree, Scalar) and tree.is_null and self.kinds[Map]:
            shaped = Map
        kind = self.kinds[shaped]
        if kind is None:
            reader.report.error(at, f"{shape(tree)} stands where {self.wanted} is wanted")
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


class Record:
    """A section as it was written: values by snake_case key, each with its place."""

    __slots__ = ("at", "places", "values")

    def __init__(self, at: Place) -> None:
        """Start empty at a place."""
        self.at = at
        self.values: dict[str, Any] = {}
        self.places: dict[str, Place] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key, or the default where nothing (readable) was said."""
        return self.values.get(name, default)

    def place(self, name: str) -> Place:
        """Return where the key's value stands, or where the section does."""
        return self.places.get(name, self.at)

    def __contains__(self, name: str) -> bool:
        """Tell whether a readable value was said."""
        return name in self.values

    def over(self, base: Record) -> Record:
        """Return this record with what it does not say taken from `base`."""
        both = Record(self.at)
        both.values = {**base.values, **self.values}
        both.places = {**base.places, **self.places}
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
        required: bool = False,
        served: bool = True,
    ) -> None:
        """Take the snake_case name; `original` where the CamelCase is not the regular one."""
        self.name, self.kind, self.doc, self.default = name, kind, doc, default
        self.required, self.served = required, served
        self.camel = original or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


class Section(Kind):
    """A mapping with known keys. Reads to a `Record`."""

    def __init__(self, name: str, doc: str, keys: Sequence[Key] = ()) -> None:
        """Take its name (with an article where it is a noun), its meaning and its keys."""
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
        self.spellings = {word: key for key in keys for word in (key.name, key.camel)}

    def read(self, tree: Tree, at: Place, reader: Reader) -> Record | None:
        """Return what could be read of the keys; unknown, doubled and missing keys are reported."""
        record = Record(at)
        if not isinstance(tree, Map):
            if isinstance(tree, Scalar) and tree.is_null:
                return self._require(record, reader)
            reader.report.error(at, f"{shape(tree)} stands where {self.wanted} is wanted")
            return None
        for word, value in tree.entries:
            self._entry(record, word, value, reader)
        return self._require(record, reader)

    def _entry(self, record: Record, word: Scalar, value: Tree, reader: Reader) -> None:
        where = record.at.key(template.spelled(word.text), word.line, word.column)
        key = self.spellings.get(word.text)
        if key is None:
            hint = nearest(word.text, self._suggestions(word.text))
            reader.report.error(where, f"`{template.spelled(word.text)}` is no key of {self.title}", hint)
        elif not key.served:
            reader.report.error(where, f"`{word.text}` is known but not supported yet")
        elif key.name in record.places:
            first = reader.report.source_line(record.places[key.name].line)
            reader.report.error(where, f"`{word.text}` stands twice; its other spelling is in line {first}")
        else:
            self._value(record, key, where._replace(line=value.line, column=value.column), value, reader)

    def _value(self, record: Record, key: Key, at: Place, value: Tree, reader: Reader) -> None:
        record.places[key.name] = at
        read = key.kind.read(value, at, reader)
        if read is not None:
            record.values[key.name] = read

    def _suggestions(self, word: str) -> list[str]:
        camel = word[:1].isupper()
        return [key.camel if camel else key.name for key in self.keys if key.served]

    def _require(self, record: Record, reader: Reader) -> Record:
        for key in self.keys:
            if key.required and key.name not in record.places:
                word = (
                    key.camel
                    if any(name[:1].isupper() for name in record.at.path.split(".")[1:])
                    else key.name
                )
                reader.report.error(record.at, f"`{word}` is missing; it should be {key.kind.wanted}")
        return record

    def schema(self) -> Json:
        """A reference to the section's definition."""
        return {"$ref": f"#/$defs/{self.name.replace(' ', '_')}"}

    def definition(self) -> Json:
        """Return the definition itself, every key in both spellings, and in one of them at a time."""
        properties: Json = {}
        required = [
            {"anyOf": [{"required": [word]} for word in _words(key)]} for key in self.keys if key.required
        ]
        once = {
            key.camel: {"properties": {key.name: False}}
            for key in self.keys
            if key.served and key.camel != key.name
        }
        for key in self.keys:
            if key.served:
                entry = key.kind.schema() | {"description": key.doc}
                properties[key.name] = entry
                properties[key.camel] = entry
        return {
            "type": "object" if required else ["object", "null"],
            "description": self.doc,
            "properties": properties,
            "additionalProperties": False,
            "dependentSchemas": once,
            **({"allOf": required} if required else {}),
        }


def _words(key: Key) -> list[str]:
    return list(dict.fromkeys((key.name, key.camel)))


class Ptn(Kind):
    """Packet transport networks: a mapping by name, or `Networks:` as a list with `Id`.

    Reads to a list of (name as `Said`, record).
    """

    wanted = "networks by name, or a list `Networks` with `Id`"

    def __init__(self, name: ScalarKind, network: Section) -> None:
        """Take the kinds of a network's name and of the network."""
        self.networks = MapOf(name, network)
        self._list = Section("Ptn", "", [Key("networks", ListOf(network, single=False), "")])

    def read(self, tree: Tree, at: Place, reader: Reader) -> list[tuple[Said, Any]] | None:
        """Read either shape; the list's `Id` becomes the name."""
        if not isinstance(tree, Map) and not (isinstance(tree, Scalar) and tree.is_null):
            reader.report.error(at, f"{shape(tree)} stands where {self.wanted} is wanted")
            return None
        inner = tree.find("Networks", "networks") if isinstance(tree, Map) else None
        if not isinstance(inner, Seq):
            return self.networks.read(tree, at, reader)
        record = self._list.read(tree, at, reader)
        return [self._named(said.value, reader) for said in (record.get("networks", []) if record else [])]

    @staticmethod
    def _named(record: Record, reader: Reader) -> tuple[Said, Record]:
        if "id" not in record.places:
            reader.report.error(record.at, "`Id` is missing; it should be the network's name")
        return Said(record.get("id", ""), record.place("id")), record

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
