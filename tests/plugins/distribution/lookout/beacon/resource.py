"""Beacon: one resource is one running process with its lines."""

from __future__ import annotations

from typing import Any, ClassVar

from nlan.engines.base import SILENT, Daemon
from nlan.resources.base import Difference, Key


class Beacon(Daemon, frozen=True, kw_only=True):
    """Beacon of a node.

    Attributes:
        lines: What it holds.
    """

    kind: ClassVar[str] = "beacon"
    lines: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return Key(self.kind, self.namespace, "beacon")

    def summary(self) -> tuple[str, ...]:
        return (self.key.name, *self.lines)

    def difference(self, observed: Any) -> Difference | None:
        if observed.silent:
            return Difference("restart", SILENT, in_place=False)
        gone = [line for line in observed.lines if line not in self.lines]
        come = [line for line in self.lines if line not in observed.lines]
        if self.lines == observed.lines:
            return None
        details = (*(f"- {line}" for line in gone), *(f"+ {line}" for line in come))
        return Difference("hitless", f"lines: {len(come)} to add, {len(gone)} to remove", details=details)
