"""Trees that stand where something of the user's stands."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.importers.base import Map, Scalar, Seq, Tree
from nlan.schema.syntax.template import BRACE, CLOSE, OPEN

Entry = tuple[str, Tree]


def word(text: str, at: Tree) -> Scalar:
    """Return a word that stands at a place."""
    return Scalar(text, True, at.line, at.column)


def text(lines: str, at: Tree) -> Scalar:
    """Return a text that stands at a place."""
    return Scalar(lines, False, at.line, at.column)


def sequence(items: Iterable[Tree], at: Tree) -> Seq:
    """Return a list that begins at a place."""
    return Seq(tuple(items), at.line, at.column)


def mapping(entries: Iterable[Entry], at: Tree) -> Map:
    """Return a mapping that begins at a place; each key stands where its value does."""
    return Map(tuple((word(key, value), value) for key, value in entries), at.line, at.column)


def address_of(node: str, at: Tree) -> Scalar:
    """Return what stands for a node's underlay address."""
    return word(f"{OPEN}{BRACE}{node}{CLOSE}", at)
