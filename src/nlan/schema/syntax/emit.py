"""Trees back to YAML: what means the same to whoever reads it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlan.schema.syntax.template import spelled
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree


def to_text(tree: Tree) -> str:
    """Return the tree as YAML, lines and columns forgotten."""
    import yaml

    text: str = yaml.emit(_document(tree), allow_unicode=True, width=1_000_000)
    return text


def _document(tree: Tree) -> Iterator[Any]:
    import yaml

    yield yaml.StreamStartEvent()
    yield yaml.DocumentStartEvent(explicit=False)
    yield from _events(tree)
    yield yaml.DocumentEndEvent(explicit=False)
    yield yaml.StreamEndEvent()


def _events(tree: Tree) -> Iterator[Any]:
    import yaml

    match tree:
        case Map():
            yield yaml.MappingStartEvent(None, None, True, flow_style=not tree.entries)
            for key, value in tree.entries:
                yield from _events(key)
                yield from _events(value)
            yield yaml.MappingEndEvent()
        case Seq():
            yield yaml.SequenceStartEvent(None, None, True, flow_style=not tree.items)
            for item in tree.items:
                yield from _events(item)
            yield yaml.SequenceEndEvent()
        case Scalar():
            text = spelled(tree.text)
            style = None if tree.plain else "|" if "\n" in text else '"'
            yield yaml.ScalarEvent(None, None, (tree.plain, not tree.plain), text, style=style)
