"""Reading what is typed: words, values, calls. Pure functions."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tega.errors import StoreError

if TYPE_CHECKING:
    from yaml import SafeLoader

_CALL: Final = re.compile(r'\s*((?:[^\s"()]|"(?:[^"\\]|\\.)*")+)\((.*)\)\s*\Z', re.DOTALL)
_WORD: Final = re.compile(r'\s*((?:[^\s"]|"(?:[^"\\]|\\.)*"?)+)')
_NAMES: Final = {"true": True, "false": False, "null": None}


class UsageError(StoreError):
    """What was typed cannot be understood."""


class CallLine(NamedTuple):
    """`a.b.f(1, k='v')`, read."""

    path: str
    args: list[Any]
    kwargs: dict[str, Any]


def split_word(line: str) -> tuple[str, str]:
    """Return the first word, in which quoted parts hold together, and the rest of the line."""
    found = _WORD.match(line)
    if found is None:
        return "", ""
    return found.group(1), line[found.end() :].strip()


def words(line: str) -> list[str]:
    """Return all words of a line."""
    found = []
    while line.strip():
        word, line = split_word(line)
        found.append(word)
    return found


def parse_call(line: str) -> CallLine | None:
    """Read a call; None if the line is none.

    Raises:
        UsageError: It looks like one, and its arguments are no literals.
    """
    found = _CALL.match(line)
    if found is None:
        return None
    path, text = found.groups()
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError as error:
        raise UsageError(f"{text}: these arguments cannot be read: {error.msg}") from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise UsageError(f"{line}: wants path(arguments)")
    args = [_literal(argument) for argument in call.args]
    return CallLine(path, args, {_keyword(one): _literal(one.value) for one in call.keywords})


def _keyword(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise UsageError("`**` has no meaning in a call: write name=value")
    return keyword.arg


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise UsageError(f"{ast.unparse(node)}: quote text as in 'pe1'") from error


def parse_value(text: str) -> Any:
    """Read a value as YAML, without its dates and its numbers to the base 60: a MAC address is text.

    Raises:
        UsageError: It is invalid YAML, or has what JSON cannot hold.
    """
    import yaml

    try:
        return _plain(yaml.load(text, _loader()))
    except (yaml.YAMLError, RecursionError, ValueError, LookupError) as error:  # a scalar belies its tag
        raise UsageError(f"the value cannot be read as YAML: {error}") from error


@cache
def _loader() -> type[SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        """As `parse_value` says."""

    known = Loader.yaml_constructors

    def number(loader: Any, node: Any) -> Any:
        text = loader.construct_scalar(node)
        return text if ":" in text else known[node.tag](loader, node)

    for name in ("int", "float"):
        yaml.add_constructor(f"tag:yaml.org,2002:{name}", number, Loader)
    yaml.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_str, Loader)
    return Loader


def _plain(value: Any) -> Any:
    """What YAML has beyond JSON, as JSON: keys that are numbers become text."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UsageError(f"a value of type {type(value).__name__} has no JSON form")


def _key(key: Any) -> str:
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)


def parse_number(text: str, what: str) -> int:
    """Read a whole number; one may be negative."""
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(f"{text}: {what} is a whole number") from error
