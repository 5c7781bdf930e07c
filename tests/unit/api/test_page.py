"""docs/api.md names all that is public, and nothing that is not there."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import nlan
from nlan import api, errors
from nlan.keep import Session
from support import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
OWN = {"context", "state", "read", "known", "paths"}
"""Of `Lab`, what other parts of nlan use."""
UNTOLD = {"until", "boot", "uptime", "window_s", "desired", "observed"}
"""Of values likewise: how a time is kept, and resources."""
VALUES = [
    *("Applied", "Plan", "Operation", "Confirmation", "Removed", "Listed", "LabStatus", "NodeStatus"),
    *("Revision", "Difference", "Distance", "Report", "Executed", "Pings", "Ping"),
]


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_method_has_its_row() -> None:
    named = set(re.findall(r"^\| `(?:Lab\.)?(\w+)[(`]|, `(\w+)\(\)` \|", PAGE, re.MULTILINE))
    rows = {name for pair in named for name in pair if name}
    assert public(nlan.Lab) - OWN <= rows
    assert all(f"`Lab.{name}`" in PAGE for name in OWN)


@pytest.mark.parametrize("name", VALUES)
def test_every_field_is_named_and_is_one(name: str) -> None:
    kind: Any = getattr(api, name)
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    fields = getattr(kind, "_fields", None) or kind.__struct_fields__
    told = set(re.findall(r"`(\w+)[`(]", row.split("|")[2]))
    assert set(fields) - UNTOLD <= told
    assert {word for word in told if hasattr(kind, word) or word in fields} >= set(
        re.findall(r"(?:^|; )`(\w+)", row.split("|")[2].strip())
    )


def test_a_method_takes_what_the_page_says() -> None:
    for line in PAGE.splitlines():
        if not (found := re.match(r"\| `(?:Lab\.)?(\w+)\(([^`]*)\)`", line)):
            continue
        name, words = found[1], [word.strip() for word in found[2].split(",") if word.strip()]
        method = getattr(nlan.Lab, name, None) or getattr(nlan, name)
        taken = [
            str(one.replace(annotation=inspect.Parameter.empty)).replace(" = ", "=")
            for one in inspect.signature(method).parameters.values()
            if one.name not in ("self", "environment", "listener")
        ]
        assert words == taken, name


def test_a_session_is_what_the_page_says() -> None:
    (words,) = re.findall(r"`nlan\.keep\.Session\(([^`]*)\)`", PAGE)
    assert words.split(", ") == list(inspect.signature(Session).parameters)
    assert public(Session) == {"run", "stop"}
    assert all(f"`{name}`" in PAGE or f"`{name}()`" in PAGE for name in ("run", "stop", "is_lost"))


def test_errors_are_those_that_there_are() -> None:
    table = PAGE.partition("## Errors")[2].partition("##")[0]
    for name in re.findall(r"`(\w+Error)`", table):
        assert issubclass(getattr(errors, name), errors.NlanError)


def test_what_is_exported_is_there() -> None:
    assert all(getattr(nlan, name) is not None for name in nlan.__all__)
    assert all(getattr(api, name) is not None for name in api._HOME)
