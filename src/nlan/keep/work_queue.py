"""What has to be looked at, gathered from events until the world has settled for a moment."""

from __future__ import annotations

from collections.abc import Iterable

from nlan.api.events.sources import LabEvent
from nlan.api.upkeep.desired import Desired
from nlan.api.upkeep.scope import Scope, concerned

SETTLE_S = 0.02
"""How long nothing may happen before a look."""
PATIENCE_S = 0.15
"""How long a look waits for that at most."""


class WorkQueue:
    """Namespaces that may differ from what shall be."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.kernel: set[str] = set()
        self.daemons: set[str] = set()
        self.whole = False
        self.since: float | None = None
        self._last = 0.0

    def __bool__(self) -> bool:
        return self.since is not None

    @property
    def due(self) -> float:
        """When to look; far away where there is nothing to look at."""
        if self.since is None:
            return float("inf")
        return min(self._last + SETTLE_S, self.since + PATIENCE_S)

    @property
    def scope(self) -> Scope:
        """What to look at."""
        return Scope(self.kernel, self.daemons, self.whole)

    def all(self, now: float) -> None:
        """Look at everything."""
        self.whole = True
        self._touch(now)

    def mark(self, namespaces: Iterable[str], now: float, *, daemons: bool = False) -> None:
        """Look at these, at their daemons or at what the kernel holds."""
        (self.daemons if daemons else self.kernel).update(namespaces)
        self._touch(now)

    def _touch(self, now: float) -> None:
        self._last = now
        if self.since is None:
            self.since = now

    def take(self, event: LabEvent, desired: Desired, now: float) -> None:
        """Mark what an event concerns; most concern nothing that nlan made."""
        scope = concerned(event, desired)
        if scope.whole:
            self.all(now)
        elif scope:
            self.kernel.update(scope.kernel)
            self.daemons.update(scope.daemons)
            self._touch(now)
