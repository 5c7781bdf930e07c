"""Changes of a lab's desired state without its file: one value, an edited text, an earlier revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from nlan.api.edits.differences import SECRETS
from nlan.errors import InputError, NotFoundError, Problem
from nlan.model import Lab, Node
from nlan.schema import vocabulary
from nlan.schema.checking.change import check_change
from nlan.schema.syntax.report import Report, listed, nearest
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree, parse_tree
from nlan.schema.written.dump import to_plain
from nlan.schema.written.kinds import shape
from nlan.schema.written.resolved_reader import Where, read_resolved, to_tree
from nlan.secrets import HIDDEN, Marks, hide
from nlan.state import LabState
from tega.errors import InvalidPath
from tega.paths import parse_path

MOST_LISTED = 8
"""Revisions in an error."""
MOST_DIGITS = 9
"""Of the number of a list's item."""

SETTINGS = "lab"
"""First segment of a path into what belongs to no node."""


def with_value(lab: Lab, path: str, text: str) -> Lab:
    """Return the lab with one thing changed.

    Args:
        lab: The lab as it shall be now.
        path: A node's name (or ``lab``), then keys as `nlan show` prints them; an item of a list by
            its number from 0, the number after the last appends.
        text: The value, as YAML.

    Raises:
        InputError: There is no such place, or the result is no valid lab.
    """
    value = value_of(path, text)
    document, segments = _document(lab), segments_of(path)
    _put(_descend(document, segments[:-1], path, make=True), segments[-1], value, path)
    return _lab(document, lab)


def without_value(lab: Lab, path: str) -> Lab:
    """Return the lab with one thing removed: a value, an item of a list, a whole node.

    Raises:
        InputError: There is no such place, or the result is no valid lab.
    """
    document, segments = _document(lab), segments_of(path)
    holder = _descend(document, segments[:-1], path)
    key = _index(holder, segments[-1], path) if isinstance(holder, list) else segments[-1]
    try:
        del holder[key]
    except (KeyError, IndexError, TypeError):
        raise _nothing(segments[-1], holder, path, node=len(segments) == 1) from None
    return _lab(document, lab)


def edited(
    lab: Lab, text: str, *, node: str | None = None, file: str = "", marks: Marks | None = None
) -> Lab:
    """Return the lab as a text of `nlan show`, edited, describes it.

    Args:
        lab: The lab as it shall be now.
        text: Of the whole lab, or of a lab with one node.
        node: That node; what the text says of the lab itself counts for nothing.
        file: Where the text is, for messages.
        marks: What stands in it for keys.

    Raises:
        InputError: It is invalid YAML, or no valid lab.
    """
    report = Report(file)
    tree = parse_tree(text, report)
    report.stop_if_failed()
    assert tree is not None
    where = Where(tree)
    if marks is not None:
        tree = _mapped(tree, lambda scalar: scalar._replace(text=marks.reveal(scalar.text)))
    new = read_resolved(tree, where, report, vocabulary())
    if node is not None:
        if len(new.nodes) != 1:
            report.error(where(("nodes",)), f"{len(new.nodes)} nodes stand where {node} alone is wanted")
        report.stop_if_failed()
        new = _with_node(lab, node, new.nodes[0])
    return _checked(new, lab, where, report)


def _checked(new: Lab, before: Lab, where: Where, report: Report) -> Lab:
    if new.name != before.name:
        report.error(
            where(("name",)), f"`{new.name}` stands where the lab's name, {before.name}, has to stay"
        )
    check_change(new, before, where, report)
    return new


def _with_node(lab: Lab, name: str, new: Node) -> Lab:
    nodes = tuple(new if one.name == name else one for one in lab.nodes)
    return msgspec.structs.replace(lab, nodes=nodes)


def at_revision(state: LabState, revision: int) -> Lab:
    """Return the lab as a revision describes it.

    Raises:
        NotFoundError: There is no such revision, or it is not kept any more.
    """
    lab = state.lab(revision)
    kept = [one.revision for one in state.revisions()]
    if lab is None or revision not in kept:
        near = listed([str(one) for one in sorted(kept)[-MOST_LISTED:]])
        raise NotFoundError(f"{revision} is no revision of the lab; `nlan history` lists them: {near}")
    return lab


def value_of(path: str, text: str) -> Tree:
    """Return the value that a text spells, without lines: a value has its path."""
    if not text.strip():
        return Scalar("", True, 0, 0)
    report = Report("")
    tree = parse_tree(text, report)
    if tree is None or report.failed:
        raise InputError([problem._replace(path=path, line=0, column=0) for problem in report.problems()])
    return _mapped(tree, lambda scalar: scalar._replace(line=0, column=0))


def _mapped(tree: Tree, change: Callable[[Scalar], Scalar]) -> Tree:
    """Return the tree with every word of it changed."""
    match tree:
        case Map():
            pairs = ((change(key), _mapped(inner, change)) for key, inner in tree.entries)
            return Map(tuple(pairs), 0, 0)
        case Seq():
            return Seq(tuple(_mapped(inner, change) for inner in tree.items), 0, 0)
        case Scalar():
            return change(tree)


def words_of(path: str, value: str) -> str:
    """Return path and value of a change in words, for whoever may read them: keys and passwords hidden."""
    tree = value_of(path, value)
    is_secret = path.rpartition(".")[2] in SECRETS or any(word in SECRETS for word in _keys(tree))
    return f"{path} {HIDDEN if is_secret else hide(value)}"


def _keys(tree: Tree) -> Iterator[str]:
    match tree:
        case Map():
            for key, inner in tree.entries:
                yield key.text
                yield from _keys(inner)
        case Seq():
            for inner in tree.items:
                yield from _keys(inner)


def _document(lab: Lab) -> dict[str, Any]:
    settings = to_plain(lab)
    nodes = {node["name"]: node for node in settings.pop("nodes", [])}
    return {_settings_key(lab): settings, **nodes}


def _settings_key(lab: Lab) -> str:
    """Return the first segment of what belongs to no node; no path has it where a node is called so."""
    return "" if any(node.name == SETTINGS for node in lab.nodes) else SETTINGS


def _lab(document: dict[str, Any], before: Lab) -> Lab:
    """Return the lab of a changed document, in which trees stand for what was put there."""
    whole = _mapping(document.pop(_settings_key(before), {}), SETTINGS, "the lab's settings")
    if whole.find("nodes") is not None:
        raise InputError([Problem(f"{SETTINGS}.nodes", "a node is said by its name alone, such as `pe1`")])
    nodes = [_named(name, _mapping(node, name, "a node")) for name, node in document.items()]
    tree = Map((*whole.entries, (_word("nodes"), Seq(tuple(nodes), 0, 0))), 0, 0)
    report, where = Report(""), Where(settings=(SETTINGS,))
    new = read_resolved(tree, where, report, vocabulary())
    return _checked(new, before, where, report)


def _mapping(value: Any, path: str, wanted: str) -> Map:
    tree = to_tree(value)
    if not isinstance(tree, Map):
        raise InputError([Problem(path, f"expected {wanted} (a mapping), got {shape(tree)}")])
    return tree


def _named(name: str, node: Map) -> Map:
    """Return the node with its name, where it says none itself."""
    if node.find("name") is not None:
        return node
    return Map(((_word("name"), _word(name)), *node.entries), 0, 0)


def _word(text: str) -> Scalar:
    return Scalar(text, False, 0, 0)


def segments_of(path: str) -> tuple[str, ...]:
    """Return the segments of a path, of which there is one at least."""
    try:
        segments = parse_path(path)
    except InvalidPath as error:
        raise InputError([Problem(path, str(error))]) from error
    if not segments:
        raise InputError([Problem(path, "a path is wanted, such as `pe1.asn`")])
    return segments


def _descend(value: Any, segments: tuple[str, ...], path: str, *, make: bool = False) -> Any:
    """Return what is at the path; with `make`, a mapping that is not there yet is made.

    Whether its key is one is for the reading of the whole to say.
    """
    for depth, segment in enumerate(segments):
        if make and depth and isinstance(value, dict):
            value.setdefault(segment, {})
        try:
            value = value[_index(value, segment, path) if isinstance(value, list) else segment]
        except (KeyError, IndexError, TypeError):
            raise _nothing(segment, value, path, node=depth == 0) from None
    return value


def _index(items: list[Any], segment: str, path: str) -> int:
    if not segment.isdecimal() or len(segment) > MOST_DIGITS:
        raise InputError([Problem(path, f"expected the number of a list's item, got `{segment}`")])
    return int(segment)


def _put(holder: Any, segment: str, value: Tree, path: str) -> None:
    if isinstance(holder, list):
        at = _index(holder, segment, path)
        if at > len(holder):
            raise InputError([Problem(path, f"{_items(holder)}; the next is number {len(holder)}")])
        holder[at : at + 1] = [value]
    elif isinstance(holder, dict):
        holder[segment] = value
    else:
        raise InputError([Problem(path, f"`{holder}` holds nothing further")])


def _nothing(segment: str, holder: Any, path: str, *, node: bool) -> InputError:
    """Return the error that nothing is there, with what is."""
    if isinstance(holder, list):
        return InputError([Problem(path, f"there is no item {segment}; {_items(holder)}")])
    if not isinstance(holder, dict):
        return InputError([Problem(path, f"`{holder}` holds nothing further")])
    hint = nearest(segment, holder)
    if node:
        return InputError([Problem(path, f"no node is called `{segment}`", hint=hint)])
    instead = f"; there is {listed([f'`{word}`' for word in holder])}" if holder and not hint else ""
    return InputError([Problem(path, f"there is no `{segment}`{instead}", hint=hint)])


def _items(items: list[Any]) -> str:
    return f"the list has {len(items)} item{'' if len(items) == 1 else 's'}"
