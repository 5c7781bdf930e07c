"""What a command imports is most of its time: some modules it does without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COSTLY = {"ast", "dis", "inspect", "shutil", "typing_extensions"}
"""2 to 8 ms each, of the 120 ms that planning nine routers takes."""
SHOW = """
import sys
from nlan.cli.main import main
main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("words", [("--help",), ("show", "examples/wan-bgp.yaml")])
def test_a_command_does_without_costly_modules(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert COSTLY.isdisjoint(done.stderr.split())
