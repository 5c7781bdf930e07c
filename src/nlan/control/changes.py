"""Changes of a lab's desired state without its file: one value, an edited text, an earlier revision."""

from __future__ import annotations

from typing import Any

import msgspec

from nlan.errors import InputError, NotFoundError, Problem
from nlan.model import Lab, from_json, to_builtins
from nlan.schema import check
from tega.errors import InvalidPath
from tega.paths import parse_path

SETTINGS = "lab"
"""First segment of a path into what belongs to no node."""


def with_value(lab: Lab, path: str, value: Any) -> Lab:
    """Return the lab with one thing changed.

    Args:
        lab: The lab as it shall be now.
        path: A node's name (or ``lab``), then keys as `nlan show` prints them; an item of a list by
            its number from 0, the number after the last appends.
        value: Plain JSON.

    Raises:
        InputError: There is no such place, or the result is no valid lab.
    """
    document, segments = _document(lab), _segments(path)
    holder = _descend(document, segments[:-1], path)
    _put(holder, segments[-1], value, path)
    return _lab(document, path)


def without_value(lab: Lab, path: str) -> Lab:
    """Return the lab with one thing removed: a value, an item of a list, a whole node.

    Raises:
        InputError: There is no such place, or the result is no valid lab.
    """
    document, segments = _document(lab), _segments(path)
    holder = _descend(document, segments[:-1], path)
    key = _index(holder, segments[-1], path) if isinstance(holder, list) else segments[-1]
    try:
        del holder[key]
    except (KeyError, IndexError, TypeError):
        raise InputError([Problem(path, f"there is nothing{_instead(holder)}")]) from None
    return _lab(document, path)


def from_text(text: str) -> Lab:
    """Return the lab that a text of `nlan show`, edited, describes.

    Raises:
        InputError: It is no YAML, or no valid lab.
    """
    import yaml

    try:
        return checked(from_json(yaml.safe_load(text), Lab))
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise InputError(f"the edited text: {error}") from error


def at_revision(lab: Lab | None, revision: int) -> Lab:
    """Return the lab, which must have existed at the revision.

    Raises:
        NotFoundError: It did not.
    """
    if lab is None:
        raise NotFoundError(f"revision {revision} describes no lab; `nlan history` lists those that do")
    return lab


def checked(lab: Lab) -> Lab:
    """Return the lab if it makes sense.

    Raises:
        InputError: With every problem that the checks of files find.
    """
    problems = [problem for problem in check(lab) if problem.severity == "error"]
    if problems:
        raise InputError(problems)
    return lab


def _document(lab: Lab) -> dict[str, Any]:
    settings = to_builtins(lab)
    nodes = {node["name"]: node for node in settings.pop("nodes", [])}
    return {SETTINGS: settings, **nodes}


def _lab(document: dict[str, Any], path: str) -> Lab:
    settings = dict(document.pop(SETTINGS, {}))
    settings["nodes"] = [{"name": name, **node} for name, node in document.items()]
    try:
        return checked(from_json(settings, Lab))
    except (msgspec.ValidationError, ValueError) as error:
        raise InputError([Problem(path, str(error))]) from error


def _segments(path: str) -> tuple[str, ...]:
    try:
        segments = parse_path(path)
    except InvalidPath as error:
        raise InputError([Problem(path, str(error))]) from error
    if not segments:
        raise InputError([Problem(path, "a path is wanted, such as `pe1.router.bgp.asn`")])
    return segments


def _descend(value: Any, segments: tuple[str, ...], path: str) -> Any:
    for segment in segments:
        try:
            value = value[_index(value, segment, path) if isinstance(value, list) else segment]
        except (KeyError, IndexError, TypeError):
            raise InputError([Problem(path, f"there is no `{segment}`{_instead(value)}")]) from None
    return value


def _index(items: list[Any], segment: str, path: str) -> int:
    if not segment.isdecimal():
        raise InputError([Problem(path, f"`{segment}` stands where the number of a list's item is wanted")])
    return int(segment)


def _put(holder: Any, segment: str, value: Any, path: str) -> None:
    if isinstance(holder, list):
        at = _index(holder, segment, path)
        if at > len(holder):
            raise InputError(
                [Problem(path, f"the list has {len(holder)} items, the next is number {len(holder)}")]
            )
        holder[at : at + 1] = [value]
    elif isinstance(holder, dict):
        holder[segment] = value
    else:
        raise InputError([Problem(path, f"`{holder}` holds nothing further")])


def _instead(value: Any) -> str:
    if isinstance(value, dict) and value:
        return f"; there is: {', '.join(value)}"
    return f"; the list has {len(value)} items" if isinstance(value, list) else ""
