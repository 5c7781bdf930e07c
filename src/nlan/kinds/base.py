"""What the engine asks of a driver of kinds of resources.

A driver serves a few kinds of resources. It may block; it never prints and
never decides what is wanted. Foreign exceptions end here: an operation that
fails is an `ApplyError` in its outcome, with the kernel's or daemon's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from nlan.errors import NlanError
from nlan.plan import Operation
from nlan.resources import Resource


class Driver(Protocol):
    """One door to the world for a few kinds of resources."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resources that it serves."""

    def observe(self, namespaces: Sequence[str]) -> Iterable[Resource]:
        """Return every resource of the driver's kinds that nlan made in these namespaces.

        Only reads. A namespace that vanished meanwhile is left out. What bears no mark of nlan is
        not returned.
        """

    def apply(self, operations: Sequence[Operation]) -> list[NlanError | None]:
        """Carry out operations that do not depend on each other, in the order given.

        Idempotent: creating what exists with equal spec and deleting what is absent succeed. The
        answer has one entry per operation, None for success; one failure does not stop the rest.
        """
