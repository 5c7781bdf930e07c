"""`nlan get`: a module of neutron-lan at a node, in its words; and what its other verbs have in common."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nlan.api.edits.modules import Act, module_edit, module_of, modules
from nlan.cli.output import print_json, table
from nlan.cli.terminal import change, find
from nlan.errors import InputError


def run(arguments: Namespace) -> int:
    """Print a module's items, a word a line."""
    if _is_schema(arguments):
        return 0
    node, module = _meant(arguments)
    found = module_of(find(arguments, running=False), node, module, arguments.words)
    if arguments.json:
        print_json(found)
    else:
        for item in found:
            print("\n".join(f"{mark}{name}: {_text(item[name])}" for mark, name in _marked(item)))
    return 0


def carry_out(act: Act, arguments: Namespace) -> int:
    """Add, update or delete words of a module."""
    if _is_schema(arguments):
        return 0
    node, module = _meant(arguments)
    edit = module_edit(act, node, module, arguments.words)
    return change(find(arguments), edit, arguments)


def _meant(arguments: Namespace) -> tuple[str, str]:
    if arguments.module is None:
        raise InputError("a node and a module are wanted: `nlan get NODE MODULE`; `--schema` lists modules")
    return arguments.node, arguments.module


def _is_schema(arguments: Namespace) -> bool:
    """Print the words of modules where that is asked for."""
    if arguments.schema is None:
        return False
    found = modules(arguments.schema)
    if arguments.json:
        print_json({one.name: {word.name: word.meaning for word in one.words} for one in found})
    else:
        rows = [(one.name, word.name, word.meaning) for one in found for word in one.words]
        print(table(("MODULE", "WORD", "MEANING"), rows))
    return True


def _marked(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [("  " if number else "- ", name) for number, name in enumerate(item)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {one}" for name, one in value.items()) + "}"
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)
