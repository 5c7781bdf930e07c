"""Labs of a machine where somebody else's distribution is installed beside nlan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.installing import beside, install
from support import Nlan


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the distribution is installed in."""
    folder = tmp_path_factory.mktemp("site")
    install(folder)
    return folder


@pytest.fixture
def nlan(tmp_path: Path, site: Path) -> Iterator[Nlan]:
    """Give `nlan` with the distribution, and take down every lab that the test made."""
    command = Nlan(tmp_path, f"p{os.getpid() % 100000}")
    beside(command, site)
    yield command
    if os.geteuid() == 0:
        for lab in command.running():
            if lab.startswith(command.prefix):
                command("down", lab)
