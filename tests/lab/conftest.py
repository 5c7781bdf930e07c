"""Labs with real daemons: each test gets its own `nlan`, and must leave the machine as it was."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Nlan

COUNT = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = _missing()
    for item in items:
        if "tests/lab/" in item.nodeid:
            item.add_marker(pytest.mark.lab)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


def _missing() -> str:
    if os.geteuid() != 0:
        return "labs need root"
    if not Path("/usr/lib/frr/zebra").exists():
        return "FRR is not installed"
    return "" if shutil.which("gobgpd") else "gobgpd is not installed"


@pytest.fixture
def nlan(tmp_path: Path) -> Iterator[Nlan]:
    """Give `nlan` and take down every lab that the test made."""
    with _nlan(tmp_path) as command:
        yield command


@pytest.fixture(scope="module")
def module_nlan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nlan]:
    """Give `nlan` to a module whose tests share labs; they are taken down at its end."""
    with _nlan(tmp_path_factory.mktemp("nlan")) as command:
        yield command


@contextlib.contextmanager
def _nlan(directory: Path) -> Iterator[Nlan]:
    command = Nlan(directory, f"t{os.getpid() % 100000}x{next(COUNT)}")
    try:
        yield command
    finally:
        for lab in command.running():
            if lab.startswith(command.prefix):
                command("down", lab)
