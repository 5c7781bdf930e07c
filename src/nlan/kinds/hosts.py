"""The driver of the lab's hosts file.

It is bound over /etc/hosts in every node, so it is written in place: a new file under the old name
would not be seen there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from nlan.errors import ApplyError, NlanError
from nlan.kinds.base import Driver, Kind
from nlan.plan import Operation
from nlan.resources.base import HOST, Difference, Impact, Key, Rank, Resource


class HostsFile(Resource, frozen=True, kw_only=True):
    """The lab's /etc/hosts, seen by every process of every node.

    Attributes:
        text: The whole file.
    """

    kind: ClassVar[str] = "hosts"
    rank: ClassVar[int] = Rank.SETTINGS + 20
    mutable: ClassVar[dict[str, Impact]] = {"text": "hitless"}
    delete_impact: ClassVar[Impact] = "hitless"
    text: str

    @property
    def key(self) -> Key:
        """One per lab."""
        return Key(self.kind, HOST, "")

    def difference(self, observed: Any) -> Difference | None:
        """Compare line by line; the order counts, for the first line of a name wins."""
        if self.text == observed.text:
            return None
        wanted, seen = self.text.splitlines(), observed.text.splitlines()
        removed = [f"- {line}" for line in seen if line not in wanted]
        added = [f"+ {line}" for line in wanted if line not in seen]
        words = f"{len(added)} lines to add, {len(removed)} to remove" if added or removed else "other order"
        return Difference("hitless", words, details=(*removed, *added))


class HasHostsFile(Protocol):
    """A place whose nodes share one hosts file (`nlan.runtimes.base.Nodes`)."""

    @property
    def hosts_file(self) -> Path:
        """Where the file is."""


class HostsDriver:
    """The hosts file of a lab."""

    kinds: tuple[str, ...] = ("hosts",)

    def __init__(self, nodes: HasHostsFile) -> None:
        """Take the place to work in."""
        self._nodes = nodes

    def observe(self, namespaces: Sequence[str]) -> Iterable[HostsFile]:
        """Return the file if it is there."""
        try:
            text = self._nodes.hosts_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [HostsFile(text=text)]

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Write or remove the file."""
        return [self._apply_one(operation) for operation in operations]

    def _apply_one(self, operation: Operation) -> NlanError | None:
        path = self._nodes.hosts_file
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
        data = text.encode()
        file.write(data)
        file.truncate(len(data))


class HostsKind(Kind[HostsFile]):
    """How the hosts file is made and found."""

    resource = HostsFile

    def driver(self, nodes: Any, kinds: Sequence[Any], desired: Iterable[Resource]) -> Driver:
        """Return its driver."""
        return HostsDriver(nodes)


KIND = HostsKind()
