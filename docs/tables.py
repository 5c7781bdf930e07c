"""Fills the tables of docs/services from docs/reference/file.md: ``python docs/tables.py``.

A table stands between ``<!-- keys: SECTION -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent
MARKED = re.compile(r"(<!-- keys: (?P<section>[^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables() -> dict[str, str]:
    """Return the table of keys of each section of the reference."""
    text = (DOCS / "reference/file.md").read_text(encoding="utf-8")
    sections = (part.split("\n", 1) for part in text.split("\n## ")[1:])
    return {name: "".join(re.findall(r"^\|.*\n", rest, re.MULTILINE)) for name, rest in sections}


def filled(text: str) -> str:
    """Return a page with its tables as they are in the reference."""
    known = tables()
    return MARKED.sub(lambda found: f"{found[1]}{known[found['section']]}{found[3]}", text)


if __name__ == "__main__":
    for page in sorted((DOCS / "services").glob("*.md")):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
