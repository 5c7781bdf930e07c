"""A change by a path of the file: as if it stood in the file, on what the network shall be by now.

The file's text is kept with each revision. It is changed at the path and read again; what that makes
of the lab is what the change is. What was changed besides (by `set` in the words of `show`, by `edit`) stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from nlan.api.edits.differences import merged
from nlan.errors import InputError, Problem
from nlan.model import Lab
from nlan.schema import Allocations, Loaded, load, vocabulary
from nlan.schema.checking.change import check_change
from nlan.schema.resolving.names import entries_of, is_short
from nlan.schema.syntax import template
from nlan.schema.syntax.emit import to_text
from nlan.schema.syntax.report import Report, nearest
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree, parse_tree
from nlan.schema.written.dump import to_plain
from nlan.schema.written.resolved_reader import Where, read_resolved, to_tree

Segments = tuple[str, ...]


class Origin(NamedTuple):
    """What a lab remembers of how it came to be.

    Attributes:
        source: Path and text of the file.
        allocations: What its names were given.
    """

    source: tuple[str, str] = ("", "")
    allocations: Allocations = Allocations()


class Changed(NamedTuple):
    """A lab that was changed by its file.

    Attributes:
        lab: As it shall be.
        origin: With the changed text.
        warnings: What the file's checks warn of, and did not before.
    """

    lab: Lab
    origin: Origin
    warnings: tuple[Problem, ...] = ()


def change_file(lab: Lab, origin: Origin, segments: Segments, value: Tree | None) -> Changed:
    """Return the lab as it is with one thing of its file changed, or removed where there is no value.

    Raises:
        InputError: The file is not known, there is no such place, or the result is no valid lab.
    """
    path = ".".join(segments)
    file, text = origin.source
    if not text:
        raise InputError([Problem(path, "the file that the lab came from is not known; see `nlan show`")])
    tree = _at_node(_tree(text, path), segments, value, path)
    changed_text = _text(tree, path)
    before = load(Path(file), lab=lab.name, allocations=origin.allocations, text=text)
    after = _load(Path(file), lab, origin, changed_text)
    known = {warning.message for warning in before.warnings}
    warnings = tuple(_bare(one) for one in after.warnings if one.message not in known)
    new = _merged(before.lab, after.lab, lab)
    return Changed(new, Origin((file, changed_text), after.allocations), warnings)


def node_in_file(origin: Origin, name: str) -> Tree:
    """Return what the file says of a node by its own name; nothing where a range or a link alone names it.

    Raises:
        InputError: The file is not known.
    """
    if not origin.source[1]:
        raise InputError([Problem(name, "the file that the lab came from is not known; see `nlan show`")])
    tree, words = _tree(origin.source[1], name), vocabulary()
    entries = entries_of(tree, is_short(tree, words), words)
    return next((value for key, value in entries if key.text == name and value is not None), _word(""))


def _load(file: Path, lab: Lab, origin: Origin, text: str) -> Loaded:
    try:
        return load(file, lab=lab.name, allocations=origin.allocations, text=text)
    except InputError as error:
        raise InputError([_bare(one) for one in error.problems if one.severity == "error"]) from None


def _bare(problem: Problem) -> Problem:
    """Return a problem without lines, which are those of no file that anybody sees."""
    return problem._replace(file="", line=0, column=0)


def _merged(before: Lab, after: Lab, now: Lab) -> Lab:
    if before == now:
        return after
    report, where = Report(""), Where()
    plain = merged(*map(to_plain, (before, after, now)))
    new = read_resolved(to_tree(plain), where, report, vocabulary())
    check_change(new, now, where, report)
    return new


def _tree(text: str, path: str) -> Map:
    report = Report("")
    marked = template.mark_names(text, report)
    tree = parse_tree(marked[0], report) if marked else None
    if not isinstance(tree, Map) or report.failed:
        raise InputError([Problem(path, "the file that the lab came from cannot be read any more")])
    return tree


# Changing the tree


def _at_node(tree: Map, segments: Segments, value: Tree | None, path: str) -> Map:
    """Change a node's part of the file, or one that belongs to none."""
    words = vocabulary()
    short = is_short(tree, words)
    names = [key.text for key, _ in entries_of(tree, short, words)]
    name, *keys = segments
    if not short or _entry(tree, name) is not None or not (_is_node(name, names) and keys):
        return _map(_put(tree, segments, value, path))
    nodes = tree.find("nodes", "Nodes")
    if nodes is None:  # they are known from links alone
        nodes = Seq(tuple(_word(one) for one in dict.fromkeys(names)), 0, 0)
    return _map(_put(tree, ("nodes",), _in_nodes(nodes, name, tuple(keys), value, path), path))


def _is_node(name: str, names: Iterable[str]) -> bool:
    from nlan.schema.syntax.ranges import expand_names
    from nlan.schema.syntax.report import Muted, Position

    return any(name in expand_names(one, Position(), Muted()) for one in names)


def _in_nodes(nodes: Tree, name: str, keys: Segments, value: Tree | None, path: str) -> Tree:
    """Change one node; where a list or a range names it, it gets an entry of its own, which wins."""
    if isinstance(nodes, Map):
        return _put(nodes, (name, *keys), value, path)
    items: list[Tree] = list(nodes.items) if isinstance(nodes, Seq) else [nodes]
    for number, item in enumerate(items):
        if isinstance(item, Map) and item.find(name) is not None:
            items[number] = _put(item, (name, *keys), value, path)
            break
        if isinstance(item, Scalar) and item.text == name:
            items[number] = _put(Map((), 0, 0), (name, *keys), value, path)
            break
    else:
        items.append(_put(Map((), 0, 0), (name, *keys), value, path))
    return Seq(tuple(items), 0, 0)


def _put(tree: Tree, segments: Segments, value: Tree | None, path: str) -> Tree:
    """Return the tree with the value at the place; mappings on the way are made."""
    if not segments:
        return _word("") if value is None else value
    if isinstance(tree, Scalar) and tree.is_null:
        tree = Map((), 0, 0)
    if isinstance(tree, Scalar):
        tree = _opened(tree, segments[0], path)
    if isinstance(tree, Seq):
        return _put_item(tree, segments, value, path)
    return _put_entry(_map(tree), segments, value, path)


def _opened(tree: Scalar, segment: str, path: str) -> Tree:
    """Return what a single word stands for: a list of one, or a link without options."""
    if segment.isdecimal():
        return Seq((tree,), 0, 0)
    if "--" in tree.text:
        return Map(((_word("link"), tree),), 0, 0)
    raise InputError([Problem(path, f"`{template.spelled(tree.text)}` holds nothing further")])


def _put_item(tree: Seq, segments: Segments, value: Tree | None, path: str) -> Seq:
    items, word = list(tree.items), segments[0]
    if not word.isdecimal() or len(word) > 6 or int(word) > len(items):
        message = f"there is no item {word}; the file's list has {len(items)}, counted from 0"
        raise InputError([Problem(path, message)])
    number = int(word)
    if value is None and len(segments) == 1 and number < len(items):
        del items[number]
    else:
        there = items[number] if number < len(items) else _word("")
        items[number : number + 1] = [_put(there, segments[1:], value, path)]
    return Seq(tuple(items), 0, 0)


def _put_entry(tree: Map, segments: Segments, value: Tree | None, path: str) -> Map:
    entries, number = list(tree.entries), _entry(tree, segments[0])
    if value is None and len(segments) == 1 and number is not None:
        del entries[number]
    elif value is None and number is None:
        words = [key.text for key, _ in entries]
        hint = nearest(segments[0], words)
        raise InputError([Problem(path, f"the file says nothing of `{segments[0]}`", hint=hint)])
    elif number is None:
        entries.append((_word(segments[0]), _put(_word(""), segments[1:], value, path)))
    else:
        key, there = entries[number]
        entries[number] = key, _put(there, segments[1:], value, path)
    return Map(tuple(entries), 0, 0)


def _entry(tree: Map, word: str) -> int | None:
    """Return the number of the entry of a key, in either of its spellings."""
    folded = _fold(word)
    words = [key.text for key, _ in tree.entries]
    if word in words:
        return words.index(word)
    return next((n for n, text in enumerate(words) if _fold(text) == folded), None)


def _fold(word: str) -> str:
    return word.replace("_", "").lower()


def _map(tree: Tree) -> Map:
    assert isinstance(tree, Map)
    return tree


def _word(text: str) -> Scalar:
    return Scalar(text, True, 0, 0)


# Back to a text


def _text(tree: Map, path: str) -> str:
    """Return the tree as YAML; what means the same to whoever reads it again."""
    text = to_text(tree)
    if _without_lines(_tree(text, path)) != _without_lines(tree):
        message = "the file's templates leave no text that could be changed; `nlan edit` changes the lab"
        raise InputError([Problem(path, message)])
    return text


def _without_lines(tree: Tree) -> Any:
    match tree:
        case Map():
            return [(key.text, _without_lines(value)) for key, value in tree.entries]
        case Seq():
            return tuple(map(_without_lines, tree.items))
        case Scalar():
            return None if tree.is_null else (tree.text, tree.plain)
