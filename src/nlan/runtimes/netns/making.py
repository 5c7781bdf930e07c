"""Making a lab's network namespaces, many at once.

One is made on a worker thread, marked from inside, and only then pinned. So `kill -9` at any point leaves
what the next run completes or removes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nlan.errors import ApplyError, NlanError, NotOwnedError
from nlan.paths import Paths
from nlan.runtimes.netns import pins
from nlan.runtimes.netns.inventory import SELF_NET, Inventory
from nlan.runtimes.netns.kernel import mark, syscalls
from nlan.runtimes.netns.kernel.threads import run_all

_JOURNAL = "pins"


class _Pinning(Protocol):
    """What binds a namespace file to a path: `nlan.runtimes.netns.pins` or its `PinFiles`."""

    def pin(self, source: str, path: Path | str) -> None:
        """Bind `source` to `path`, made if it is not there."""


class Maker:
    """Makes namespaces of one lab."""

    def __init__(self, inventory: Inventory, lab: str) -> None:
        """Take note in that inventory of what is made."""
        self._inventory, self._lab = inventory, lab
        self._paths: Paths = inventory.paths

    def make(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        """Make namespaces, none of which is there, and return those that could not be made.

        Shared among two threads: most of the work is the kernel's, without Python's lock.
        """
        self._note_pins(namespaces)
        halves = [half for half in (namespaces[::2], namespaces[1::2]) if half]
        results = run_all([functools.partial(self._make_all, half) for half in halves])
        return {name: failure for result in results for name, failure in result.items()}

    def _note_pins(self, namespaces: Sequence[str]) -> None:
        names = "".join(f"{self._paths.pin(self._lab, name).name}\n" for name in namespaces if name[0] != "@")
        with open(self._paths.lab(self._lab) / _JOURNAL, "a", encoding="utf-8") as journal:
            journal.write(names)

    def _make_all(self, namespaces: Sequence[str]) -> dict[str, NlanError]:
        failures: dict[str, NlanError] = {}
        files = pins.PinFiles(self._paths.netns)
        for name in namespaces:
            try:
                self._make_one(name, files if name[0] != "@" else pins)
            except OSError as failure:
                failures[name] = ApplyError(name, f"create {name} namespace", str(failure))
            except NlanError as failure:
                failures[name] = failure
        files.close()
        return failures

    def _make_one(self, namespace: str, files: _Pinning) -> None:
        path = self._paths.pin(self._lab, namespace)
        if self._inventory.is_foreign(namespace):
            raise NotOwnedError(
                f"{namespace}: {path} is a namespace that nlan did not make; remove or rename it"
            )
        syscalls.unshare(syscalls.CLONE_NEWNET)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as channel:
            mark.write_mark(channel, mark.alias(self._lab, namespace))
        files.pin(SELF_NET, path)
        self._inventory.add(namespace)

    def remove_empty_pins(self) -> None:
        """Remove pin files that were written down, but never bound (nlan was killed in between)."""
        try:
            journal = (self._paths.lab(self._lab) / _JOURNAL).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        for name in set(journal.splitlines()):
            path = self._paths.netns / name
            if not pins.is_pin(path, self._inventory.device):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
