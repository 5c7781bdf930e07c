"""Where labs live, and what nlan is made of there: passed in, with defaults."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from nlan.api.environment.privileges import Privileges
from nlan.paths import Paths
from nlan.registry import Registry

if TYPE_CHECKING:
    from nlan.api.environment.context import Context
    from nlan.engines.base import Engines

Clock = Callable[[], float]
"""Returns seconds that only grow."""


class Environment:
    """A machine's labs.

    Attributes:
        paths: The directories; those that environment variables name, where none are given.
        registry: The parts that nlan is made of.
        clock: Tells how long things take, and when a wait is over.
        privileges: What the caller may do.
    """

    def __init__(
        self,
        paths: Paths | None = None,
        *,
        registry: Registry | None = None,
        clock: Clock = time.monotonic,
        privileges: Privileges | None = None,
    ) -> None:
        """Take what is given, and find the rest."""
        self.paths = Paths.from_environment() if paths is None else paths
        self.registry = Registry() if registry is None else registry
        self.clock = clock
        self.privileges = Privileges() if privileges is None else privileges

    @cached_property
    def engines(self) -> Engines:
        """The routing engines, with what this machine's programs can do."""
        from nlan.engines.base import Engines

        return Engines.here(self.registry)

    def context(self, lab: str, trace: Callable[[str], None] | None = None) -> Context:
        """Return what a lab lives in; `trace` is called with every message to the kernel."""
        from nlan.api.environment.context import Context

        return Context(self.paths, lab, trace, registry=self.registry, clock=self.clock)
