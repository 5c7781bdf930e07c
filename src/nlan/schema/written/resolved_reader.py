"""The lab as `nlan show` prints it, read back: every problem at once, by path and, in a text, by line.

The counterpart of `dump`. A path begins with the node's name, ``r1.router.bgp.asn``; an item of a
list is its number, counted from zero. Values are as in files, and so are the messages about wrong ones.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from msgspec import inspect

from nlan.model import Lab, Node, from_json, lab
from nlan.model.codec import Base, IpAddress, IpInterface, IpNetwork
from nlan.model.stored import installed
from nlan.schema.syntax.report import Position, Report, nearest
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree
from nlan.schema.written import common
from nlan.schema.written.addresses import Address, Interface, Ipv4, Prefix
from nlan.schema.written.kinds import Reader, ScalarKind, shape
from nlan.schema.written.numbers import Integer, Number, Size
from nlan.schema.written.scalars import Bool, Choice, Installed, Line, Text
from nlan.schema.written.sections import Vocabulary
from nlan.schema.written.table import DATAPLANES, RUNTIMES
from nlan.secrets import Secret
from tega.paths import format_path

Path = tuple[str, ...]

TITLES: dict[type, str] = {
    Lab: "a lab",
    Node: "a node",
    lab.Link: "a link",
    lab.Lan: "a LAN",
    lab.Endpoint: "a link's end",
    lab.Interface: "an interface",
    lab.Underlay: "the underlay",
    lab.Limits: "limits",
}
FIELDS: dict[tuple[type, str], ScalarKind[object]] = {
    (Lab, "name"): common.NAME,
    (Lab, "dataplane"): Installed(DATAPLANES),
    (Lab, "runtime"): Installed(RUNTIMES),
    (Node, "runtime"): Installed(RUNTIMES),
    (Node, "name"): common.NAME,
    (Node, "sysctls"): common.SYSCTL_VALUE,
    (lab.Link, "name"): Line("a link's name", word=True),
    (lab.Link, "mtu"): common.MTU,
    (lab.Lan, "name"): common.NAME,
    (lab.Lan, "mtu"): common.MTU,
    (lab.Interface, "mtu"): common.MTU,
    (lab.Interface, "name"): common.IFNAME,
    (lab.Underlay, "mtu"): common.MTU,
    (lab.Limits, "memory"): Size(),
    (lab.Limits, "pids"): Integer(1, 2**22, "number of processes"),
}
"""What a field takes beyond its type: a range, a pattern, words. Services contribute those of theirs."""
TYPES: dict[object, ScalarKind[object]] = {
    IpAddress: Address(),
    IpInterface: Interface(),
    IpNetwork: Prefix(),
    ipaddress.IPv4Address: Ipv4("an IPv4 address such as `192.0.2.1`"),
}


_SETTINGS = frozenset(Lab.__struct_fields__)


class Where:
    """Where a path stands: in words, and in a text."""

    def __init__(self, tree: Tree | None = None, settings: Path = ()) -> None:
        """Take what is read, for its lines, and the path of what belongs to no node."""
        self._settings = settings
        self._marks = dict(_marks(tree, ())) if tree is not None else {}

    def __call__(self, path: Path) -> Position:
        """Return the position of a path; one without a line of its own has that of the whole around it."""
        of_node = bool(path) and path[0] not in _SETTINGS
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self._marks), None)
        line, column = self._marks[known] if known is not None else (0, 0)
        return Position(format_path(path if of_node else (*self._settings, *path)), line, column)


def to_tree(value: object) -> Tree:
    """Return plain JSON as a tree without lines; a tree in it stays as it is."""
    match value:
        case Scalar() | Seq() | Map():
            return value
        case dict():
            entries = ((Scalar(str(key), False, 0, 0), to_tree(inner)) for key, inner in value.items())
            return Map(tuple(entries), 0, 0)
        case list():
            return Seq(tuple(map(to_tree, value)), 0, 0)
        case None | bool():
            return Scalar({None: "null", True: "true", False: "false"}[value], True, 0, 0)
        case _:
            return Scalar(str(value), not isinstance(value, str), 0, 0)


def read_resolved(tree: Tree, where: Where, report: Report, vocabulary: Vocabulary) -> Lab:
    """Return the lab that a tree of the model's own keys describes, its parts checked, not the whole.

    Raises:
        InputError: With every problem.
    """
    plain = _Reading(report, where, vocabulary).read(tree, shape_of(Lab), ())
    report.stop_if_failed()
    return from_json(plain, Lab)


def shape_of(kind: type) -> inspect.Type:
    """Return what a type of the model is made of where it is written."""
    return inspect.type_info(installed().type_of(kind))


def model_of(kind: inspect.StructType) -> type:
    """Return the type of the model."""
    return installed().model_of(kind.cls)


def fields_by_word(kind: inspect.StructType) -> dict[str, inspect.Field]:
    """Return the fields of a part of the model by all words that mean them; `show`'s comes first."""
    return {word_of(kind, field): field for field in kind.fields} | {
        field.name: field for field in kind.fields
    }


def word_of(kind: inspect.StructType, field: inspect.Field) -> str:
    """Return the word that `show` prints for a field."""
    return _words(kind).get(field.name, field.name)


def _words(kind: inspect.StructType) -> Mapping[str, str]:
    found = model_of(kind)
    return found.words if issubclass(found, Base) else {}


class _Reading:
    """Reads by the model's types; what is wrong is reported, and None stands for it."""

    def __init__(self, report: Report, where: Where, vocabulary: Vocabulary) -> None:
        self._report, self._where = report, where
        self._reader = Reader(report, lambda _: None, vocabulary)
        self._titles = TITLES | vocabulary.titles
        self._fields = FIELDS | vocabulary.fields

    def read(
        self, tree: Tree, kind: inspect.Type, path: Path, scalar: ScalarKind[object] | None = None
    ) -> object:
        """Return plain JSON that fits the type."""
        match kind:
            case inspect.UnionType():
                empty = isinstance(tree, Scalar) and tree.is_null
                return None if empty else self.read(tree, _some(kind), path, scalar)
            case inspect.StructType():
                return self._struct(tree, kind, path)
            case inspect.VarTupleType():
                return self._list(tree, kind, path, scalar)
            case inspect.DictType():
                return self._settings(tree, path, scalar)
            case _:
                value = (scalar or _kind_of(kind)).read(tree, self._where(path), self._reader)
                if isinstance(value, Secret):
                    return value.reveal()
                return str(value) if isinstance(kind, inspect.CustomType) else value

    def _struct(self, tree: Tree, kind: inspect.StructType, path: Path) -> object:
        title = self._titles[model_of(kind)]
        if not isinstance(tree, Map):
            self._wrong(path, f"expected {title} (a mapping), got {shape(tree)}")
            return None
        words = fields_by_word(kind)
        fields = {field.encode_name: field for field in kind.fields}
        found: dict[str, object] = {}
        for key, inner in tree.entries:
            word = key.text
            if word in words:
                word = words[word].encode_name
            if word in found:
                self._wrong((*path, key.text), f"`{key.text}` is said twice")
            elif word not in fields:
                hint = nearest(word, words)
                self._wrong((*path, word), f"`{word}` is no key of {title}", hint)
            elif model_of(kind) is Lab and word == "nodes":
                found[word] = self._nodes(inner, fields[word].type)
            else:
                scalar = self._fields.get((model_of(kind), word))
                found[word] = self.read(inner, fields[word].type, (*path, key.text), scalar)
        for word, field in fields.items():
            if field.required and word not in found:
                wanted = self._wanted(field.type, self._fields.get((model_of(kind), word)))
                written = _words(kind).get(word, word)
                self._wrong(path, f"`{written}` is required: {wanted}")
        return found

    def _nodes(self, tree: Tree, kind: inspect.Type) -> object:
        if not isinstance(tree, Seq):
            self._wrong(("nodes",), f"expected a list of nodes, got {shape(tree)}")
            return None
        inner = kind.item_type if isinstance(kind, inspect.VarTupleType) else kind
        return [self.read(item, inner, _node_path(item, n)) for n, item in enumerate(tree.items)]

    def _list(
        self, tree: Tree, kind: inspect.VarTupleType, path: Path, scalar: ScalarKind[object] | None
    ) -> object:
        if not isinstance(tree, Seq):
            wanted = self._wanted(kind.item_type, scalar)
            self._wrong(path, f"expected a list, each item {wanted}, got {shape(tree)}")
            return None
        items = enumerate(tree.items)
        return [self.read(item, kind.item_type, (*path, str(n)), scalar) for n, item in items]

    def _settings(self, tree: Tree, path: Path, scalar: ScalarKind[object] | None) -> object:
        if not isinstance(tree, Map):
            self._wrong(path, f"expected a mapping, got {shape(tree)}")
            return None
        found = {}
        for key, inner in tree.entries:
            at = self._where((*path, key.text))
            name = common.SYSCTL.read(key, at, self._reader)
            found[name] = self.read(inner, inspect.StrType(), (*path, key.text), scalar)
        return found

    def _wanted(self, kind: inspect.Type, scalar: ScalarKind[object] | None) -> str:
        match kind:
            case inspect.StructType():
                return f"{self._titles[model_of(kind)]} (a mapping)"
            case inspect.VarTupleType():
                return f"a list, each item {self._wanted(kind.item_type, scalar)}"
            case inspect.DictType():
                return "a mapping"
            case inspect.UnionType():
                return self._wanted(_some(kind), scalar)
            case _:
                return (scalar or _kind_of(kind)).wanted

    def _wrong(self, path: Path, message: str, hint: str = "") -> None:
        self._report.error(self._where(path), message, hint)


def _node_path(tree: Tree, number: int) -> Path:
    """Return the path of a node: its name, or its number where it has none."""
    name = tree.find("name") if isinstance(tree, Map) else None
    named = isinstance(name, Scalar) and name.text not in _SETTINGS
    return (name.text,) if isinstance(name, Scalar) and named else ("nodes", str(number))


def _marks(tree: Tree, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Yield the line and column of each path that has any; a key's are those of its value's key."""
    match tree:
        case Map():
            for key, inner in tree.entries:
                yield (*path, key.text), (key.line, key.column)
                yield from _marks(inner, (*path, key.text))
        case Seq():
            for number, item in enumerate(tree.items):
                below = _node_path(item, number) if path == ("nodes",) else (*path, str(number))
                yield below, (item.line, item.column)
                yield from _marks(item, below)


def _some(kind: inspect.UnionType) -> inspect.Type:
    return next(one for one in kind.types if not isinstance(one, inspect.NoneType))


def _kind_of(kind: inspect.Type) -> ScalarKind[object]:
    match kind:
        case inspect.CustomType():
            return TYPES[kind.cls]
        case inspect.LiteralType():
            return Choice(*map(str, kind.values))
        case inspect.BoolType():
            return Bool()
        case inspect.FloatType():
            return Number()
        case _:
            return Text()
