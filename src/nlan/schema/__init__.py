"""A file becomes a lab: `load` reads, checks and resolves; every problem is reported at once.

`load` is pure: the same file with the same allocations gives the same lab. Nothing is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlan.schema.allocate import Allocations
from nlan.schema.loading import Loaded, load

if TYPE_CHECKING:
    from nlan.model import Lab

__all__ = ["Allocations", "Loaded", "json_schema", "load", "to_yaml"]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, for editors."""
    from nlan.schema.jsonschema import json_schema as make

    return make()


def to_yaml(lab: Lab) -> str:
    """Return the resolved lab as YAML: every derived address, VNI and default, in snake_case."""
    from nlan.schema.dump import to_yaml as dump

    return dump(lab)
