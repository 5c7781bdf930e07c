"""`nlan down --all`: one lab that cannot be removed does not keep the others."""

from __future__ import annotations

import json
from typing import cast

import pytest

from nlan.api import Lab, Removed
from nlan.cli.commands.run.down import remove_each
from nlan.errors import HostError


class FakeLab:
    """A lab that can be removed, or not."""

    def __init__(self, name: str) -> None:
        self.name = name

    def down(self, *, purge: bool) -> Removed:
        if self.name == "b":
            raise HostError("process 7 survived")
        return Removed(self.name, 2, 0.1, purge)


def remove_three(*, as_json: bool) -> int:
    return remove_each(cast("list[Lab]", [*map(FakeLab, "abc")]), purge=False, as_json=as_json)


def test_the_others_go_and_the_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert remove_three(as_json=False) == 1
    printed = capsys.readouterr()
    assert printed.out == "a: 2 namespaces removed (0.10 s)\nc: 2 namespaces removed (0.10 s)\n"
    assert printed.err == "b: process 7 survived\n"


def test_it_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert remove_three(as_json=True) == 1
    assert [(one["lab"], one.get("error")) for one in json.loads(capsys.readouterr().out)] == [
        ("a", None),
        ("b", "process 7 survived"),
        ("c", None),
    ]
