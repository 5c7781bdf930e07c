"""The resolved lab as YAML and JSON, for `nlan show`: nothing is left out, keys in snake_case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from nlan.model import Lab, Node
from nlan.model.codec import Base, to_builtins
from nlan.model.stored import installed
from nlan.secrets import HIDDEN, Secret, hide

Conceal = Callable[[str], str]
"""Returns what is shown in a key's place."""


def to_plain(value: Any, conceal: Conceal | None = None) -> Any:
    """Return the value as dicts, lists, strings and numbers, with what stands at its default too.

    Args:
        value: Of the model.
        conceal: Hides keys, also those in raw lines; None where they are shown.
    """
    if isinstance(value, Lab | Node):
        value = installed().write(value)
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        words = kind.words if issubclass(kind, Base) else {}
        written = {words.get(name, name): getattr(value, name) for name in value.__struct_fields__}
        return {word: to_plain(inner, conceal) for word, inner in written.items() if inner is not None}
    if isinstance(value, tuple | list):
        return [to_plain(item, conceal) for item in value]
    if conceal is not None and isinstance(value, Secret | str):
        return conceal(value.reveal()) if isinstance(value, Secret) else hide(value, conceal)
    return to_builtins(value)


def hidden(_: str) -> str:
    """Conceal every key alike."""
    return HIDDEN


def to_yaml(lab: Lab, conceal: Conceal | None = hidden) -> str:
    """Return the resolved lab as YAML, keys hidden unless `conceal` is None; equal labs give equal text."""
    import yaml

    dumper: Any = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
    text: str = yaml.dump(
        to_plain(lab, conceal), Dumper=dumper, sort_keys=False, allow_unicode=True, width=110
    )
    return text
