"""The driver of the lab's hosts file.

It is bound over /etc/hosts in every node, so it is written in place: a new file under the old name
would not be seen there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from nlan.errors import ApplyError, NlanError
from nlan.plan import Operation
from nlan.resources import HOST, HostsFile


class HasHostsFile(Protocol):
    """A place whose nodes share one hosts file (`nlan.runtimes.NetnsRuntime`)."""

    @property
    def hosts_file(self) -> Path:
        """Where the file is."""


class HostsDriver:
    """The hosts file of a lab."""

    kinds: tuple[str, ...] = ("hosts",)

    def __init__(self, place: HasHostsFile) -> None:
        """Take the place to work in."""
        self._place = place

    def observe(self, namespaces: Sequence[str]) -> Iterable[HostsFile]:
        """Return the file if it is there."""
        try:
            text = self._place.hosts_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [HostsFile(text=text)]

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write or remove the file."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        path = self._place.hosts_file
        try:
            if isinstance(operation.desired, HostsFile):
                _write_in_place(path, operation.desired.text)
            else:
                path.unlink(missing_ok=True)
        except OSError as failure:
            return ApplyError(HOST, str(operation), f"{failure.strerror} ({path})")
        return None


def _write_in_place(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        octets = text.encode()
        file.write(octets)
        file.truncate(len(octets))
