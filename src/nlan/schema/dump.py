"""The resolved lab as YAML and JSON, for `nlan show`: nothing is left out, keys in snake_case."""

from __future__ import annotations

from typing import Any

import msgspec

from nlan.model import Lab
from nlan.model.codec import to_builtins


def to_plain(value: Any) -> Any:
    """Return the value as dicts, lists, strings and numbers, with what stands at its default too."""
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return {name: to_plain(getattr(value, name)) for name in fields if getattr(value, name) is not None}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return to_builtins(value)


def to_yaml(lab: Lab) -> str:
    """Return the resolved lab as YAML; equal labs give equal text."""
    import yaml

    dumper: Any = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
    text: str = yaml.dump(to_plain(lab), Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
    return text
