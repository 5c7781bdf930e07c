"""The word through which processes notify each other of commits, read while it is written."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tega.engines.head import Head

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 1 << 40
WRITE = f"""
import sys
from tega.engines.head import Head
head = Head(sys.argv[1])
for rev in range({FIRST}, {FIRST} + 300_000):
    head.intend(rev)
"""


def test_the_intent_of_another_process_is_never_seen_in_part(tmp_path: Path) -> None:
    path = str(tmp_path / "head")
    head = Head(path)
    head.intend(FIRST)
    with subprocess.Popen([sys.executable, "-c", WRITE, path]) as writer:
        torn = 0
        while writer.poll() is None:
            torn += sum(head.intent() < FIRST for _ in range(10_000))
    assert (writer.returncode, torn, head.intent()) == (0, 0, FIRST + 299_999)
    head.close()
