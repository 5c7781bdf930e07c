"""Every file that the documents show becomes a running, converged network, needs nothing more, and goes.

Those in snake_case beside the same in CamelCase are left out: `tests/unit/test_docs.py` shows that
they are one lab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from support import ROOT, Nlan

FILE = re.compile(r"^```yaml\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def shown() -> Iterator[object]:
    for page in sorted([ROOT / "docs/cookbook.md", *(ROOT / "docs/services").glob("*.md")]):
        text = page.read_text(encoding="utf-8")
        for found in FILE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            if not found["text"].startswith("# snake_case\n"):
                yield pytest.param(found["text"], id=f"{page.stem}:{line}")


@pytest.mark.parametrize("text", list(shown()))
def test_it_runs(nlan: Nlan, text: str) -> None:
    file, lab = nlan.write(text), nlan.name()
    answer = nlan.run("up", file, "--lab", lab, "--json")
    if re.search(r"cannot be had on this machine|this kernel cannot make", answer.out):
        pytest.skip(answer.json["error"]["message"].splitlines()[0])
    assert answer.code == 0, answer.out + answer.err
    assert answer.json["converged"] or answer.json["notes"]  # raw lines may keep routes away
    assert nlan.operations(file, "--lab", lab) == []
