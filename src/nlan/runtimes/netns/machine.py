"""This machine, as root or as root of a user namespace: its labs, their locks, what is left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from nlan.errors import HostError
from nlan.paths import Paths
from nlan.runtimes.base import NodeDirectory
from nlan.runtimes.netns import inventory, lock, probe
from nlan.runtimes.netns.kernel import syscalls
from nlan.runtimes.netns.kernel.threads import in_thread
from nlan.values import natural

T = TypeVar("T")


class NetnsMachine:
    """A `nlan.runtimes.base.Machine`: labs are directories of the run directory, and pins with a mark."""

    def __init__(self, paths: Paths, directories: Sequence[NodeDirectory] = ()) -> None:
        """Take where things are, and what each node has of its own; nothing is looked at yet."""
        self._paths, self._directories = paths, tuple(directories)

    @property
    def directories(self) -> tuple[NodeDirectory, ...]:
        """What each node has of its own."""
        return self._directories

    @property
    def paths(self) -> Paths:
        """Where nlan keeps things on it."""
        return self._paths

    def labs(self) -> list[str]:
        """Return the names of all labs, by what exists of them, in natural order."""
        found = {entry.name for entry in _directories(self._paths.run)}
        pinned = inventory.names(self._paths.netns)
        candidates = {name.partition(".")[0] for name in pinned if "." in name} - found
        found |= {name for name in candidates if name and inventory.Inventory(self._paths, name).namespaces()}
        return sorted(found, key=natural)

    def lock(
        self, lab: str, *, on_wait: Callable[[str], None] | None = None, timeout_s: float = 600.0
    ) -> AbstractContextManager[bool]:
        """Hold a lab's lock for the length of the block, see `nlan.runtimes.netns.lock.lab_lock`."""
        made = self._made
        return lock.lab_lock(self._paths, lab, on_wait=on_wait, timeout_s=timeout_s, directories=made)

    @property
    def _made(self) -> dict[str, Path]:
        """What nlan may have made on the machine for nodes' directories to be bound over."""
        return {one.name: one.target for one in self._directories if one.made_beside is not None}

    def lock_holder(self, lab: str) -> int | None:
        """Return the process id of whoever holds the lab's lock, None where it is free."""
        return lock.lock_holder(self._paths, lab)

    def leave(self) -> None:
        """Take away what nlan made around its labs, where none is left."""
        lock.leave_host(self._paths, self._made)

    def why_not(self) -> str | None:
        """Return why no node can be made on this machine, in a sentence; None if it can."""
        return probe.why_not_nodes()

    def scratch(self, work: Callable[[], T]) -> T:
        """Return what `work` returns on a thread in a new network namespace, which ends with the thread."""

        def alone() -> T:
            try:
                syscalls.unshare(syscalls.CLONE_NEWNET)
            except OSError as refused:
                raise HostError(f"no network namespace can be made: {refused.strerror}") from refused
            return work()

        return in_thread(alone)


def _directories(directory: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(directory) if entry.is_dir()]
    except FileNotFoundError:
        return []
