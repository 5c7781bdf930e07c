"""docs/json.md is true: each document has just the keys that the page names, and no other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support import ROOT, Nlan

FILE = """
nodes:
  r1: {asn: 64496, ospf: true, hosts: 1}
  r2: {asn: 64496, ospf: true}
  r3: {asn: 64497, hosts: 1}
links: [r1 -- r2, r2 -- r3]
"""


def named(heading: str) -> set[str]:
    """Return the keys in the first column of the tables below a heading or a sentence."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    table = re.search(r"(?:^\|.*\n)+", text.partition(heading)[2], re.MULTILINE)
    assert table, heading
    cells = [line.split("|")[1] for line in table[0].splitlines()[2:]]
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


@pytest.fixture(scope="module")
def documents(module_nlan: Nlan) -> dict[str, Any]:
    nlan, lab = module_nlan, module_nlan.name()
    file = nlan.write(FILE)
    words = {
        "plan": f"{file} --lab {lab} --json",
        "up": f"{file} --lab {lab} --json",
        "status": f"{lab} --json",
        "ls": "--json",
        "exec": f"-l {lab} --all --json -- hostname",
        "ping": f"-l {lab} --all --json",
        "diff": f"1 -l {lab} --json",
        "history": f"{lab} --json",
        "doctor": "--json",
        "down": f"{lab} --json",
    }
    found = {verb: nlan.run(verb, *rest.split()).json for verb, rest in words.items()}
    found["nowhere"] = nlan.run("plan", "nowhere.yaml", "--json").json
    return found


@pytest.mark.parametrize(
    ("verb", "heading"),
    [
        ("plan", "## plan"),
        ("up", "## up, set, unset, edit, link, rollback"),
        ("diff", "## diff"),
        ("status", "## status"),
    ],
)
def test_a_document(documents: dict[str, Any], verb: str, heading: str) -> None:
    assert set(documents[verb]) == named(heading)


@pytest.mark.parametrize("verb", ["ls", "history", "ping", "doctor", "down"])
def test_a_list(documents: dict[str, Any], verb: str) -> None:
    assert documents[verb]
    for one in documents[verb]:
        assert set(one) == named(f"## {verb}\n")


def test_what_a_node_is_and_answers(documents: dict[str, Any]) -> None:
    for node in documents["status"]["nodes"].values():
        assert set(node) == named("Each of `nodes`:")
    for answer in documents["exec"].values():
        assert set(answer) == named("## exec")


def test_an_operation_and_a_problem(documents: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    for operation in documents["plan"]["operations"]:
        assert all(f"`{key}`" in text for key in operation)
    error = documents["nowhere"]["error"]
    assert {*error, "traceback"} == named("A verb that fails prints")
    assert all(f"`{key}`" in text for problem in error["problems"] for key in problem)
