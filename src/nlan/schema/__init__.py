"""A file becomes a lab: `load` reads, checks and resolves; every problem is reported at once.

`load` is pure: the same file with the same allocations gives the same lab. Nothing is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlan.schema.loading import Loaded, load
from nlan.schema.resolving.allocate import Allocations

if TYPE_CHECKING:
    from nlan.errors import Problem
    from nlan.model import Lab
    from nlan.schema.written.sections import Vocabulary

__all__ = ["Allocations", "Loaded", "check", "json_schema", "load", "reference", "to_yaml", "vocabulary"]


def check(lab: Lab) -> tuple[Problem, ...]:
    """Return what is wrong or doubtful in a lab that comes from no file: what `load` checks across nodes."""
    from nlan.schema.checking.verify import verify
    from nlan.schema.resolving.drafts import Positions
    from nlan.schema.syntax.report import Report

    report = Report("")
    verify(lab, Positions(), report)
    return report.problems()


def vocabulary() -> Vocabulary:
    """Return the sections and keys that a file may have, by what is installed."""
    from nlan.schema.resolving import contributors

    return contributors.vocabulary(contributors.installed())


def json_schema(words: Vocabulary | None = None) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, for editors."""
    from nlan.schema.written.jsonschema import json_schema as make

    return make(words or vocabulary())


def reference(words: Vocabulary | None = None) -> str:
    """Return the reference page of the file, as Markdown."""
    from nlan.schema.docs import page

    return page(words or vocabulary())


def to_yaml(lab: Lab, *, secrets: bool = False) -> str:
    """Return the resolved lab as YAML: every derived address, VNI and default, in snake_case.

    Keys and passwords are hidden, unless `secrets` asks for them.
    """
    from nlan.schema.written.dump import hidden
    from nlan.schema.written.dump import to_yaml as dump

    return dump(lab, None if secrets else hidden)
