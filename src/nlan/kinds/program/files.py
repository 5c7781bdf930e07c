"""What nlan keeps of programs on disk: their files, and the receipt of what was asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from nlan.kinds.program.resource import DIRECTORY, File, Program
from nlan.processes.files import DaemonFiles
from nlan.system import safefiles

MARK = "NLAN_PROGRAM"
"""The variable of its environment by which a process is known: its own directory."""
RECEIPT = ".program.json"
FILE_MAX = 1 << 24
"""Bytes of one of its files."""


class Files(DaemonFiles):
    """What nlan keeps of a program: in the node's run directory, and in the program's own."""

    names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, directory: Path, name: str) -> None:
        """Take the node's run directory, and the program's name."""
        super().__init__(directory)
        self.own = directory / f"{name}.program"
        self._name = name

    @property
    def log(self) -> Path:
        """What it says."""
        return self.own / "output"

    @property
    def pid(self) -> Path:
        """Its process id."""
        return self.directory / f"{self._name}.pid"

    @property
    def receipt(self) -> Path:
        """What was asked, and whether it was done."""
        return self.directory / f"{self._name}{RECEIPT}"

    @property
    def mark(self) -> str:
        """What its processes have in their environment."""
        return f"{MARK}={self.own}"

    def filled(self, text: str) -> str:
        """Return a text with the program's own directory in it."""
        return text.replace(DIRECTORY, str(self.own))

    def emptied(self, text: str) -> str:
        """Return a text without it, as it is wanted."""
        return text.replace(str(self.own), DIRECTORY)


class Receipt(msgspec.Struct, frozen=True):
    """What was asked of a process, and whether it has taken that."""

    asked: Program
    is_done: bool


def names_in(directory: Path) -> list[str]:
    """Return the names of the programs that something is written down of, in a node's run directory."""
    try:
        found = os.listdir(directory)
    except OSError:
        return []
    return sorted(name.removesuffix(RECEIPT) for name in found if name.endswith(RECEIPT))


def seen_files(files: Files, asked: Program) -> Iterator[File]:
    """Yield its files as they are on disk."""
    for file in asked.files:
        with suppress(OSError):
            text = safefiles.read(files.own / file.name, FILE_MAX).decode(errors="replace")
            yield msgspec.structs.replace(file, text=files.emptied(text))


def note(files: Files, asked: Program, *, is_done: bool) -> None:
    """Write down what is asked of a program; root's alone, since its files may hold keys."""
    bare = msgspec.structs.replace(asked, after=(), wrong=())
    safefiles.write(files.receipt, msgspec.json.encode(Receipt(bare, is_done)))


def parse_receipt(data: Any) -> Receipt:
    return msgspec.convert(data, Receipt)
