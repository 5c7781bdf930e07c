"""The documents are true: their files load, their commands parse, their links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from drift_kinds import KINDS
from nlan.cli import reference
from nlan.cli.main import parser
from nlan.engines.base import SEAM as ENGINES
from nlan.registry import Registry
from nlan.schema import load, vocabulary
from nlan.schema.resolving.contributors import Contributor, contributors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *DOCS.glob("**/*.md")] if DOCS / "tega" not in p.parents)
LINKED = sorted([*PAGES, *(DOCS / "tega").glob("*.md")])
SERVICES = sorted((DOCS / "services").glob("*.md"))

FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
NAMED_FILE = re.compile(r"`(?P<path>(?:src|tests|bench|scripts|docs|examples)/[\w./-]+[\w/])`")


class Block(NamedTuple):
    """A fenced block: its page, line, what stands behind the fence, its text."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found["kind"].strip(), found["text"])


ALL = [block for page in PAGES for block in blocks(page)]
LABS = [block for block in ALL if block.kind == "yaml"]
"""A part of a file stands in a block of ``yaml part``, one that needs a plugin in one of ``yaml plugin``."""


def commands(block: Block) -> Iterator[str]:
    """Yield the commands of a block: lines after ``$`` of a console, every line of a script."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.kind == "console" and line.startswith("$ "):
            yield line[2:]
        elif block.kind == "sh":
            yield line


def words_of(command: str) -> list[str]:
    """Return what nlan is called with in a command line, nothing where it is not called."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words = list(lexer)
    starts = [n for n, word in enumerate(words) if word in ("nlan", "./nlan")]
    if not starts:
        return []
    rest = words[starts[0] + 1 :]
    ends = [n for n, word in enumerate(rest) if word in ("|", "&&", "||", ";", ">", ">>", "--")]
    return rest[: ends[0]] if ends else rest


COMMANDS = [
    pytest.param(words, id=f"{block} {' '.join(words)}")
    for block in ALL
    for command in commands(block)
    if (words := words_of(command))
]


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower().strip()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(found[1]) for found in re.finditer(r"^#+ (.+)$", text, re.MULTILINE)}


def tables_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("block", LABS, ids=str)
def test_every_lab_loads_without_a_doubt(block: Block) -> None:
    assert load(block.page.with_suffix(".yaml"), text=block.text).warnings == ()


@pytest.mark.parametrize("page", SERVICES, ids=lambda page: page.stem)
def test_both_spellings_are_one_lab(page: Path) -> None:
    labs = [block for block in blocks(page) if block.kind == "yaml"]
    pairs = [(a, b) for a, b in pairwise(labs) if a.text.startswith("# CamelCase\n")]
    for camel, snake in pairs:
        assert snake.text.startswith("# snake_case\n"), str(snake)
        assert load(page, text=camel.text).lab == load(page, text=snake.text).lab, str(camel)
    assert len(pairs) == sum(block.text.startswith("# snake_case\n") for block in labs)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_one(words: list[str]) -> None:
    assert parser().parse_args(words).verb or words == ["--version"]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        target, _, anchor = found["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        other = (page.parent / target).resolve() if target else page
        assert other.exists(), f"{page.name}: {found['target']}"
        assert not anchor or anchor in anchors(other), f"{page.name}: {found['target']}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    for found in NAMED_FILE.finditer(page.read_text(encoding="utf-8")):
        assert (ROOT / found["path"]).exists(), found["path"]


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    names = [str(page.relative_to(DOCS)) for page in DOCS.glob("**/*.md")]
    assert [name for name in names if name != "README.md" and f"({name})" not in index] == []


def test_the_command_line_is_up_to_date() -> None:
    """Write it anew: ``python -m nlan.cli.reference > docs/cli.md``."""
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == reference.page()


@pytest.mark.parametrize("page", SERVICES, ids=lambda page: page.stem)
def test_tables_of_keys_are_up_to_date(page: Path) -> None:
    """Fill them anew: ``python docs/tables.py``."""
    text = page.read_text(encoding="utf-8")
    assert text == tables_module().filled(text)


def test_services_show_every_key_of_the_reference() -> None:
    """What the pages do not cover is of the lab and the node as such; the concepts say what it is for."""
    said = "".join(page.read_text(encoding="utf-8") for page in SERVICES)
    shown = set(re.findall(r"<!-- keys: ([^>]+) -->", said))
    assert set(tables_module().tables()) - shown == {"lab", "node", "limits"}


@pytest.mark.parametrize(
    "part", [*contributors(Registry(())), *Registry(()).of(ENGINES).values()], ids=lambda part: part.name
)
def test_what_adds_keys_has_a_page(part: Contributor) -> None:
    contribution = part.contribution()
    assert contribution.pages or not contribution.keys
    for title, where in contribution.pages.items():
        path, _, anchor = where.partition("#")
        headlines = re.findall(r"^#+ (.*)$", (DOCS / path).read_text(encoding="utf-8"), re.MULTILINE)
        assert title in headlines
        assert not anchor or anchor in anchors(DOCS / path)


def test_every_page_of_services_is_some_ones() -> None:
    known = {DOCS / where.partition("#")[0] for where in vocabulary().pages.values()}
    assert set(SERVICES) <= known


def test_every_kind_of_drift_is_listed() -> None:
    text = (ROOT / "docs" / "keep.md").read_text(encoding="utf-8")
    listed = {
        words for line in text.splitlines() if line.startswith("| ") for words in line[2:-2].split(" | ")[1:]
    }
    told = {title for words in listed for title in words.split(", ")}
    assert {kind.title for kind in KINDS} <= told
