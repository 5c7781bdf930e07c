"""One thing of a running lab changed by its path: in the words of `nlan show`, or in those of the file.

A path that `show` prints changes the lab itself. One that only a file has (``r1.asn``, ``r1.hosts``,
``networks.wan.cost``) changes the file that the lab came from, and with it all that follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from nlan.api.edits.changes import SETTINGS, segments_of, value_of, with_value, without_value
from nlan.api.edits.written import Changed, Origin, change_file
from nlan.api.environment.context import engines
from nlan.errors import InputError, Problem
from nlan.expand import expand
from nlan.model import Interface, Lab, Node
from nlan.schema import vocabulary
from nlan.schema.syntax.report import nearest
from nlan.schema.syntax.tree import Map
from nlan.schema.written import table
from nlan.schema.written.resolved_reader import fields_by_word, shape_of, word_of
from nlan.schema.written.sections import Section
from nlan.services.links.written import LINK
from tega.paths import format_path

Segments = tuple[str, ...]


def set_by_path(lab: Lab, origin: Origin, path: str, text: str) -> Changed:
    """Return the lab with a value, given as YAML, at a path.

    Raises:
        InputError: There is no such place, the result is no valid lab, or nothing depends on it.
    """
    value, segments = value_of(path, text), _segments(lab, path)
    shown = _shown_path(lab, segments, may_be_new=isinstance(value, Map))
    if shown is None:
        changed = change_file(lab, origin, segments, value)
    else:
        new = _same_mtu(with_value(lab, format_path(shown), text), lab)
        changed = Changed(new, origin)
    _check_effect(changed.lab, lab, path, shown or ())
    return changed


def unset_by_path(lab: Lab, origin: Origin, path: str) -> Changed:
    """Return the lab without what is at a path.

    Raises:
        InputError: Nothing is there, the result is no valid lab, or nothing depends on it.
    """
    segments = _segments(lab, path)
    shown = _shown_path(lab, segments)
    if shown is None:
        changed = change_file(lab, origin, segments, None)
    else:
        changed = Changed(without_value(lab, format_path(shown)), origin)
    _check_effect(changed.lab, lab, path, shown or ())
    return changed


def _segments(lab: Lab, path: str) -> Segments:
    """Return the segments of a path; a node needs no ``nodes`` before it."""
    first, *rest = segments_of(path)
    names = {node.name for node in lab.nodes}
    return (
        tuple(rest)
        if first == "nodes" and first not in names and rest[:1] and rest[0] in names
        else (first, *rest)
    )


def _check_effect(new: Lab, before: Lab, path: str, shown: Segments) -> None:
    """Refuse a change that no part of the network follows; the same value again is no change."""
    if new == before or expand(new, engines()) != expand(before, engines()):
        return
    raise InputError([Problem(path, "nothing of the network depends on it", hint=_instead(before, shown))])


def _instead(lab: Lab, shown: Segments) -> str:
    """Return what to change in the place of an interface's MTU, which is its link's or LAN's."""
    if len(shown) != 4 or shown[1] != "interfaces" or shown[3] != "mtu":
        return ""
    name = lab.node(shown[0]).interfaces[int(shown[2])].name
    for number, link in enumerate(lab.links):
        if any((end.node, end.interface) == (shown[0], name) for end in (link.a, link.b)):
            return f"both ends have their link's, `links.{number}.mtu`"
    for number, lan in enumerate(lab.lans):
        if any((end.node, end.interface) == (shown[0], name) for end in lan.ports):
            return f"all ports have their LAN's, `lans.{number}.mtu`"
    return ""


def _same_mtu(new: Lab, before: Lab) -> Lab:
    """Return the lab with the interfaces of links and LANs whose MTU was changed brought to it."""
    wanted: dict[tuple[str, str], int] = {}
    for link, old in zip(new.links, before.links, strict=False):
        if link.mtu != old.mtu:
            wanted |= dict.fromkeys(((end.node, end.interface) for end in (link.a, link.b)), link.mtu)
    for lan, former in zip(new.lans, before.lans, strict=False):
        if lan.mtu != former.mtu:
            wanted |= dict.fromkeys(((end.node, end.interface) for end in lan.ports), lan.mtu)
    if not wanted:
        return new

    def sized(node: Node, interface: Interface) -> Interface:
        mtu = wanted.get((node.name, interface.name), interface.mtu)
        return msgspec.structs.replace(interface, mtu=mtu)

    nodes = (
        msgspec.structs.replace(node, interfaces=tuple(sized(node, one) for one in node.interfaces))
        for node in new.nodes
    )
    return msgspec.structs.replace(new, nodes=tuple(nodes))


# Whose words a path is in


def _shown_path(lab: Lab, segments: Segments, *, may_be_new: bool = False) -> Segments | None:
    """Return the path as `nlan show` has it, with ``lab`` before a setting; None where it is the file's.

    Raises:
        InputError: It is neither's.
    """
    first, names = segments[0], {node.name for node in lab.nodes}
    if first in names:
        known = _known(Node, segments[1:])
        if known.all:
            return (first, *known.path)
        return _of_file(segments, known._replace(path=(first, *known.path)), table.NODE, at=1)
    if first == SETTINGS:
        known = _known(Lab, segments[1:])
        return (first, *known.path) if known.all else segments
    known = _known(Lab, segments)
    if known.all and first != "nodes":
        return (SETTINGS, *known.path)
    if first == "links" and known.depth == 2:
        return _of_file(segments, known, LINK, at=2)
    if (
        len(segments) == 1
        and first not in vocabulary().spellings(table.LAB)
        and not known.depth
        and may_be_new
    ):
        return segments  # a node that is not there yet
    return _of_file(segments, known, table.LAB, at=0, more=names)


class _Known(NamedTuple):
    """The segments of a path that are `show`'s, in its words; whether all are; which could follow."""

    path: Segments
    all: bool
    words: tuple[str, ...]

    @property
    def depth(self) -> int:
        """How many they are."""
        return len(self.path)


def _known(kind: type, segments: Segments) -> _Known:
    inner: Any = shape_of(kind)
    path: Segments = ()
    for segment in segments:
        inner = _some(inner)
        words: tuple[str, ...] = ()
        match inner:
            case inspect.StructType():
                fields = fields_by_word(inner)
                words = tuple(fields)
                field = fields.get(segment)
                if field is None:
                    return _Known(path, False, words)
                inner, segment = field.type, word_of(inner, field)
            case inspect.VarTupleType() if segment.isdecimal():
                inner = inner.item_type
            case inspect.DictType():
                inner = inner.value_type
            case _:
                return _Known(path, False, words)
        path = (*path, segment)
    return _Known(path, True, ())


def _some(kind: Any) -> Any:
    if isinstance(kind, inspect.UnionType):
        return next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _of_file(
    segments: Segments, known: _Known, section: Section, *, at: int, more: Iterable[str] = ()
) -> Segments | None:
    """Return None where a file has the key at `at`, and the path itself where `show` has it.

    What stands below a key of `show` is for its reading to judge.
    """
    word = segments[at]
    words = vocabulary()
    key = words.spellings(section).get(word)
    if known.depth > at or (known.depth == at and word in known.words):
        return (SETTINGS, *segments) if section is not table.NODE else segments
    if key is not None and key.served:
        return None
    served = [one.name for one in words.keys(section) if one.served]
    hint = nearest(word, [*more, *known.words, *served])
    path = format_path(segments[: at + 1])
    what = f"no node and no key of the file is called `{word}`" if at == 0 else f"there is no `{word}`"
    raise InputError([Problem(path, what, hint=hint)])
